"""Numbers as people read them."""

from __future__ import annotations

from typing import Any

PERCENT = 100.0


def number(value: float | None, scale: float = 1.0) -> str:
    """A number for people; a dash where there is none."""
    return "-" if value is None else f"{scale * value:,.4g}"


def spread(value: float | None, interval: Any, scale: float = 1.0) -> str:
    """A number with its interval."""
    if not interval or None in interval:
        return number(value, scale)
    return f"{number(value, scale)} [{number(interval[0], scale)}, {number(interval[1], scale)}]"
