"""The verdict over a grid of thresholds."""

from __future__ import annotations

from itertools import product
from typing import Any

from sim.analysis.verdict.containment import ROBUST_SHARE
from sim.analysis.verdict.curves import WorldPair, facts_of
from sim.analysis.verdict.verdict import judged_at
from sim.scenario.schema.containment import Containment

AXES = ("lead_margin", "ceiling_share", "slope_tolerance", "minimum_effect")
"""m, kappa, eps and delta_min, the thresholds that a sceptic would move."""
SCALES = (0.5, 1.0, 1.5)
"""Factors on m, eps and delta_min."""
CEILING_STEPS = (-0.05, 0.0, 0.05)
"""Steps on kappa, share."""


def threshold_grid(limits: Containment) -> dict[str, tuple[float, ...]]:
    """Three values of each of m, kappa, eps and delta_min around the chosen ones."""
    grid: dict[str, tuple[float, ...]] = {}
    for axis in AXES:
        centre = getattr(limits, axis)
        if axis == "ceiling_share":
            values = [centre + step for step in CEILING_STEPS]
        else:
            values = [centre * scale for scale in SCALES]
        grid[axis] = tuple(min(1.0, max(0.0, value)) for value in values)
    return grid


def specification_curve(worlds: WorldPair, limits: Containment) -> dict[str, Any]:
    """Verdicts of the same runs at each of the 81 combinations of thresholds, ready for JSON.

    ``robust``: the share of the grid with the same verdict as the chosen thresholds is high
    enough for the ensemble's verdict and for that from the definitions.

    Raises
    ------
    ValueError
        As `assess`.

    Notes
    -----
    Simonsohn, Simmons & Nelson (2020, Nature Human Behaviour 4:1208-1214).
    """
    facts = facts_of(worlds, limits.window_months, limits.base_months)
    chosen = judged_at(facts, limits)
    points = []
    for values in product(*threshold_grid(limits).values()):
        thresholds = dict(zip(AXES, values, strict=True))
        found = judged_at(facts, limits.model_copy(update=thresholds))
        points.append(
            {
                "thresholds": thresholds,
                "overall": found.verdict.overall,
                "contained": found.contained,
                "share": found.verdict.share_containment,
                "interval": found.verdict.interval,
            }
        )
    same = sum(p["overall"] is chosen.verdict.overall for p in points) / len(points)
    same_contained = sum(p["contained"] is chosen.contained for p in points) / len(points)
    return {
        "axes": AXES,
        "points": points,
        "overall": chosen.verdict.overall,
        "contained": chosen.contained,
        "same_overall": same,
        "same_contained": same_contained,
        "robust": min(same, same_contained) >= ROBUST_SHARE,
        "n": worlds.on.replicates,
        "seeds": worlds.on.seeds,
        "scenario_hash": worlds.on.scenario_hash,
    }
