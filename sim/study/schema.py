"""The study file: what is varied, how, and what is claimed before the first run."""

from __future__ import annotations

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
