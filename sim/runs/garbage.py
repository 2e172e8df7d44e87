"""How often a process of ours searches for garbage."""

from __future__ import annotations

import atexit
import gc

OBJECTS = 1_000_000  # new ones between two searches, more than are loaded; Python has 700


def search_seldom() -> None:
    """Search for garbage less often: nearly all objects that a run loads and makes stay in use.

    With Python's own number such searches take a tenth of a short run. At the end of the process
    the objects are left out of the last search, which takes half a second. For processes of ours
    only, never for a library.
    """
    gc.set_threshold(OBJECTS)
    atexit.register(gc.freeze)
