"""How a check says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sim.errors import Problem
from sim.scenario.paths import nearest_hint, shown


def problem_at(path: str, value: object, rule: str, hint: str = "") -> Problem:
    """A problem at a dotted path; the reader adds the file."""
    return Problem("", path, value if isinstance(value, str) else shown(value), rule, hint)


def must_exist(path: str, name: str, known: Mapping[str, Any], what: str) -> Iterator[Problem]:
    """A problem unless the name is known."""
    if name not in known:
        yield problem_at(path, shown(name), f"no such {what}", nearest_hint(name, list(known)))
