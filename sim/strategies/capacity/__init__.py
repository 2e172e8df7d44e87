"""Capacity strategies: one file each."""
