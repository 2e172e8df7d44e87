"""The page: a market that answers a moved lever at once. It serves this machine alone.

What is asked is a `State`; a `Session` runs it; the page shows what a session answers.
"""
