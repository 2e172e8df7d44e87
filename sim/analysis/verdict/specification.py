"""The verdict over a grid of thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from sim.analysis.statistics import Interval
from sim.analysis.verdict.containment import Verdict
from sim.analysis.verdict.ensemble import Ensemble
from sim.analysis.verdict.outcomes import Thresholds
from sim.analysis.verdict.verdict import Assessment, assess_facts, gather

AXES = ("lead_margin", "ceiling_share", "slope_tolerance", "minimum_effect")
"""m, kappa, eps and delta_min, the thresholds that a sceptic would move."""
SCALES = (0.5, 1.0, 1.5)
"""Factors on m, eps and delta_min of the default grid."""
CEILING_STEPS = (-0.05, 0.0, 0.05)
"""Steps on kappa of the default grid, share."""

MONTHS = {"window_months", "settled_months", "event_months", "horizon_months"}
"""Thresholds that are no part of a grid."""


@dataclass(frozen=True)
class SpecificationPoint:
    """Thresholds of one point of the grid, the two verdicts there, and how many runs show it."""

    thresholds: Mapping[str, float]
    overall: Verdict
    contained: Verdict
    share: float
    """Share of the runs that end in containment (a plateau where there is no pair)."""
    interval: Interval
    """Its Wilson interval."""


@dataclass(frozen=True)
class SpecificationCurve:
    """Verdicts over the grid, and how many of them are those of the chosen thresholds."""

    axes: tuple[str, ...]
    points: tuple[SpecificationPoint, ...]
    overall: Verdict
    contained: Verdict
    same_overall: float
    """Share of the grid with the same ensemble verdict."""
    same_contained: float
    """Share of the grid with the same verdict from the definitions."""
    robust: bool
    """Both shares reach the share that a headline needs."""
    n: int
    seeds: tuple[int, ...]
    scenario_hash: str


def default_grid(base: Thresholds) -> dict[str, tuple[float, ...]]:
    """Three values of each of m, kappa, eps and delta_min around the chosen ones."""
    grid: dict[str, tuple[float, ...]] = {}
    for axis in AXES:
        centre = getattr(base, axis)
        if axis == "ceiling_share":
            values = [centre + step for step in CEILING_STEPS]
        else:
            values = [centre * scale for scale in SCALES]
        grid[axis] = tuple(min(1.0, max(0.0, value)) for value in values)
    return grid


def _check(grid: Mapping[str, Sequence[float]]) -> None:
    known = set(Thresholds.__dataclass_fields__) - MONTHS
    unknown = sorted(set(grid) - known)
    if unknown:
        raise ValueError(f"grid: unknown thresholds {unknown}, known are {sorted(known)}")
    if not grid or any(not len(values) for values in grid.values()):
        raise ValueError("grid: needs at least one threshold, each with at least one value")


def specification_curve(
    on: Ensemble,
    off: Ensemble | None,
    base: Thresholds | None = None,
    grid: Mapping[str, Sequence[float]] | None = None,
    *,
    extended: Ensemble | None = None,
    extended_off: Ensemble | None = None,
    family_of_tests: int = 1,
) -> SpecificationCurve:
    """Verdicts of the same ensemble at every combination of thresholds.

    Parameters
    ----------
    base
        Chosen thresholds; what the grid does not name stays as here.
    grid
        Values of each threshold; the default is `default_grid`, 3 x 3 x 3 x 3 points.

    Raises
    ------
    ValueError
        As `assess`, and if the grid names no known threshold or the window.

    Notes
    -----
    Simonsohn, Simmons & Nelson (2020, Nature Human Behaviour 4:1208-1214).
    """
    limits = base or Thresholds()
    values = dict(grid) if grid is not None else dict(default_grid(limits))
    _check(values)
    facts = gather(on, off, limits.window_months, extended, extended_off)

    def judge(thresholds: Thresholds) -> Assessment:
        return assess_facts(facts, thresholds, family_of_tests=family_of_tests)

    chosen = judge(limits)
    points = []
    for combination in product(*values.values()):
        named = dict(zip(values, map(float, combination), strict=True))
        result = judge(replace(limits, **named))  # type: ignore[arg-type]
        found = result.verdict
        points.append(
            SpecificationPoint(
                named, found.overall, result.contained, found.share_containment, found.interval
            )
        )
    same = sum(point.overall is chosen.verdict.overall for point in points) / len(points)
    same_contained = sum(point.contained is chosen.contained for point in points) / len(points)
    return SpecificationCurve(
        tuple(values),
        tuple(points),
        chosen.verdict.overall,
        chosen.contained,
        same,
        same_contained,
        min(same, same_contained) >= limits.robust_share,
        chosen.n,
        chosen.seeds,
        chosen.scenario_hash,
    )
