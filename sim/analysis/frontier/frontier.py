"""Where containment begins and ends in two parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.frontier.level_set import Bools, LevelSet, Place, find_level
from sim.analysis.statistics import wilson_interval
from sim.analysis.verdict.grounds import grounds
from sim.analysis.verdict.judge import curves_of
from sim.analysis.verdict.outcomes import OutcomeClass, classify
from sim.errors import SimError, nearest_hint
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, write_once
from sim.runs.settings import RESULTS, RunSettings
from sim.runs.worlds import OFF_MONEY_KEPT, ON, World, levers_of
from sim.scenario.patches import without_levers
from sim.scenario.paths import field_at, leaves
from sim.scenario.tables import plain_tables

if TYPE_CHECKING:
    from sim.runs.progress import ProgressCallback
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]
FRONTIER = "frontier.json"
COARSE, DEPTH = 4, 2
USUAL_RUNS = 12
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


def usual_paths(scenario: Scenario) -> tuple[str, str]:
    """Switching cost of model calls, and how much of the openness lever is pulled.

    Raises
    ------
    SimError
        The incumbent has no lever.
    """
    levers = levers_of(scenario, _contest(scenario).incumbent)
    if not levers:
        raise SimError(f"{scenario.name}: no lever to vary; name --y")
    lever = OPENNESS if OPENNESS in levers else levers[0]
    return SWITCHING, f"levers.{lever}.intensity"


def axis_of(scenario: Scenario, path: str, given: tuple[float, float] | None = None) -> Axis:
    """The axis of a parameter; from 0 to twice its value within its limits unless a range is given.

    Raises
    ------
    SimError
        There is no number at the path, or no range can be told.
    """
    data = plain_tables(scenario)
    numbers = {
        ".".join(map(str, keys)): value
        for keys, value in leaves(data)
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if path not in numbers:
        raise SimError(f"no number at {path!r} ({nearest_hint(path, list(numbers))})")
    low, high = given if given is not None else _usual_range(data, path, float(numbers[path]))
    if not low < high:
        raise SimError(f"{path}: the range {low:g} to {high:g} must rise; give one")
    return Axis(path, low, high, _unit(data, path))


def _field(data: dict[str, Any], path: str) -> Any:
    return field_at(data, tuple(int(k) if k.isdigit() else k for k in path.split(".")))


def _unit(data: dict[str, Any], path: str) -> str:
    extra = getattr(_field(data, path), "json_schema_extra", None)
    return str(extra.get("unit", "-")) if isinstance(extra, dict) else "-"


def _usual_range(data: dict[str, Any], path: str, value: float) -> tuple[float, float]:
    field = _field(data, path)
    limits = {type(one).__name__: one for one in field.metadata} if field is not None else {}
    highest = getattr(limits.get("Le"), "le", np.inf)
    if highest <= 1.0:
        return 0.0, float(highest)
    return 0.0, float(min(2.0 * value, highest))


def frontier(
    scenario: Scenario,
    x: Axis,
    y: Axis,
    *,
    outcomes: Sequence[str] = (OutcomeClass.CONTAINMENT.value,),
    runs_a_point: int = USUAL_RUNS,
    budget: int | None = None,
    coarse: int = COARSE,
    depth: int = DEPTH,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str = RESULTS,
    progress: Callable[[], ProgressCallback | None] | None = None,
) -> tuple[Result, dict[str, Any]]:
    """Find where P(outcome) = 1/2; every step of the refinement is a stored ensemble.

    Parameters
    ----------
    outcomes
        Classes of a run that count, judged against its pair without the incumbent's levers.
    runs_a_point
        Replicates at each point, the same seeds at all points; a replicate is two runs, the
        scenario there and its pair.
    budget
        Runs at most; the coarse grid is always run.

    Returns
    -------
    The result of the coarse grid, which holds `frontier.json`, and the findings.

    Raises
    ------
    SimError
        A class is unknown, there is no lever to take away, or fewer than two replicates are done
        at every point.
    """
    _check(scenario, outcomes, runs_a_point, x, y)
    asked = _Asked(scenario, x, y, coarse * 2**depth, frozenset(outcomes))

    def ask(places: Sequence[Place]) -> Bools:
        result = run_ensemble(
            scenario,
            RunSettings(out, workers, progress=progress() if progress is not None else None),
            replicates=runs_a_point,
            worlds=asked.worlds(places),
            seed=seed,
        )
        return asked.hits(result, places)

    points = None if budget is None else max(0, budget // (2 * runs_a_point))
    level = find_level(ask, coarse, depth, points)
    found = _document(asked, level, sorted(outcomes))
    first = asked.results[0]
    write_once(first.path / FRONTIER, json_bytes(found))
    return first, found


def _check(scenario: Scenario, outcomes: Sequence[str], runs: int, x: Axis, y: Axis) -> None:
    known = [kind.value for kind in OutcomeClass]
    for name in outcomes:
        if name not in known:
            raise SimError(f"no outcome class {name!r} ({nearest_hint(name, known)})")
    if runs < 2:
        raise SimError(f"runs a point = {runs}: at least 2")
    if x.path == y.path:
        raise SimError(f"x and y are the same parameter, {x.path}")
    if not levers_of(scenario, _contest(scenario).incumbent):
        raise SimError(f"{scenario.name}: containment needs a lever of the incumbent to take away")


def _contest(scenario: Scenario) -> Any:
    if scenario.contest is None:
        raise SimError(f"{scenario.name}: a frontier needs a [contest]")
    return scenario.contest


class _Asked:
    """Worlds of places and what came about in them."""

    def __init__(
        self, scenario: Scenario, x: Axis, y: Axis, side: int, outcomes: frozenset[str]
    ) -> None:
        self.scenario, self.x, self.y, self.side, self.outcomes = scenario, x, y, side, outcomes
        self.results: list[Result] = []

    def worlds(self, places: Sequence[Place]) -> tuple[World, ...]:
        """Each place with the incumbent's levers and without them."""
        levers = levers_of(self.scenario, _contest(self.scenario).incumbent)
        found = []
        for i, j in places:
            values = {
                self.x.path: self.x.at(i, self.side),
                self.y.path: self.y.at(j, self.side),
            }
            title = ", ".join(f"{path} = {value:g}" for path, value in values.items())
            here = self.scenario.replace(values)
            found += [
                World(_name((i, j), ON), title, here),
                World(_name((i, j), OFF_MONEY_KEPT), f"{title}, no move of the incumbent",
                      without_levers(here, levers)),
            ]  # fmt: skip
        return tuple(found)

    def hits(self, result: Result, places: Sequence[Place]) -> Bools:
        """(P, R) whether a run ended in one of the classes."""
        self.results.append(result)
        names = [_name(place, world) for place in places for world in (ON, OFF_MONEY_KEPT)]
        sound = result.sound_replicates(*names)
        if len(sound) < result.replicates:
            first = result.failed.iloc[0]
            raise SimError(
                f"{result.path}: a run failed at {first['point']}: {first['message']}; "
                "a frontier needs every point"
            )
        return np.array([self._place(result, place, sound) for place in places])

    def _place(self, result: Result, place: Place, sound: list[int]) -> list[bool]:
        limits = self.scenario.containment
        on, off = (curves_of(result, _name(place, world), sound) for world in (ON, OFF_MONEY_KEPT))
        window, c = limits.window_months, on.challenger
        gap = off.token_share[:, -window:, c] - on.token_share[:, -window:, c]
        classes = classify(
            on.token_share, on.revenue_share, on.incumbent, c, gap.mean(axis=1), limits
        )
        return [found.value in self.outcomes for found in classes]


def _name(place: Place, world: str) -> str:
    return f"x{place[0]}y{place[1]}_{world}"


def _document(asked: _Asked, level: LevelSet, outcomes: list[str]) -> dict[str, Any]:
    surface = level.surface()
    first, runs = asked.results[0], level.hits.shape[1]
    points = []
    for (i, j), hits in zip(level.places.tolist(), level.hits, strict=True):
        successes = int(hits.sum())
        points.append(
            {
                "x": asked.x.at(i, level.side),
                "y": asked.y.at(j, level.side),
                "share": successes / runs,
                "interval": list(wilson_interval(successes, runs)),
                "interval_type": WILSON,
                "n": runs,
            }
        )
    return {
        **grounds(first, range(runs), [BOOTSTRAP, WILSON]),
        "folders": [str(result.path) for result in asked.results],
        "outcomes": outcomes,
        "x": _told(asked.x, level.side),
        "y": _told(asked.y, level.side),
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


def _told(axis: Axis, side: int) -> dict[str, Any]:
    values = [axis.at(place, side) for place in range(side + 1)]
    return {"path": axis.path, "unit": axis.unit, "values": values}
