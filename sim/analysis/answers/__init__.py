"""Adapters from known-answer cases to the project's functions; one file per group of families.

A file dropped in here is found by itself. No adapter may know an expected value.
"""
