"""Where containment begins and ends in two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from pydantic.fields import FieldInfo

from sim.analysis.frontier.level_set import LevelSet, Place, find_level
from sim.analysis.statistics import wilson_interval
from sim.analysis.verdict.grounds import grounds
from sim.analysis.verdict.judge import curves_of
from sim.analysis.verdict.outcomes import OutcomeClass, classify
from sim.economics.arrays import Bools
from sim.errors import SimError, nearest_hint
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, write_once
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.runs.worlds import OFF_MONEY_KEPT, ON, Draws, World, contest_of, levers_of
from sim.scenario.patches import without_levers
from sim.scenario.paths import dotted, field_at, leaves, plain_tables
from sim.scenario.schema.scenario import Scenario

FRONTIER = "frontier.json"
COARSE, DEPTH = 4, 2
USUAL_RUNS = 12
USUAL_OUTCOMES = (OutcomeClass.CONTAINMENT.value,)
BOOTSTRAP = "seed bootstrap of the surface, 95 %"
WILSON = "Wilson, 95 %"
SWITCHING = "demand.switching_cost.api"
OPENNESS = "open_source"


@dataclass(frozen=True)
class Axis:
    """A parameter and the range it runs through."""

    path: str
    low: float
    high: float
    unit: str = "-"

    def at(self, place: int, side: int) -> float:
        """Value at a place of the lattice."""
        return self.low + (self.high - self.low) * place / side

    def values(self, side: int) -> list[float]:
        """Values at all places."""
        return [self.at(place, side) for place in range(side + 1)]


def usual_paths(scenario: Scenario) -> tuple[str, str]:
    """Switching cost of model calls, intensity of the openness lever; SimError without a lever."""
    levers = _levers(scenario)
    if not levers:
        raise SimError(f"{scenario.name}: no lever to vary; name --y")
    lever = OPENNESS if OPENNESS in levers else levers[0]
    return SWITCHING, f"levers.{lever}.intensity"


def _levers(scenario: Scenario) -> tuple[str, ...]:
    return levers_of(scenario, contest_of(scenario, "a frontier").incumbent)


def axis_of(scenario: Scenario, path: str, given: tuple[float, float] | None = None) -> Axis:
    """The axis of a parameter; from 0 to twice its value within its limits unless a range is given.

    SimError if there is no number at the path, or the range does not rise.
    """
    data = plain_tables(scenario)
    numbers = {
        dotted(keys): (keys, float(value))
        for keys, value in leaves(data)
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if path not in numbers:
        raise SimError(f"no number at {path!r} ({nearest_hint(path, list(numbers))})")
    keys, value = numbers[path]
    field = field_at(data, keys)
    low, high = given if given is not None else _usual_range(field, value)
    if not low < high:
        raise SimError(f"{path}: the range {low:g} to {high:g} must rise; give one")
    extra = getattr(field, "json_schema_extra", None)
    unit = str(extra.get("unit", "-")) if isinstance(extra, dict) else "-"
    return Axis(path, low, high, unit)


def _usual_range(field: FieldInfo | None, value: float) -> tuple[float, float]:
    bounds = field.metadata if field is not None else []
    highest = min((float(bound.le) for bound in bounds if hasattr(bound, "le")), default=np.inf)
    return 0.0, highest if highest <= 1.0 else min(2.0 * value, highest)


def frontier(
    scenario: Scenario,
    x: Axis,
    y: Axis,
    settings: RunSettings | None = None,
    *,
    outcomes: Sequence[str] = USUAL_OUTCOMES,
    runs_a_point: int = USUAL_RUNS,
    budget: int | None = None,
    coarse: int = COARSE,
    depth: int = DEPTH,
    seed: int | None = None,
    draws: Draws | None = None,
) -> tuple[Result, dict[str, Any]]:
    """Find where P(outcome) = 1/2; every step of the refinement is a stored ensemble.

    SimError: a class is unknown, there is no lever to take away, or fewer than two replicates are
    done at every point.

    Parameters
    ----------
    settings
        Where; a name is that of the coarse grid's folder.
    outcomes
        Classes of a run that count, judged against its pair without the incumbent's levers.
    runs_a_point
        Replicates at each point, the same seeds at all points; a replicate is two runs, the
        scenario there and its pair.
    budget
        Runs at most; the coarse grid is always run.
    draws
        The draw of each replicate, the same at all points.

    Returns
    -------
    The result of the coarse grid, which holds `frontier.json`, and the findings.
    """
    _check(scenario, outcomes, runs_a_point, x, y)
    results: list[Result] = []
    named = settings or RunSettings()

    def ask(places: Sequence[Place]) -> Bools:
        worlds = partial(_worlds, x, y, coarse * 2**depth, places)
        result = run_ensemble(
            scenario,
            named.unnamed if results else named,
            replicates=runs_a_point,
            worlds=worlds(scenario) if draws is None else worlds,
            seed=seed,
            draws=draws,
        )
        results.append(result)
        return _hits(result, places, outcomes)

    points = None if budget is None else max(0, budget // (2 * runs_a_point))
    level = find_level(ask, coarse, depth, points)
    found = _document(results, (x, y), level, sorted(outcomes))
    write_once(results[0].path / FRONTIER, json_bytes(found))
    return results[0], found


def _check(scenario: Scenario, outcomes: Sequence[str], runs: int, x: Axis, y: Axis) -> None:
    known = [kind.value for kind in OutcomeClass]
    for name in outcomes:
        if name not in known:
            raise SimError(f"no outcome class {name!r} ({nearest_hint(name, known)})")
    if runs < 2:
        raise SimError(f"runs a point = {runs}: at least 2")
    if x.path == y.path:
        raise SimError(f"x and y are the same parameter, {x.path}")
    if not _levers(scenario):
        raise SimError(f"{scenario.name}: containment needs a lever of the incumbent to take away")


def _worlds(
    x: Axis, y: Axis, side: int, places: Sequence[Place], scenario: Scenario
) -> tuple[World, ...]:
    """Each place with the incumbent's levers and without them."""
    levers, found = _levers(scenario), []
    for i, j in places:
        values = {x.path: x.at(i, side), y.path: y.at(j, side)}
        title = ", ".join(f"{path} = {value:g}" for path, value in values.items())
        here = scenario.replace(values)
        bare = without_levers(here, levers)
        off = f"{title}, no move of the incumbent"
        found += [
            World(_name((i, j), ON), title, here),
            World(_name((i, j), OFF_MONEY_KEPT), off, bare),
        ]
    return tuple(found)


def _name(place: Place, world: str) -> str:
    return f"x{place[0]}y{place[1]}_{world}"


def _hits(result: Result, places: Sequence[Place], outcomes: Sequence[str]) -> Bools:
    """(P, R) whether a run ended in one of the classes."""
    refuse_failed(result, "; a frontier needs every point")
    limits, found = result.scenario.containment, []
    replicates = list(range(result.replicates))
    for place in places:
        on, off = (
            curves_of(result, _name(place, world), replicates) for world in (ON, OFF_MONEY_KEPT)
        )
        window, c = limits.window_months, on.challenger
        gap = off.token_share[:, -window:, c] - on.token_share[:, -window:, c]
        classes = classify(
            on.token_share, on.revenue_share, on.incumbent, c, gap.mean(axis=1), limits
        )
        found.append([one.value in outcomes for one in classes])
    return np.array(found)


def refuse_failed(result: Result, why: str = "") -> None:
    """Refuse a result with a failed run; the first is named."""
    if len(result.failed):
        first = result.failed.iloc[0]
        raise SimError(f"{result.path}: a run failed at {first['point']}: {first['message']}{why}")


def _document(
    results: Sequence[Result], axes: tuple[Axis, Axis], level: LevelSet, outcomes: list[str]
) -> dict[str, Any]:
    surface = level.surface()
    runs = level.hits.shape[1]
    x, y = (
        {"path": axis.path, "unit": axis.unit, "values": axis.values(level.side)} for axis in axes
    )
    points = [
        {
            "x": x["values"][i],
            "y": y["values"][j],
            "share": hits / runs,
            "interval": list(wilson_interval(hits, runs)),
            "interval_type": WILSON,
            "n": runs,
        }
        for (i, j), hits in zip(level.places.tolist(), level.hits.sum(axis=1).tolist(), strict=True)
    ]
    return {
        **grounds(results[0], range(runs), [BOOTSTRAP, WILSON]),
        "folders": [str(result.path) for result in results],
        "outcomes": outcomes,
        "x": x,
        "y": y,
        "points": points,
        "runs": 2 * runs * len(points),
        "runs_of_the_whole_lattice": 2 * runs * (level.side + 1) ** 2,
        "finished": level.finished,
        "area": surface.area,
        "area_interval": list(surface.area_interval),
        "probability": (1.0 / (1.0 + np.exp(-surface.log_odds))).tolist(),
        "above": surface.above.tolist(),
        "band_area": float(surface.band.mean()),
    }
