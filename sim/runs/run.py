"""Runs made: one model stepped through its months, and the runs of a block one after the other."""

from __future__ import annotations

import math
import pickle
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from sim.errors import RunFailure, SimError, is_shortage
from sim.runs.rows import ABORTED, DONE, FAILED, FloatArray, RunRecord
from sim.runs.study.schema import CLAIM, WORLD, Claim, cell
from sim.runs.worlds import ON, Draws, WorldsMaker, worlds_of
from sim.scenario.patches import replace as with_values
from sim.scenario.schema.scenario import Scenario

MESSAGE_LENGTH = 500
DRAW = "draw"
"""Column of the draw that a run took."""
ENDED_ABRUPTLY = "the worker process ended abruptly, twice"


class Model(Protocol):
    """What a run needs of a market model."""

    curves: dict[str, FloatArray]
    facts: dict[str, float]
    axes: Mapping[str, tuple[str, ...]]

    def run(self) -> object:
        """Step through all months."""


ModelMaker = Callable[..., Any]


def seed_of(root_seed: int, replicate: int) -> np.random.SeedSequence:
    """Seed of a replicate, the same in every world: common random numbers."""
    return np.random.SeedSequence(entropy=root_seed, spawn_key=(replicate,))


def run_world(
    scenario: Scenario,
    seed: int,
    replicate: int,
    *,
    point: str = "on",
    model: ModelMaker | None = None,
) -> RunRecord:
    """Run one replicate of one world; whatever goes wrong in the model becomes part of the record.

    A run that the machine is too small for is aborted, one that its inputs stop has failed.

    The run draws from child `replicate` of the root seed. The maker is called as
    ``model(scenario, rng=seed_sequence)``; what it makes is emptied when the run is recorded.
    """
    began = time.perf_counter()
    stage, market = "setup", None
    try:
        maker = model if model is not None else _market_model()
        market = maker(scenario, rng=seed_of(seed, replicate))
        stage = "run"
        market.run()
        stage = "outcomes"
        dims = dims_of(market, scenario.calendar.months)
        curves = market.curves
        _refuse_infinite(curves, dims, market.axes)
        outcomes = scalar_outcomes(scenario, curves, dims, market.axes)
        for name, value in (*outcomes.items(), *market.facts.items()):
            if math.isinf(value):
                raise RunFailure("outcomes", f"{name} is infinite")
        if clash := sorted(outcomes.keys() & market.facts.keys()):
            raise ValueError(f"facts and outcomes share names: {', '.join(clash)}")
        return RunRecord(
            point,
            replicate,
            seed,
            DONE,
            outcomes=outcomes,
            facts={name: float(value) for name, value in market.facts.items()},
            curves=dict(curves),
            dims=dims,
            axes={name: tuple(labels) for name, labels in market.axes.items()},
            seconds=time.perf_counter() - began,
        )
    except Exception as error:
        where, message = _stage_and_message(stage, error)
        status = ABORTED if is_shortage(error) else FAILED
        seconds = time.perf_counter() - began
        return RunRecord(point, replicate, seed, status, where, message, seconds=seconds)
    finally:
        # Parts of a market point at it, so it would stay until the next search for garbage.
        getattr(market, "__dict__", {}).clear()


def _market_model() -> ModelMaker:
    from sim.market.simulation import Simulation

    return Simulation


def _stage_and_message(stage: str, error: Exception) -> tuple[str, str]:
    if isinstance(error, RunFailure):
        return error.stage, error.message[:MESSAGE_LENGTH]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return stage, f"{type(error).__name__}: {error}"[:MESSAGE_LENGTH] + where


def dims_of(model: Model, months: int) -> dict[str, tuple[str, ...]]:
    """Dimensions after the month of each curve: as the model declares, else the measures.

    ValueError if a curve does not have the shape that its measure and the axes give it.
    """
    declared, curves = getattr(model, "dims", None), model.curves
    if declared is None:
        from sim.market.recorder import measures

        known = measures()
        declared = {name: known[name].dims for name in curves}
    dims = {name: tuple(declared[name]) for name in sorted(curves)}
    lengths = {axis: len(labels) for axis, labels in model.axes.items()}
    for name, names in dims.items():
        expected = (months, *[lengths[axis] for axis in names])
        found = curves[name].shape
        if found != expected:
            raise ValueError(f"{name}: shape {found}, expected {expected} over month, {names}")
    return dims


def _refuse_infinite(
    curves: Mapping[str, FloatArray],
    dims: Mapping[str, tuple[str, ...]],
    axes: Mapping[str, tuple[str, ...]],
) -> None:
    """RunFailure names the first infinite number of a run: its measure, month and labels."""
    whole = [curve.ravel() for curve in curves.values()]  # one look at all: most runs have none
    if not whole or not np.isinf(np.concatenate(whole)).any():
        return
    for name in sorted(curves):
        found = np.isinf(curves[name])
        if found.any():
            month, *places = map(int, np.argwhere(found)[0])
            labels = [axes[dim][place] for dim, place in zip(dims[name], places, strict=True)]
            of = f" of {', '.join(labels)}" if labels else ""
            raise RunFailure("run", f"{name}{of} is infinite in month {month}")


def scalar_outcomes(
    scenario: Scenario,
    curves: Mapping[str, FloatArray],
    dims: Mapping[str, tuple[str, ...]],
    axes: Mapping[str, tuple[str, ...]],
) -> dict[str, float]:
    """Mean of each curve over the last `containment.window_months`.

    A curve by vendor gives one column for each party: `incumbent_<measure>` and
    `challenger_<measure>` in a contest, else `<vendor>_<measure>` for all. A curve of the market
    gives a column of its own name. NaN if a month of the window has no value.
    """
    window = scenario.containment.window_months
    contest = scenario.contest
    parties = {name: name for name in axes.get("vendor", ())}
    if contest is not None:
        parties = {"incumbent": contest.incumbent, "challenger": contest.challenger}
    by_vendor = ("vendor",) in dims.values()
    columns = [axes["vendor"].index(name) for name in parties.values()] if by_vendor else []
    names: list[str] = []
    paths: list[FloatArray] = []
    for name in sorted(curves):
        last = curves[name][-window:]
        if dims[name] == ():
            names.append(name)
            paths.append(last)
        elif dims[name] == ("vendor",):
            names += [f"{party}_{name}" for party in parties]
            paths += [last[:, column] for column in columns]
    if not names:
        return {}
    return dict(zip(names, np.array(paths).mean(axis=1).tolist(), strict=True))


def from_a_trunk(at: date) -> ModelMaker:
    """A maker that runs to a month once for each seed, with the scenario it is first given.

    Its models go on from there under their own scenarios; one of another past is refused.
    """
    from sim.market.simulation import Simulation, branch, branch_month

    trunks: dict[tuple[Any, ...], Simulation] = {}

    def make(scenario: Scenario, rng: np.random.SeedSequence) -> Simulation:
        key = (rng.entropy, *rng.spawn_key)
        if key not in trunks:
            trunks.clear()
            trunk = Simulation(scenario, rng=rng)
            for _ in range(branch_month(scenario, at)):
                trunk.step()
            trunks[key] = trunk
        return branch(trunks[key], scenario)

    return make


def refuse_unshared_past(scenarios: list[Scenario], at: date) -> None:
    """Refuse scenarios that do not share their past up to a month.

    SimError names the first difference, or a date outside the calendar.
    """
    from sim.market.simulation import branch_month, refuse_other_past

    branch_month(scenarios[0], at)
    for other in scenarios[1:]:
        refuse_other_past(scenarios[0], other, at)


@dataclass(frozen=True)
class RunRecipe:
    """What all runs of a plan share: from it and a point a worker makes the point's scenario."""

    scenario: Scenario  # the base to which the factor values of a point are applied
    worlds: Mapping[str, Scenario] = field(default_factory=dict)  # of points without factors
    kinds: Mapping[str, str] = field(default_factory=dict)  # types of the columns of factors
    claims: Mapping[str, Claim] = field(default_factory=dict)  # their values are outcomes, too
    measures: tuple[str, ...] | None = None  # curves that are kept; None for all
    stride: int = 1  # months from one kept number of a curve to the next
    branch_at: date | None = None  # month up to which all points are run as one
    model: ModelMaker | None = None  # the market model unless given
    draws: Draws | None = None  # of each replicate, on which its scenarios are built
    make_worlds: WorldsMaker = worlds_of  # of a draw, with the names of `worlds`

    def maker(self) -> ModelMaker | None:
        """Maker of the models of a block."""
        return self.model if self.branch_at is None else from_a_trunk(self.branch_at)

    def scenarios(self, points: Sequence[PlanPoint], replicate: int) -> dict[str, Scenario | str]:
        """The scenario of each point in a replicate, or why it has none."""
        base, worlds = self.scenario, self.worlds
        try:
            if self.draws is not None and self.draws.beside:
                worlds = self.draws.worlds(worlds, replicate)
            elif self.draws is not None:
                base = self.draws.scenario(base, replicate)
                made = self.make_worlds(base) if worlds else ()
                worlds = {world.name: world.scenario for world in made}
        except SimError as error:
            return {point.name: str(error)[:MESSAGE_LENGTH] for point in points}
        if worlds:
            none = "this draw has no world {}"
            return {p.name: worlds.get(p.name, none.format(p.name)) for p in points}
        return {point.name: _scenario_or_error(base, point) for point in points}

    def cells(self, point: PlanPoint, replicate: int) -> dict[str, Any]:
        """Factor values of a point, and the draw, as they stand in the table of runs."""
        values = dict(point.values)
        if self.draws is not None:
            values[DRAW] = self.draws.of[replicate]
        return {path: cell(kind, values.get(path)) for path, kind in self.kinds.items()}

    def kept(self, record: RunRecord, scenario: Scenario) -> RunRecord:
        """The record with the claims' values and only those curves and months that are stored."""
        if not record.curves:
            return record
        try:
            values = claim_values(self.claims, record, scenario.containment.window_months)
        except (KeyError, ValueError) as error:
            message = f"a claim cannot be read: {error}"
            run = record.point, record.replicate, record.seed
            return RunRecord(*run, FAILED, "claims", message)
        names = [n for n in record.curves if self.measures is None or n in self.measures]
        return replace(
            record,
            outcomes={**record.outcomes, **values},
            curves={n: record.curves[n][self.stride - 1 :: self.stride] for n in names},
            dims={name: record.dims[name] for name in names},
        )


class PlanPoint(NamedTuple):
    """A point of a plan: its name, its factor values, and the first point of equal scenario."""

    name: str
    values: Mapping[str, Any]
    same_as: str


def point_scenario(base: Scenario, values: Mapping[str, Any]) -> Scenario:
    """The scenario of a point with factor values.

    SimError if the values make no sense together, or the point has no such world.
    """
    changes = {path: value for path, value in values.items() if path != WORLD}
    # the worlds without a lever are checked when one of them is made
    scenario = with_values(base, changes, worlds=False) if changes else base
    name = values.get(WORLD, ON)
    if name == ON:
        return scenario
    for world in worlds_of(scenario):
        if world.name == name:
            return world.scenario
    raise SimError(f"this point has no world {name}")


def _scenario_or_error(base: Scenario, point: PlanPoint) -> Scenario | str:
    try:
        return point_scenario(base, point.values)
    except SimError as error:
        return str(error)[:MESSAGE_LENGTH]


def claim_values(claims: Mapping[str, Claim], record: RunRecord, window: int) -> dict[str, float]:
    """Mean over its window of what each claim speaks of."""
    found = {}
    for name, claim in claims.items():
        curve = record.curves[claim.measure][-(claim.window_months or window) :]
        if claim.of:
            curve = curve[:, record.axes["vendor"].index(claim.of)]
        found[CLAIM + name] = float(curve.mean())
    return found


@lru_cache(2)
def _unpickled(recipe: bytes) -> RunRecipe:
    found: RunRecipe = pickle.loads(recipe)
    return found


@dataclass(frozen=True)
class BlockRuns:
    """The runs of a block, as a worker needs them: some points in some replicates.

    The recipe is pickled once for all blocks.
    """

    recipe: bytes
    points: tuple[PlanPoint, ...]
    replicates: tuple[int, ...]
    seed: int

    @property
    def kinds(self) -> Mapping[str, str]:
        """Columns of factor values and their types."""
        return _unpickled(self.recipe).kinds

    def records(self) -> list[RunRecord]:
        """Run all, in the order of points, then replicates; equal points are run once.

        Replicate after replicate is run, so that points share the clients of each.
        """
        recipe = _unpickled(self.recipe)
        maker = recipe.maker()
        scenarios: dict[str, Scenario | str] = {}
        made: dict[tuple[str, int], RunRecord] = {}
        for replicate in self.replicates:
            if not scenarios or recipe.draws is not None:
                scenarios = recipe.scenarios(self.points, replicate)
            for point in self.points:
                same = made.get((point.same_as, replicate))
                if recipe.draws is not None and same is not None:
                    # worlds that are equal as the scenario stands may differ under a draw
                    same = same if scenarios[same.point] == scenarios[point.name] else None
                if same is not None:
                    record = replace(same, point=point.name, seconds=0.0)
                else:
                    record = self._record(recipe, maker, point, scenarios[point.name], replicate)
                made[point.name, replicate] = record
        return [made[point.name, r] for point in self.points for r in self.replicates]

    def _record(
        self,
        recipe: RunRecipe,
        maker: ModelMaker | None,
        point: PlanPoint,
        scenario: Scenario | str,
        replicate: int,
    ) -> RunRecord:
        if isinstance(scenario, str):
            record = RunRecord(point.name, replicate, self.seed, FAILED, "scenario", scenario)
        else:
            record = run_world(scenario, self.seed, replicate, point=point.name, model=maker)
            record = recipe.kept(record, scenario)
        return replace(record, factors=recipe.cells(point, replicate))

    def parts(self) -> Sequence[BlockRuns]:
        """The runs one by one; worlds of a replicate stay together.

        What ends the process of a world is mostly the draw that all worlds of it share.
        """
        if _unpickled(self.recipe).worlds:
            return [self]
        return [
            replace(self, points=(point,), replicates=(replicate,))
            for point in self.points
            for replicate in self.replicates
        ]

    def aborted(self) -> list[RunRecord]:
        """The records of these runs if their process ended under them."""
        recipe = _unpickled(self.recipe)
        why = ABORTED, "worker", ENDED_ABRUPTLY
        return [
            RunRecord(point.name, r, self.seed, *why, factors=recipe.cells(point, r))
            for point in self.points
            for r in self.replicates
        ]
