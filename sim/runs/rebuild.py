"""One stored run made again from its row alone, and compared with what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.errors import SimError, nearest_hint
from sim.runs.curves import Grid
from sim.runs.files import code_fingerprint
from sim.runs.plan import RunPlan, plan_ensemble, plan_sweep
from sim.runs.result import Result
from sim.runs.rows import DONE, RunRecord
from sim.runs.run import DRAW, BlockRuns, ModelMaker
from sim.runs.stored import RUNS, read_curves, read_runs
from sim.runs.study.reader import lay_out
from sim.runs.worlds import World, worlds_of
from sim.scenario.patches import scenario_hash
from sim.scenario.schema.scenario import Scenario


@dataclass(frozen=True)
class Rebuilt:
    """A run that was made again.

    `different` names the stored numbers that it does not give again, with both values.
    """

    point: str
    replicate: int
    seed: int
    scenario: Scenario
    factors: dict[str, Any]
    status: str
    compared: int
    different: tuple[str, ...]
    same_code: bool


def rebuild(result: Result, run: str, model: ModelMaker | None = None) -> Rebuilt:
    """Make one run of a result again: `point/replicate`, such as `on/3` or `p017/0`.

    SimError if there is no such run, or its world cannot be made again from the stored scenario.
    """
    point, replicate = _identified(result, run)
    rows = read_runs(result.path / RUNS, {"point": point, "replicate": replicate})
    row = rows.iloc[0].to_dict()
    draws = result.draws
    plan, one_run = _planned(result, point, replicate, model)
    (record,) = one_run.records()
    if result.is_sweep:
        stored = {path: None if _absent(v) else v for path, v in result.settings.loc[point].items()}
        if {path: v for path, v in record.factors.items() if path != DRAW} != stored:
            raise SimError(
                f"{result.path}: point {point} of the study is not the one that was stored"
            )
    (planned,) = one_run.points
    scenario = plan.recipe.scenarios([planned], replicate)[point]
    if isinstance(scenario, str):
        raise SimError(f"{run}: {scenario}")
    different = _differences(row, record) + _other_curves(result, record)
    compared = len(record.outcomes) + len(record.facts)
    compared += sum(curve.size for curve in record.curves.values())
    same = result.manifest["code"]["fingerprint"] == code_fingerprint()
    return Rebuilt(
        point,
        replicate,
        result.seed,
        scenario,
        dict(planned.values) | ({} if draws is None else {DRAW: draws.of[replicate]}),
        record.status,
        compared,
        tuple(different),
        same,
    )


def _identified(result: Result, run: str) -> tuple[str, int]:
    point, slash, number = run.rpartition("/")
    if not slash or not number.isdecimal():
        raise SimError(f"{run}: a run is named point/replicate, such as {result.points[0]}/0")
    if point not in result.points:
        hint = nearest_hint(point, list(result.points))
        raise SimError(f"{run}: {result.path} has no point {point} ({hint})")
    if int(number) >= result.replicates:
        raise SimError(f"{run}: replicates go from 0 to {result.replicates - 1}")
    return point, int(number)


def _planned(
    result: Result, point: str, replicate: int, model: ModelMaker | None
) -> tuple[RunPlan, BlockRuns]:
    """The plan made again from what is stored, and this run of it."""
    if result.is_sweep:
        loaded = lay_out(result.study, result.scenario, result.study.name, result.path)
        plan = plan_sweep(loaded, result.replicates, result.seed, model=model, draws=result.draws)
    else:
        worlds = (World(point, "", world_scenario(result, point, replicate)),)
        plan = plan_ensemble(result.scenario, worlds=worlds, model=model)
    number = plan.names.index(point)
    return plan, replace(plan.block_runs(0), points=(plan.points[number],), replicates=(replicate,))


def world_scenario(result: Result, point: str, replicate: int) -> Scenario:
    """The scenario of a stored world in a replicate, made again from the stored scenario.

    SimError if it does not follow from what is stored.
    """
    known = {entry["name"]: entry["scenario_hash"] for entry in result.manifest["points"]}
    found = {world.name: world.scenario for world in worlds_of(result.scenario)}
    if point not in found or scenario_hash(found[point]) != known[point]:
        raise SimError(f"{result.path}: the world {point} does not follow from the stored scenario")
    if result.draws is None:
        return found[point]
    drawn = worlds_of(result.draws.scenario(result.scenario, replicate))
    return next(world.scenario for world in drawn if world.name == point)


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _differences(row: Mapping[Any, Any], record: RunRecord) -> list[str]:
    """Stored scalars of the row that the record does not have to the last bit."""
    found = []
    if row["status"] != record.status:
        found.append(f"status: stored {row['status']}, now {record.status} ({record.message})")
    made = {**record.facts, **record.outcomes}
    for name, value in made.items():
        stored = row.get(name)
        if not (stored == value or (_absent(stored) and _absent(value))):
            found.append(f"{name}: stored {stored}, now {value}")
    return found


def _other_curves(result: Result, record: RunRecord) -> list[str]:
    found: list[str] = []
    if record.status != DONE:
        return found
    grid = Grid(**result.manifest["grid"])
    number = result.points.index(record.point)
    curves = read_curves(result.path, grid.block_of(number, record.replicate))
    for name, curve in record.curves.items():
        if not all(record.axes[dim] for dim in record.dims[name]):
            continue
        own = {dim: list(record.axes[dim]) for dim in record.dims[name]}
        stored = curves[name].sel(point=record.point, replicate=record.replicate).sel(own)
        if not np.array_equal(stored.to_numpy(), curve, equal_nan=True):
            worst = float(np.nanmax(np.abs(stored.to_numpy() - curve)))
            found.append(f"curve {name}: differs by up to {worst:g}")
    return found
