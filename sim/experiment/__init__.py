"""Worlds of a scenario, run many times, stored so that nothing finished is ever lost."""
