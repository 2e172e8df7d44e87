"""Scenario files: reading, checking, changing, describing."""
