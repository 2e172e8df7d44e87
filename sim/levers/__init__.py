"""Levers: moves of a vendor that a run can take away. A new kind is one new file with one class.

May not: import the scenario or the market.
"""
