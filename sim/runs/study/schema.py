"""The study file: what is varied, how, and what is claimed before the first run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator

from sim.months import Month
from sim.parts import Part, par, table

DesignKind = Literal["grid", "latin_hypercube", "sobol", "morris", "list"]
MOST_POINTS = 1_000_000


class Design(Part):
    """Which points of the space of factors are run."""

    kind: DesignKind = par("grid", "grid, latin_hypercube, sobol, morris or list", flag="input")
    points: int = par(
        64,
        "points of a sample (a power of two for sobol); trajectories of morris",
        low=1,
        high=MOST_POINTS,
        flag="input",
    )
    levels: int = par(
        4, "values of a range in a grid, even number of levels of morris", low=2, flag="input"
    )
    seed: int = par(1, "seed of the sample", low=0, high=2**63 - 1, flag="input")
    saltelli: bool = par(
        False,
        "sobol: points x (2 factors + 2) points, from which indices are computed",
        flag="input",
    )
    file: str = par("", "list: a CSV beside the study, a column for each factor", flag="input")


class FactorTable(Part):
    """A range or a list of values, for all points or for some."""

    low: float | None = par(None, "lowest value of a range", flag="input")
    high: float | None = par(None, "highest value of a range", flag="input")
    scale: Literal["linear", "log"] = par("linear", "spacing of a range", flag="input")
    levels: int | None = par(None, "values of the range in a grid", low=2, flag="input")
    values: list[Any] | None = par(None, "values of a category", flag="input")
    when: dict[str, Any] = Field(
        {}, description="only at points where these paths have these values (or one of a list)"
    )


class UntilHalfwidth(Part):
    """As many replicates as the claims need."""

    until_halfwidth: float = par(
        ..., "widest half of an interval allowed", unit="share", above=0.0, high=0.5, flag="input"
    )
    at_first: int = par(20, "replicates of the first look; each look doubles", low=2, flag="input")
    at_most: int = par(640, "replicates of the last look", low=2, high=100_000, flag="input")


class Outcomes(Part):
    """What is kept of a run beside its row."""

    measures: list[str] = par(
        ["family_token_share", "full_stack_revenue_share", "platform_token_share"],
        "measures whose curves are kept; * for all",
        flag="input",
    )
    stride_months: int = par(
        1, "every how many months a curve is kept; the last of each counts", low=1, flag="input"
    )


class Claim(Part):
    """A sentence that the runs can support or refute."""

    statement: str = par(..., "the claim in words", flag="input")
    measure: str = par(..., "measure that it speaks of", flag="input")
    of: str = par("", "vendor that it speaks of; empty for a measure of the market", flag="input")
    below: float | None = par(None, "the mean of the window lies below this", flag="input")
    above: float | None = par(None, "the mean of the window lies above this", flag="input")
    window_months: int | None = par(
        None, "last months that are averaged; those of [containment] unless given", flag="input"
    )
    probability: float = par(
        0.9, "part of the runs in which it must hold", unit="share", flag="input"
    )
    where: dict[str, Any] = Field(
        {}, description="only at points where these factors have these values (or one of a list)"
    )


class Study(Part):
    """One study file."""

    scenario: str = par(..., "scenario file, relative to the study", flag="input")
    name: str = par("", "short name; that of the file unless given", flag="input")
    title: str = par("", "one line for people", flag="input")
    set: dict[str, Any] = Field({}, description="other values of the scenario, at all points")
    design: Design = table(Design, "which points are run")
    replicates: int | UntilHalfwidth = Field(
        20, description="replicates of every point, or {until_halfwidth = ...}"
    )
    seed: int | None = par(
        None, "root seed; that of the scenario unless given", low=0, high=2**63 - 1, flag="input"
    )
    levers: dict[str, FactorTable] = Field({}, description="what a vendor can choose")
    uncertainties: dict[str, FactorTable] = Field({}, description="what nobody chooses")
    outcomes: Outcomes = table(Outcomes, "what is kept")
    claims: dict[str, Claim] = Field({}, description="claims, written before the run")
    branch_at: Month | None = Field(
        None, description="month up to which all points share one past, which is run once"
    )
    runs_per_block: int | None = par(
        None, "runs that are stored together; about a second of work unless given", low=1
    )

    @field_validator("levers", "uncertainties", mode="before")
    @classmethod
    def _lists_are_values(cls, found: Any) -> Any:
        if not isinstance(found, dict):
            return found
        return {
            path: {"values": item} if isinstance(item, list) else item
            for path, item in found.items()
        }


CLAIM = "claim_"
"""Prefix of the columns of runs that hold what a claim speaks of."""
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
