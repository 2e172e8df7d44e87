"""What no scenario file may hold, whatever the models say: the size and depth of plain data."""

from __future__ import annotations

import math
from typing import Any

from sim.errors import Problem
from sim.scenario.paths import Key, dotted, shown

DEEPEST = 16
LONGEST_TEXT = 20_000
MOST_VALUES = 200_000
LARGEST_INTEGER = 2**63 - 1


def depth_problem(data: Any) -> Problem | None:
    """The first place that is nested too deep, or the file if it holds too many values."""
    stack: list[tuple[tuple[Key, ...], Any]] = [((), data)]
    values = 0
    while stack:
        keys, node = stack.pop()
        values += 1
        if values > MOST_VALUES:
            return Problem("", "(file)", f"more than {MOST_VALUES} values", "too large")
        if not isinstance(node, dict | list | tuple):
            continue
        if len(keys) >= DEEPEST:
            return Problem(
                "", dotted(keys[:4]) + ". ...", shown(node), f"nested deeper than {DEEPEST} tables"
            )
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        stack.extend(((*keys, key), value) for key, value in pairs)
    return None


def value_problems(data: Any, keys: tuple[Key, ...] = ()) -> list[tuple[tuple[Key, ...], Problem]]:
    """Numbers that are not finite or too large, and texts that are too long."""
    if isinstance(data, dict | list | tuple):
        pairs = data.items() if isinstance(data, dict) else enumerate(data)
        return [found for key, value in pairs for found in value_problems(value, (*keys, key))]
    rule = ""
    if isinstance(data, float) and not math.isfinite(data):
        rule = "must be a finite number"
    elif isinstance(data, int) and abs(data) > LARGEST_INTEGER:
        rule = f"must be between -{LARGEST_INTEGER} and {LARGEST_INTEGER}"
    elif isinstance(data, str) and len(data) > LONGEST_TEXT:
        rule = f"must be shorter than {LONGEST_TEXT} characters"
    return [(keys, Problem("", dotted(keys), shown(data), rule))] if rule else []
