"""The scenario and seed of one stored run, and its model made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import SimError
from sim.experiment.run import seed_of
from sim.experiment.worlds import ON, worlds_of
from sim.market.model import MarketModel
from sim.scenario.patches import scenario_hash
from sim.scenario.paths import nearest_hint
from sim.study.points import point_scenario
from sim.study.reader import lay_out
from sim.study.result import SweepResult

if TYPE_CHECKING:
    from sim.experiment.result import Result
    from sim.scenario.schema.scenario import Scenario


def scenario_of(result: Result, point: str | None = None) -> tuple[str, Scenario]:
    """Name and scenario of a stored point; the first one, or `on`, unless named.

    Raises
    ------
    SimError
        There is no such point, or it does not follow from what is stored.
    """
    name = point or (ON if ON in result.points else result.points[0])
    if name not in result.points:
        hint = nearest_hint(name, list(result.points))
        raise SimError(f"{result.path} has no point {name} ({hint})")
    if isinstance(result, SweepResult):
        study = result.study
        loaded = lay_out(study, result.scenario, study.name, result.path)
        return name, point_scenario(result.scenario, loaded.points[result.points.index(name)])
    stored = {entry["name"]: entry["scenario_hash"] for entry in result.manifest["points"]}
    for world in worlds_of(result.scenario):
        if world.name == name and scenario_hash(world.scenario) == stored[name]:
            return name, world.scenario
    raise SimError(f"{result.path}: the world {name} does not follow from the stored scenario")


def model_of(result: Result, scenario: Scenario, replicate: int) -> MarketModel:
    """The model of a stored run before its first month.

    Raises
    ------
    SimError
        There is no such replicate.
    """
    if not 0 <= replicate < result.replicates:
        raise SimError(f"replicate {replicate}: they go from 0 to {result.replicates - 1}")
    return MarketModel(scenario, seed_of(result.seed, replicate))
