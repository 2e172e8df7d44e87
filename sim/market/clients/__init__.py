"""Clients in columns: who they are, what they compare, choose and use.

Compiled loops live here and nowhere else in the market.
May not: decide for vendors.
"""
