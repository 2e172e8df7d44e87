"""What follows from the numbers of a month, kept until one of them changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


class Memo:
    """Results by name, each with the content it was computed from.

    The key holds the numbers themselves (small arrays as bytes), so nobody has to say that
    something changed. Arrays are handed out read-only.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Hashable, Any]] = {}

    def of(self, name: str, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives for the numbers in the key; made again when they differ."""
        kept = self._kept.get(name)
        if kept is not None and kept[0] == key:
            known: T = kept[1]
            return known
        value = make()
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        self._kept[name] = key, value
        return value
