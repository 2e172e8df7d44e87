"""The ecosystem: communities of open families and agent platforms.

Arrays of families, platforms and regions, in plain NumPy.
May not: set prices.
"""
