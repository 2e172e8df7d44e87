"""Replicates added look by look until an interval is narrow enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
GROWTH = 2


def until_narrow(
    run: Callable[[int, T | None], T],
    halfwidth: Callable[[T], float],
    wanted: float,
    at_first: int,
    at_most: int,
) -> T:
    """Run with more and more replicates until a half-width is at most what is wanted.

    Every look doubles the replicates, so the looks do not depend on what they show.

    Parameters
    ----------
    run
        Called with the replicates and the result of the look before.
    halfwidth
        Of a result; NaN goes on.
    wanted, at_first, at_most
        When to stop, replicates of the first look, replicates never passed.
    """
    replicates = min(at_first, at_most)
    result = run(replicates, None)
    while replicates < at_most:
        found = halfwidth(result)
        if not math.isnan(found) and found <= wanted:
            break
        replicates = min(GROWTH * replicates, at_most)
        result = run(replicates, result)
    return result
