"""Openness strategies: one file each."""
