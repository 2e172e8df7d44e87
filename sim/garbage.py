"""How often a program of ours looks for garbage."""

from __future__ import annotations

import gc

OBJECTS = 50_000  # new ones between two searches; Python's own number is 700


def search_seldom() -> None:
    """Search for garbage less often: nearly all that a program loads and makes is needed.

    With Python's own number a seventh of the time until the first month is such searches. Runs do
    not wait for them to give their memory back. For processes that are ours, never for a library.
    """
    gc.set_threshold(OBJECTS)
