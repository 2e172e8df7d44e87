"""Pricing strategies: one file each."""
