"""Vendors: what they know and what they decide.

Arrays of vendors and offers, in plain NumPy.
May not: loop over clients.
"""
