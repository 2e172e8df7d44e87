"""A sweep before it runs: points x replicates, cut into blocks of about a second."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.runs.curves import Grid
from sim.runs.files import json_bytes, sha256
from sim.runs.plan import SCHEMA_VERSION, folder_name
from sim.runs.provenance import code_fingerprint
from sim.runs.rows import parquet_bytes
from sim.runs.run import ModelMaker, refuse_unshared_past
from sim.runs.stored import SWEEP
from sim.runs.study.points import Named, PointsWork, Recipe, point_scenario
from sim.runs.study.reader import LoadedStudy
from sim.runs.study.result import LISTING, POINTS, STUDY
from sim.runs.study.schema import cell
from sim.scenario.patches import replace, scenario_hash

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


# Rough cost of a month of one run, for the size of blocks alone: no number depends on it.
SECONDS_A_MONTH = 2e-3
SECONDS_A_CLIENT_MONTH = 4e-7
BLOCK_SECONDS = 1.0
LEAST_BLOCKS = 16
MOST_RUNS_A_BLOCK = 512


@dataclass(frozen=True)
class SweepPlan:
    """Points x replicates of a study, drawn from one root seed."""

    loaded: LoadedStudy
    scenario: Scenario
    seed: int
    replicates: int
    grid: Grid
    model: ModelMaker | None = None
    branch_at: date | None = None

    @cached_property
    def points(self) -> tuple[str, ...]:
        """Names of the points in the order of the stored curves."""
        width = len(str(len(self.loaded.points) - 1))
        return tuple(f"p{number:0{width}d}" for number in range(len(self.loaded.points)))

    @property
    def months(self) -> range:
        """Months whose curves are kept."""
        stride = self.loaded.study.outcomes.stride_months
        return range(stride - 1, self.scenario.calendar.months, stride)

    @cached_property
    def factors(self) -> Mapping[str, str]:
        """Columns of factor values and their types."""
        return {factor.path: factor.kind for factor in self.loaded.factors}

    @property
    def client_months(self) -> int:
        """Size of the work, as the base scenario has it."""
        table = self.scenario
        return table.population.clients * table.calendar.months * self.grid.runs

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that decides the numbers, ready for JSON."""
        study, model = self.loaded.study, self.model
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": SWEEP,
            "scenario_hash": scenario_hash(self.scenario),
            "points": len(self.points),
            "points_sha256": sha256(self._points_table()),
            "factors": [factor.document() for factor in self.loaded.factors],
            "outcomes": study.outcomes.model_dump(),
            "claims": {name: claim.model_dump() for name, claim in study.claims.items()},
            "seed": self.seed,
            "replicates": self.replicates,
            "blocks": self.grid.document(),
            "model": "" if model is None else f"{model.__module__}.{model.__qualname__}",
            "code_fingerprint": code_fingerprint(),
        }

    @cached_property
    def key(self) -> str:
        """SHA-256 of the inputs."""
        return sha256(json_bytes(_plain(self.inputs)))

    @property
    def folder_name(self) -> str:
        """`<name>-<hash8>`."""
        return folder_name(self.loaded.name, self.key)

    @property
    def facts(self) -> dict[str, Any]:
        """Name, title and design of the study."""
        study = self.loaded.study
        return {
            "name": self.loaded.name,
            "title": study.title or self.scenario.title,
            "design": study.design.model_dump(),
        }

    @cached_property
    def _recipe(self) -> bytes:
        kept = self.loaded.study.outcomes
        every = "*" in kept.measures
        recipe = Recipe(
            self.scenario,
            dict(self.factors),
            self.loaded.study.claims,
            None if every else tuple(kept.measures),
            kept.stride_months,
            self.branch_at,
            self.model,
        )
        return pickle.dumps(recipe)

    def named_points(self, numbers: range) -> tuple[Named, ...]:
        """Names and factor values of some points."""
        return tuple((self.points[n], self.loaded.points[n]) for n in numbers)

    def work(self, block: int) -> PointsWork:
        """The points and replicates of a block."""
        return PointsWork(
            self._recipe,
            self.named_points(self.grid.points_of(block)),
            tuple(self.grid.replicates_of(block)),
            self.seed,
        )

    def _points_table(self) -> bytes:
        import pyarrow as pa

        types = {"number": pa.float64(), "whole": pa.int64(), "flag": pa.bool_()}
        columns: dict[str, Any] = {"point": pa.array(self.points, pa.string())}
        for path, kind in self.factors.items():
            values = [cell(kind, point.get(path)) for point in self.loaded.points]
            columns[path] = pa.array(values, types.get(kind, pa.string()))
        return parquet_bytes(pa.table(columns))

    def files(self) -> dict[str, bytes]:
        """The registered points, and the study as it was understood."""
        files = {POINTS: self._points_table(), STUDY: study_toml(self)}
        if self.loaded.listing:
            files[LISTING] = self.loaded.listing.encode()
        return files


def study_toml(plan: SweepPlan) -> bytes:
    """The study with all defaults written out."""
    import tomli_w

    data = plan.loaded.study.model_dump(mode="python", exclude_none=True)
    data["name"], data["seed"], data["replicates"] = plan.loaded.name, plan.seed, plan.replicates
    if plan.loaded.listing:
        data["design"]["file"] = LISTING
    return tomli_w.dumps(data).encode()


def _plain(value: Any) -> Any:
    """Values that JSON has no word for, such as dates, as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def plan_sweep(
    loaded: LoadedStudy,
    replicates: int | None = None,
    seed: int | None = None,
    *,
    branch_at: date | None = None,
    model: ModelMaker | None = None,
) -> SweepPlan:
    """The plan of a study; what is not given is taken from it.

    Raises
    ------
    SimError
        There is no replicate to run, the seed is out of range, a stride is longer than the run, or
        points that are to branch at a month differ before it.
    """
    study, scenario = loaded.study, loaded.scenario
    fixed = study.replicates if isinstance(study.replicates, int) else study.replicates.at_first
    runs = fixed if replicates is None else replicates
    root = next(s for s in (seed, study.seed, scenario.ensemble.seed) if s is not None)
    if runs < 1:
        raise SimError(f"replicates = {runs}: at least 1")
    if not 0 <= root < 2**63:
        raise SimError(f"seed = {root}: must lie between 0 and 2^63 - 1")
    if study.outcomes.stride_months > scenario.calendar.months:
        raise SimError(
            f"outcomes.stride_months = {study.outcomes.stride_months}: the run has "
            f"{scenario.calendar.months} months"
        )
    at = branch_at or study.branch_at
    if at is not None:
        _refuse_unshared_past(loaded, at)
    scenario = replace(scenario, {"ensemble.replicates": runs, "ensemble.seed": root})
    first = runs if isinstance(study.replicates, int) else min(runs, study.replicates.at_first)
    grid = sweep_grid(scenario, len(loaded.points), runs, first, study.runs_per_block, at)
    return SweepPlan(loaded, scenario, root, runs, grid, model, at)


def sweep_grid(
    scenario: Scenario,
    points: int,
    replicates: int,
    first_look: int,
    runs_a_block: int | None,
    branch_at: date | None,
) -> Grid:
    """Blocks of about a second that follow from the study alone, never from the machine.

    The replicates of a block divide those of the first look, so that more replicates add blocks
    and change none. Points that share a past lie in one block, since a block runs it once.
    """
    months, clients = scenario.calendar.months, scenario.population.clients
    seconds = months * (SECONDS_A_MONTH + clients * SECONDS_A_CLIENT_MONTH)
    runs = runs_a_block or max(
        1,
        min(round(BLOCK_SECONDS / seconds), MOST_RUNS_A_BLOCK, points * first_look // LEAST_BLOCKS),
    )
    if branch_at is not None:
        return Grid(points, replicates, min(points, runs_a_block or MOST_RUNS_A_BLOCK), 1)
    columns = max(k for k in range(1, min(runs, first_look) + 1) if first_look % k == 0)
    return Grid(points, replicates, max(1, min(points, runs // columns)), columns)


def _refuse_unshared_past(loaded: LoadedStudy, at: date) -> None:
    """Every value of every factor, taken alone, leaves the past as it is."""
    scenarios = [loaded.scenario]
    for factor in loaded.factors:
        scenarios += [
            point_scenario(loaded.scenario, {factor.path: value})
            for value in factor.ends()
            if not factor.when
        ]
    refuse_unshared_past(scenarios, at)
