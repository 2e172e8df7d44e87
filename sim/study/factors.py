"""Factors: what is varied between points, and how a coordinate becomes a value."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WORLD = "world"
"""Factor of the counterfactual world: `on`, `off_money_kept` and the others of the scenario."""
Values = tuple[Any, ...]
When = tuple[tuple[str, Values], ...]


@dataclass(frozen=True)
class Factor:
    """One factor with its categories, or the ends of its range."""

    path: str
    role: str
    values: Values = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    levels: int = 0
    when: When = ()

    @property
    def is_range(self) -> bool:
        """Whether it has a range instead of categories."""
        return not self.values

    @property
    def kind(self) -> str:
        """Type of its column in the table of runs."""
        if self.is_range:
            return "whole" if self.whole else "number"
        return kind_of(self.values)

    def at(self, coordinate: float) -> Any:
        """The value at a coordinate between 0 and 1; categories share the interval evenly."""
        if self.values:
            return self.values[min(int(coordinate * len(self.values)), len(self.values) - 1)]
        if self.whole:
            first, last = round(self.low), round(self.high)
            return min(first + int(coordinate * (last - first + 1)), last)
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            return min(max(math.exp(low + coordinate * (high - low)), self.low), self.high)
        return self.low + coordinate * (self.high - self.low)

    def grid(self, usual: int) -> list[Any]:
        """Its values in a grid: all categories, or evenly spaced values of a range."""
        if self.values:
            return list(self.values)
        number = self.levels or usual
        if self.whole:
            low, high = round(self.low), round(self.high)
            number = min(number, high - low + 1)
            return [low + round(k * (high - low) / max(1, number - 1)) for k in range(number)]
        return [self.at(k / (number - 1)) for k in range(number)]

    def ends(self) -> list[Any]:
        """The values that are tried before the first run."""
        if self.values:
            return list(self.values)
        return [round(self.low), round(self.high)] if self.whole else [self.low, self.high]

    def document(self) -> dict[str, Any]:
        """The factor, ready for JSON."""
        held: dict[str, Any] = {"path": self.path, "role": self.role, "kind": self.kind}
        if self.values:
            held["values"] = list(self.values)
        else:
            held |= {"low": self.low, "high": self.high, "scale": "log" if self.log else "linear"}
        if self.when:
            held["when"] = {path: list(values) for path, values in self.when}
        return held


def kind_of(values: Sequence[Any]) -> str:
    """Type of a column that holds these values."""
    if all(isinstance(value, bool) for value in values):
        return "flag"
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return "text"
    return "whole" if all(isinstance(value, int) for value in values) else "number"


def cell(kind: str, value: Any) -> Any:
    """A value as it stands in the table of runs; None where the factor does not act."""
    if value is None:
        return None
    if kind == "text":
        return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    if kind == "number":
        return float(value)
    return value


def acting(
    factors: Sequence[Factor], given: Mapping[str, Any], base: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of those factors that act at a point, each condition being met.

    Parameters
    ----------
    factors
        In an order in which every condition names earlier factors only.
    given
        A value for each factor.
    base
        Values of the scenario at the paths that conditions name and no factor moves.
    """
    found: dict[str, Any] = {}
    moved = {factor.path for factor in factors}
    for factor in factors:
        held = ((found.get(p) if p in moved else base.get(p), v) for p, v in factor.when)
        if all(value in values for value, values in held):
            found[factor.path] = given[factor.path]
    return found


def in_order_of_conditions(factors: Sequence[Factor]) -> list[Factor]:
    """The factors so that every condition names earlier ones; those in a circle are left out."""
    waiting, ordered = list(factors), list[Factor]()
    paths = {factor.path for factor in factors}
    while waiting:
        known = {factor.path for factor in ordered}
        ready = [f for f in waiting if all(p in known or p not in paths for p, _ in f.when)]
        if not ready:
            break
        ordered.append(ready[0])
        waiting.remove(ready[0])
    return ordered
