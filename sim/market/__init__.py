"""The market: vendors decide and clients choose, month by month.

Rooms: `clients` (compiled loops), `vendors`, `supply`, `ecosystem` (arrays in NumPy).
May not: read result folders or judge outcomes.
"""
