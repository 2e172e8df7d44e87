"""How firm a verdict is: does it hold at an earlier end, and under other ways to judge."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

from sim.analysis.verdict.containment import ROBUST_SHARE
from sim.analysis.verdict.curves import WorldPair, facts_of
from sim.analysis.verdict.grounds import HORIZON
from sim.analysis.verdict.verdict import judged_at
from sim.errors import SimError
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, read_json, write_once
from sim.runs.result import Result
from sim.runs.run import ModelMaker
from sim.runs.settings import RunSettings
from sim.runs.worlds import AS_IT_STANDS, World, with_and_without
from sim.scenario.schema.scenario import Containment, Scenario

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


def longer_scenario(scenario: Scenario) -> Scenario:
    """The scenario with `containment.horizon_months` more months."""
    months = scenario.calendar.months + scenario.containment.horizon_months
    return scenario.replace({"calendar.months": months})


def longer_worlds(further: Scenario) -> tuple[World, ...]:
    """ON and, where the incumbent has levers, OFF (money kept), of a longer scenario."""
    off = "no move of the incumbent, run on"
    return with_and_without(further, f"{AS_IT_STANDS}, run on", off)


def run_longer(
    result: Result,
    settings: RunSettings | None = None,
    *,
    model: ModelMaker | None = None,
    branch_at: date | None = None,
    earlier: Result | None = None,
) -> Result:
    """Run the seeds of a result beyond the horizon and note in its folder where they lie.

    Parameters
    ----------
    settings
        Its `out` is the folder that holds the result.
    model, branch_at, earlier
        As `run_ensemble`.

    Raises
    ------
    SimError
        The scenario has no contest, or as `run_ensemble`.
    """
    if result.scenario.contest is None:
        raise SimError(f"{result.scenario.name}: a horizon check needs a [contest]")
    further = run_ensemble(
        longer_scenario(result.scenario),
        settings,
        replicates=result.replicates,
        seed=result.seed,
        worlds=longer_worlds,
        draws=result.draws,
        model=model,
        branch_at=branch_at,
        earlier=earlier,
    )
    note = {
        "folder": further.path.name,
        "months": further.scenario.calendar.months,
        "scenario_hash": further.scenario_hash,
    }
    write_once(result.path / HORIZON, json_bytes(note))
    return further


def longer_result(result: Result) -> Result | None:
    """The longer run of a result, if there is one beside it.

    Raises
    ------
    SimError
        Its folder is there but not finished.
    """
    note = result.path / HORIZON
    if not note.exists():
        return None
    folder = result.path.parent / Path(str(read_json(note).get("folder"))).name
    return Result(folder) if folder.exists() else None
