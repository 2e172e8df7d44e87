"""Strategies of vendors. A new one is one new file in the folder of its kind."""
