"""Supply: accelerators, what serving costs, what is served, and the books.

Arrays of vendors and offers, in plain NumPy.
May not: choose for clients.
"""
