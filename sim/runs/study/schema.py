"""The study file: what is varied, how, and what is claimed before the first run."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from sim.months import Month
from sim.parts import Part, input_par, par, table

DesignKind = Literal["grid", "latin_hypercube", "sobol", "morris", "list"]
MOST_POINTS = 1_000_000
MOST_LEVELS = 10_000
MOST_REPLICATES = 100_000
MOST_RUNS = 100_000_000
MOST_FACTORS = 500
MOST_CLAIMS = 2_000


class Design(Part):
    """Which points of the space of factors are run."""

    kind: DesignKind = input_par("grid", "grid, latin_hypercube, sobol, morris or list")
    points: int = input_par(
        64,
        "points of a sample (a power of two for sobol); trajectories of morris",
        low=1,
        high=MOST_POINTS,
    )
    levels: int = input_par(
        4,
        "values of a range in a grid, even number of levels of morris",
        low=2,
        high=MOST_LEVELS,
    )
    seed: int = input_par(1, "seed of the sample", low=0, high=2**63 - 1)
    saltelli: bool = input_par(
        False, "sobol: points x (2 factors + 2) points, from which indices are computed"
    )
    file: str = input_par("", "list: a CSV beside the study, a column for each factor")


class FactorTable(Part):
    """A range or a list of values, for all points or for some."""

    low: float | None = input_par(None, "lowest value of a range")
    high: float | None = input_par(None, "highest value of a range")
    scale: Literal["linear", "log"] = input_par("linear", "spacing of a range")
    levels: int | None = input_par(None, "values of the range in a grid", low=2, high=MOST_LEVELS)
    values: list[Any] | None = input_par(None, "values of a category")
    when: dict[str, Any] = Field(
        {}, description="only at points where these paths have these values (or one of a list)"
    )


class UntilHalfwidth(Part):
    """As many replicates as the claims need."""

    until_halfwidth: float = input_par(
        ..., "widest half of an interval allowed", "share", above=0.0, high=0.5
    )
    at_first: int = input_par(20, "replicates of the first look; each look doubles", low=2)
    at_most: int = input_par(640, "replicates of the last look", low=2, high=MOST_REPLICATES)


class Outcomes(Part):
    """What is kept of a run beside its row."""

    measures: list[str] = input_par(
        ["family_token_share", "full_stack_revenue_share", "platform_token_share", "profit"],
        "measures whose curves are kept; * for all",
    )
    stride_months: int = input_par(
        1, "every how many months a curve is kept; the last of each counts", low=1
    )


class Claim(Part):
    """A sentence that the runs can support or refute."""

    statement: str = input_par(..., "the claim in words")
    measure: str = input_par(..., "measure that it speaks of")
    of: str = input_par("", "vendor that it speaks of; empty for a measure of the market")
    below: float | None = input_par(None, "the mean of the window lies below this")
    above: float | None = input_par(None, "the mean of the window lies above this")
    window_months: int | None = input_par(
        None, "last months that are averaged; those of [containment] unless given"
    )
    probability: float = input_par(0.9, "part of the runs in which it must hold", "share")
    where: dict[str, Any] = Field(
        {}, description="only at points where these factors have these values (or one of a list)"
    )


class Study(Part):
    """One study file."""

    scenario: str = input_par(..., "scenario file, relative to the study")
    name: str = input_par("", "short name; that of the file unless given")
    title: str = input_par("", "one line for people")
    set: dict[str, Any] = Field({}, description="other values of the scenario, at all points")
    design: Design = table(Design, "which points are run")
    replicates: Annotated[int, Field(ge=1, le=MOST_REPLICATES)] | UntilHalfwidth = Field(
        20, description="replicates of every point, or {until_halfwidth = ...}"
    )
    seed: int | None = input_par(
        None, "root seed; that of the scenario unless given", low=0, high=2**63 - 1
    )
    levers: dict[str, FactorTable] = Field(
        {}, description="what a vendor can choose", max_length=MOST_FACTORS
    )
    uncertainties: dict[str, FactorTable] = Field(
        {}, description="what nobody chooses", max_length=MOST_FACTORS
    )
    outcomes: Outcomes = table(Outcomes, "what is kept")
    claims: dict[str, Claim] = Field(
        {}, description="claims, written before the run", max_length=MOST_CLAIMS
    )
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
    def kind(self) -> str:
        """Type of its column in the table of runs."""
        if self.values:
            return kind_of(self.values)
        return "whole" if self.whole else "number"

    def acts(
        self, point: Mapping[str, Any], moved: Collection[str], base: Mapping[str, Any]
    ) -> bool:
        """Whether its conditions hold, on moved paths at the point, on others in the scenario."""
        held = ((point.get(p) if p in moved else base.get(p), values) for p, values in self.when)
        return all(value in values for value, values in held)

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

    Every condition names earlier factors only, or paths of the scenario, whose values `base` holds.
    """
    found: dict[str, Any] = {}
    moved = {factor.path for factor in factors}
    for factor in factors:
        if factor.acts(found, moved, base):
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
