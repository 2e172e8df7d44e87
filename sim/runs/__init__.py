"""Runs: worlds of a scenario or points of a study, run many times and stored.

Workers write blocks, the parent gets receipts, nothing finished is ever lost.
May not: judge or draw.
"""
