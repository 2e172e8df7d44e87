"""One stored run made again from its row alone, and compared with what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import SimError, nearest_hint
from sim.runs.curves import Grid
from sim.runs.provenance import code_fingerprint
from sim.runs.run import DONE, ModelMaker, RunRecord, run_world
from sim.runs.store import RUNS
from sim.runs.stored import read_curves, read_runs
from sim.runs.study.plan import plan_sweep
from sim.runs.study.points import PointsWork, point_scenario
from sim.runs.study.reader import lay_out
from sim.runs.study.result import SweepResult
from sim.runs.worlds import worlds_of
from sim.scenario.patches import scenario_hash

if TYPE_CHECKING:
    from sim.runs.result import Result
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
    """Make one run of a result again.

    Parameters
    ----------
    result
        A stored result.
    run
        `point/replicate`, such as `on/3` or `p017/0`.

    Raises
    ------
    SimError
        There is no such run, or its world cannot be made again from the stored scenario.
    """
    point, replicate = _identified(result, run)
    rows = read_runs(result.path / RUNS, {"point": point, "replicate": replicate})
    row = rows.iloc[0].to_dict()
    if isinstance(result, SweepResult):
        scenario, record, values = _of_sweep(result, point, replicate, model)
    else:
        scenario, values = _world(result, point), {}
        record = run_world(scenario, result.seed, replicate, point=point, model=model)
    different = _differences(row, record) + _other_curves(result, record)
    compared = len(record.outcomes) + len(record.facts)
    compared += sum(curve.size for curve in record.curves.values())
    same = result.manifest["code"]["fingerprint"] == code_fingerprint()
    return Rebuilt(
        point,
        replicate,
        result.seed,
        scenario,
        values,
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


def _of_sweep(
    result: SweepResult, point: str, replicate: int, model: ModelMaker | None
) -> tuple[Scenario, RunRecord, dict[str, Any]]:
    """The run from the stored study and the values in the stored row of the point."""
    study = result.study
    loaded = lay_out(study, result.scenario, study.name, result.path)
    plan = plan_sweep(loaded, result.replicates, result.seed, model=model)
    number = result.points.index(point)
    values = loaded.points[number]
    recipe = plan.work(0).recipe
    work = PointsWork(recipe, ((point, values),), (replicate,), result.seed)
    (record,) = work.records()
    stored = {path: None if _absent(v) else v for path, v in result.table.loc[point].items()}
    made = dict(record.factors)
    if made != stored:
        raise SimError(f"{result.path}: point {point} of the study is not the one that was stored")
    return point_scenario(plan.scenario, values), record, values


def _world(result: Result, point: str) -> Scenario:
    known = {entry["name"]: entry["scenario_hash"] for entry in result.manifest["points"]}
    for world in worlds_of(result.scenario):
        if world.name == point and scenario_hash(world.scenario) == known[point]:
            return world.scenario
    raise SimError(f"{result.path}: the world {point} does not follow from the stored scenario")


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
