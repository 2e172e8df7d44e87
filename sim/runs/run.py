"""One run: a model stepped through its months; a common past that many scenarios share."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from sim.errors import RunFailure

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


FloatArray = npt.NDArray[np.float64]

DONE = "done"
FAILED = "failed"
ABORTED = "aborted"
ENDED_ABRUPTLY = "the worker process ended abruptly, twice"
MESSAGE_LENGTH = 500


class Model(Protocol):
    """What a run needs of a market model."""

    curves: dict[str, FloatArray]
    facts: dict[str, float]
    axes: Mapping[str, tuple[str, ...]]

    def run(self) -> object:
        """Step through all months."""


ModelMaker = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class RunRecord:
    """What is kept of a run; one that failed has a stage and a message instead of numbers."""

    point: str
    replicate: int
    seed: int
    status: str
    stage: str = ""
    message: str = ""
    outcomes: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, Any] = field(default_factory=dict)
    curves: Mapping[str, FloatArray] = field(default_factory=dict)
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float = 0.0


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

    Parameters
    ----------
    scenario
        The world.
    seed, replicate
        Root seed, and which child of it this run draws from.
    point
        Name of the world.
    model
        Called as ``model(scenario, rng=seed_sequence)``; the market model unless given. What it
        makes is emptied when the run is recorded.
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
        outcomes = scalar_outcomes(scenario, curves, dims, market.axes)
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
        where, message = _told(stage, error)
        return failed_run(point, replicate, seed, where, message, time.perf_counter() - began)
    finally:
        # Parts of a market point at it, so it would stay until the next search for garbage.
        getattr(market, "__dict__", {}).clear()


def failed_run(
    point: str, replicate: int, seed: int, stage: str, message: str, seconds: float = 0.0
) -> RunRecord:
    """The record of a run without numbers."""
    return RunRecord(point, replicate, seed, FAILED, stage, message, seconds=seconds)


def aborted_run(point: str, replicate: int, seed: int, factors: Mapping[str, Any]) -> RunRecord:
    """The record of a run whose process ended under it."""
    return RunRecord(point, replicate, seed, ABORTED, "worker", ENDED_ABRUPTLY, factors=factors)


def _market_model() -> ModelMaker:
    from sim.market.model import MarketModel

    return MarketModel


def _told(stage: str, error: Exception) -> tuple[str, str]:
    if isinstance(error, RunFailure):
        return error.stage, error.message[:MESSAGE_LENGTH]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return stage, f"{type(error).__name__}: {error}"[:MESSAGE_LENGTH] + where


def dims_of(model: Model, months: int) -> dict[str, tuple[str, ...]]:
    """Dimensions after the month of each curve: the model's own word, else the measures'.

    Raises
    ------
    ValueError
        A curve does not have the shape that its measure and the axes give it.
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
    from sim.market.branch import branch, branch_month
    from sim.market.model import MarketModel

    trunks: dict[tuple[Any, ...], MarketModel] = {}

    def make(scenario: Scenario, rng: np.random.SeedSequence) -> MarketModel:
        key = (rng.entropy, *rng.spawn_key)
        if key not in trunks:
            trunks.clear()
            trunk = MarketModel(scenario, rng=rng)
            for _ in range(branch_month(scenario, at)):
                trunk.step()
            trunks[key] = trunk
        return branch(trunks[key], scenario)

    return make


def refuse_unshared_past(scenarios: list[Scenario], at: date) -> None:
    """Refuse scenarios that do not share their past up to a month.

    Raises
    ------
    SimError
        Names the first difference, or a date outside the calendar.
    """
    from sim.market.branch import branch_month, refuse_other_past

    branch_month(scenarios[0], at)
    for other in scenarios[1:]:
        refuse_other_past(scenarios[0], other, at)
