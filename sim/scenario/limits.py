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


def within_limits(data: Any) -> bool:
    """Whether `depth_problem` and `value_problems` find nothing, told without keeping any keys."""
    level, values = [data], 1
    for _ in range(DEEPEST):
        below: list[Any] = []
        for node in level:
            held = node.values() if isinstance(node, dict) else node
            values += len(node)
            for value in held:
                if isinstance(value, str):
                    if len(value) > LONGEST_TEXT:
                        return False
                elif isinstance(value, float):
                    if not math.isfinite(value):
                        return False
                elif isinstance(value, int):
                    if abs(value) > LARGEST_INTEGER:
                        return False
                elif isinstance(value, dict | list | tuple):
                    below.append(value)
        if values > MOST_VALUES:
            return False
        if not below:
            return True
        level = below
    return False


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
