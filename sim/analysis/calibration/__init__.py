"""The record and the numbers fitted to it.

Targets, search, identification, validation.
May not: see outcomes that are held back.
"""
