"""How often a program of ours looks for garbage."""

from __future__ import annotations

import atexit
import gc

OBJECTS = 1_000_000  # new ones between two searches, more than are loaded; Python has 700


def search_seldom() -> None:
    """Search for garbage less often: nearly all that a program loads and makes is needed.

    With Python's own number a fifth of the time until the first month is such searches. Runs do
    not wait for them to give their memory back. A program that ends searches all that it has loaded
    for half a second more, which gives nothing back that its end does not. For processes that are
    ours, never for a library.
    """
    gc.set_threshold(OBJECTS)
    atexit.register(gc.freeze)
