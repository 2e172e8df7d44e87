"""Plans: every run is known before the first, whether worlds of a scenario or points of a study."""

from __future__ import annotations

import dataclasses
import json
import pickle
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from sim.errors import SimError, nearest_hint
from sim.runs.curves import Grid
from sim.runs.files import code_fingerprint, json_bytes, sha256
from sim.runs.rows import factor_type, parquet_bytes
from sim.runs.run import (
    DRAW,
    BlockRuns,
    ModelMaker,
    PlanPoint,
    RunRecipe,
    point_scenario,
    refuse_unshared_past,
)
from sim.runs.stored import (
    DRAWS,
    LISTING,
    POINTS,
    POSTERIOR,
    SCHEMA_VERSION,
    STUDY,
    SWEEP,
)
from sim.runs.study.reader import LoadedStudy
from sim.runs.study.schema import cell
from sim.runs.worlds import Draws, World, WorldsMaker, worlds_of
from sim.scenario.patches import replace, scenario_hash
from sim.scenario.schema.scenario import Scenario

SHORT_HASH = 8
# Rough cost of a month of one run, for the size of blocks alone: no number depends on it.
SECONDS_A_MONTH = 2e-3
SECONDS_A_CLIENT_MONTH = 4e-7
BLOCK_SECONDS = 1.0
LEAST_BLOCKS = 16
MOST_RUNS_A_BLOCK = 512


@dataclass(frozen=True)
class RunPlan:
    """Points x replicates, drawn from one root seed and cut into blocks."""

    recipe: RunRecipe  # its base scenario carries replicates and seed
    points: tuple[PlanPoint, ...]  # in the order of the stored curves
    grid: Grid  # which runs are stored together
    inputs: Mapping[str, Any]  # everything that decides the numbers, ready for JSON
    facts: Mapping[str, Any]  # what else the manifest says: name, title, design
    files: Mapping[str, bytes] = field(default_factory=dict)  # stored before the first run

    @property
    def scenario(self) -> Scenario:
        """The scenario that is stored beside the results."""
        return self.recipe.scenario

    @property
    def seed(self) -> int:
        """Root seed."""
        return self.scenario.ensemble.seed

    @property
    def replicates(self) -> int:
        """Replicates of every point."""
        return self.grid.replicates

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the points."""
        return tuple(point.name for point in self.points)

    @property
    def months(self) -> range:
        """Months of the calendar that the stored curves have."""
        stride = self.recipe.stride
        return range(stride - 1, self.scenario.calendar.months, stride)

    @cached_property
    def different_points(self) -> int:
        """Points of different scenarios: those alone are run."""
        return len({point.same_as for point in self.points})

    @property
    def client_months(self) -> int:
        """Size of the work: clients x months x runs."""
        table = self.scenario
        runs = self.different_points * self.replicates
        return table.population.clients * table.calendar.months * runs

    @cached_property
    def key(self) -> str:
        """SHA-256 of the inputs."""
        return sha256(json_bytes(self.inputs))

    @property
    def folder_name(self) -> str:
        """`<name>-<hash8>`."""
        name = re.sub(r"[^a-z0-9_-]+", "-", self.facts["name"])
        return f"{name}-{self.key[:SHORT_HASH]}"

    @cached_property
    def _pickled(self) -> bytes:
        return pickle.dumps(self.recipe)

    def block_runs(self, block: int) -> BlockRuns:
        """The runs of a block."""
        points = self.grid.points_of(block)
        return BlockRuns(
            self._pickled,
            self.points[points.start : points.stop],
            tuple(self.grid.replicates_of(block)),
            self.seed,
        )


def plan_ensemble(
    scenario: Scenario,
    replicates: int | None = None,
    seed: int | None = None,
    *,
    worlds: tuple[World, ...] | WorldsMaker = worlds_of,
    model: ModelMaker | None = None,
    branch_at: date | None = None,
    draws: Draws | None = None,
) -> RunPlan:
    """Plan the worlds of a scenario; a block is all worlds of one replicate.

    Replicates and seed are those of the scenario's `[ensemble]` unless given. Worlds that are to
    be made anew from each draw are given as a function of the scenario, which workers import.
    SimError if there is no replicate to run, the seed is out of range, two worlds share a name,
    worlds that are to branch at a month differ before it, or there is not one draw a replicate.
    """
    runs = scenario.ensemble.replicates if replicates is None else replicates
    root = scenario.ensemble.seed if seed is None else seed
    scenario = _seeded(scenario, runs, root)
    refuse_unknown_measure(scenario)
    chosen = worlds(scenario) if callable(worlds) else worlds
    make_worlds = worlds if callable(worlds) else worlds_of
    if draws is not None and not draws.beside and not callable(worlds):
        raise TypeError("a draw makes its worlds anew: give the function that makes them")
    names = [world.name for world in chosen]
    if not names or len(set(names)) < len(names):
        raise SimError(f"worlds need names of their own, got {names}")
    if branch_at is not None:
        refuse_unshared_past([world.scenario for world in chosen], branch_at)
    hashes = [scenario_hash(world.scenario) for world in chosen]
    ready = {world.name: world.scenario for world in chosen}
    recipe = RunRecipe(
        scenario, ready, branch_at=branch_at, model=model, draws=draws, make_worlds=make_worlds
    )
    points = [PlanPoint(n, {}, names[hashes.index(h)]) for n, h in zip(names, hashes, strict=True)]
    stated = [
        {"name": world.name, "title": world.title, "scenario_hash": own}
        for world, own in zip(chosen, hashes, strict=True)
    ]
    facts = {"name": scenario.name, "title": scenario.title}
    return _planned(
        recipe, points, Grid(len(chosen), runs, len(chosen), 1), {"points": stated}, facts
    )


def plan_sweep(
    loaded: LoadedStudy,
    replicates: int | None = None,
    seed: int | None = None,
    *,
    branch_at: date | None = None,
    model: ModelMaker | None = None,
    draws: Draws | None = None,
) -> RunPlan:
    """Plan the points of a study; what is not given is taken from it.

    SimError if there is no replicate to run, the seed is out of range, a stride is longer than the
    run, points that are to branch at a month differ before it, or there is not one draw a
    replicate.
    """
    study, scenario = loaded.study, loaded.scenario
    first, _ = planned_size(loaded)
    runs, root = planned_size(loaded, replicates, seed)
    scenario = _seeded(scenario, runs, root)
    stride, months = study.outcomes.stride_months, scenario.calendar.months
    if stride > months:
        raise SimError(f"outcomes.stride_months = {stride}: the run has {months} months")
    at = branch_at or study.branch_at
    if at is not None:
        _refuse_other_pasts(loaded, at)
    first_look = runs if isinstance(study.replicates, int) else min(runs, first)
    grid = sweep_grid(scenario, len(loaded.points), runs, first_look, study.runs_per_block, at)
    kinds = {factor.path: factor.kind for factor in loaded.factors}
    measures = None if "*" in study.outcomes.measures else tuple(study.outcomes.measures)
    width = len(str(len(loaded.points) - 1))
    named = [(f"p{k:0{width}d}", values) for k, values in enumerate(loaded.points)]
    points = [PlanPoint(name, values, name) for name, values in named]
    table = _points_table(points, kinds)
    inputs = {
        "kind": SWEEP,
        "points": len(points),
        "points_sha256": sha256(table),
        "factors": [factor.document() for factor in loaded.factors],
        "outcomes": study.outcomes.model_dump(),
        "claims": {name: claim.model_dump() for name, claim in study.claims.items()},
        "blocks": asdict(grid),
    }
    files = {POINTS: table, STUDY: study_toml(loaded, root, runs)}
    if loaded.listing:
        files[LISTING] = loaded.listing.encode()
    title = study.title or scenario.title
    facts = {"name": loaded.name, "title": title, "design": study.design.model_dump()}
    recipe = RunRecipe(scenario, {}, kinds, study.claims, measures, stride, at, model, draws)
    return _planned(recipe, points, grid, inputs, facts, files)


def planned_size(
    loaded: LoadedStudy, replicates: int | None = None, seed: int | None = None
) -> tuple[int, int]:
    """Replicates (of the first look) and root seed; what is not given is taken from the study."""
    study = loaded.study
    first = study.replicates if isinstance(study.replicates, int) else study.replicates.at_first
    seeds = (seed, study.seed, loaded.scenario.ensemble.seed)
    runs = first if replicates is None else replicates
    return runs, next(s for s in seeds if s is not None)


def refuse_no_runs(replicates: int, seed: int) -> None:
    """Refuse less than one replicate, or a seed out of range. SimError says which."""
    if replicates < 1:
        raise SimError(f"replicates = {replicates}: at least 1")
    if not 0 <= seed < 2**63:
        raise SimError(f"seed = {seed}: must lie between 0 and 2^63 - 1")


def _seeded(scenario: Scenario, replicates: int, seed: int) -> Scenario:
    """The scenario with the replicates and the seed that are run, the posterior aside."""
    refuse_no_runs(replicates, seed)
    changes = {"ensemble.replicates": replicates, "ensemble.seed": seed, "posterior": None}
    return replace(scenario, changes)


def _planned(
    recipe: RunRecipe,
    points: Sequence[PlanPoint],
    grid: Grid,
    inputs: Mapping[str, Any],
    facts: Mapping[str, Any],
    files: Mapping[str, bytes] | None = None,
) -> RunPlan:
    """The plan of a recipe, with the column, the inputs and the file that its draws add."""
    scenario, model, draws = recipe.scenario, recipe.model, recipe.draws
    inputs = {
        "schema_version": SCHEMA_VERSION,
        "scenario_hash": scenario_hash(scenario),
        "seed": scenario.ensemble.seed,
        "replicates": scenario.ensemble.replicates,
        "model": "" if model is None else f"{model.__module__}.{model.__qualname__}",
        "code_fingerprint": code_fingerprint(),
        **inputs,
    }
    files = dict(files or {})
    if draws is not None:
        if len(draws.of) != grid.replicates:
            raise SimError(f"{len(draws.of)} draws for {grid.replicates} replicates")
        files[DRAWS] = json_bytes(draws.document())
        drawn = {"draws": draws.distinct, "draws_sha256": sha256(files[DRAWS])}
        inputs[POSTERIOR] = {**draws.facts, **drawn}
        recipe = dataclasses.replace(recipe, kinds={**recipe.kinds, DRAW: "whole"})
    # what JSON cannot hold, such as dates, is stored as text
    plain = json.loads(json.dumps(inputs, default=str))
    return RunPlan(recipe, tuple(points), grid, plain, facts, files)


def refuse_unknown_measure(scenario: Scenario) -> None:
    """Refuse an episode about a measure that does not exist. SimError names the nearest."""
    name = scenario.episode.measure
    if not name:
        return
    from sim.market.recorder import measures

    if name not in measures():
        hint = nearest_hint(name, list(measures()))
        raise SimError(f"episode.measure = {name!r}: no such measure ({hint})")


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


def _refuse_other_pasts(loaded: LoadedStudy, at: date) -> None:
    """Every value of every factor, taken alone, leaves the past as it is."""
    scenarios = [loaded.scenario]
    for factor in loaded.factors:
        scenarios += [
            point_scenario(loaded.scenario, {factor.path: value})
            for value in factor.ends()
            if not factor.when
        ]
    refuse_unshared_past(scenarios, at)


def _points_table(points: Sequence[PlanPoint], kinds: Mapping[str, str]) -> bytes:
    """Factor values by point, as a Parquet file."""
    import pyarrow as pa

    columns: dict[str, Any] = {"point": pa.array([p.name for p in points], pa.string())}
    for path, kind in kinds.items():
        values = [cell(kind, point.values.get(path)) for point in points]
        columns[path] = pa.array(values, factor_type(kind))
    return parquet_bytes(pa.table(columns))


def study_toml(loaded: LoadedStudy, seed: int, replicates: int) -> bytes:
    """The study with all defaults written out."""
    import tomli_w

    data = loaded.study.model_dump(mode="python", exclude_none=True)
    data |= {"name": loaded.name, "seed": seed, "replicates": replicates}
    if loaded.listing:
        data["design"]["file"] = LISTING
    return tomli_w.dumps(data).encode()
