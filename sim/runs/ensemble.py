"""Runs from their inputs to a stored result: the worlds of a scenario, the points of a study."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from sim.runs.dispatch import run_plan
from sim.runs.plan import RunPlan, plan_ensemble, plan_sweep
from sim.runs.result import Result
from sim.runs.run import ModelMaker
from sim.runs.settings import RunSettings
from sim.runs.study.reader import LoadedStudy, load_study
from sim.runs.worlds import Draws, World, WorldsMaker, worlds_of
from sim.scenario.schema.scenario import Scenario

T = TypeVar("T")
GROWTH = 2


def run_ensemble(
    scenario: Scenario,
    settings: RunSettings | None = None,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    worlds: tuple[World, ...] | WorldsMaker = worlds_of,
    model: ModelMaker | None = None,
    branch_at: date | None = None,
    earlier: Result | None = None,
    draws: Draws | None = None,
) -> Result:
    """Run every world of a scenario in every replicate, or go on where an earlier call stopped.

    Parameters
    ----------
    scenario
        What is run.
    settings
        Where; the same inputs lead to the same folder `out/<name>-<hash8>`.
    replicates, seed
        Taken from the scenario's `[ensemble]` unless given.
    worlds
        The worlds to run instead of those of `worlds_of(scenario)`; with draws, the function that
        makes them from a scenario, importable by workers.
    model
        Maker of the model, for tests and for other engines; must be importable by workers.
    branch_at
        Month up to which the worlds of a replicate are run as one; the numbers are the same.
    earlier
        A result of the same runs with fewer replicates, which are taken over.
    draws
        The draw of each replicate; the numbers of the scenario unless given.

    Returns
    -------
    Result
        A run that failed is a row of it.

    Raises
    ------
    SimError
        The folder cannot be used or written, workers do not start, or worlds that are to branch
        differ before the month.
    KeyboardInterrupt
        After Ctrl-C, when blocks in flight are stored; a second Ctrl-C does not wait for them.
    """

    def plan(runs: int | None, taken: Draws | None) -> RunPlan:
        return plan_ensemble(
            scenario, runs, seed, worlds=worlds, model=model, branch_at=branch_at, draws=taken
        )

    return _stored(plan, replicates, settings, earlier, draws)


def run_study(
    study: LoadedStudy | Path | str,
    settings: RunSettings | None = None,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    branch_at: date | None = None,
    model: ModelMaker | None = None,
    earlier: Result | None = None,
    draws: Draws | None = None,
) -> Result:
    """Run every point of a study in every replicate, or go on where an earlier call stopped.

    Claims are not judged here. Parameters and errors are those of `run_ensemble`.

    Raises
    ------
    SimError
        The study is refused, or as `run_ensemble`.
    """
    loaded = study if isinstance(study, LoadedStudy) else load_study(study)

    def plan(runs: int | None, taken: Draws | None) -> RunPlan:
        return plan_sweep(loaded, runs, seed, branch_at=branch_at, model=model, draws=taken)

    return _stored(plan, replicates, settings, earlier, draws)


def _stored(
    plan: Callable[[int | None, Draws | None], RunPlan],
    replicates: int | None,
    settings: RunSettings | None,
    earlier: Result | None,
    draws: Draws | None,
) -> Result:
    before = None
    if earlier is not None:
        before = (earlier.path, plan(earlier.replicates, earlier.draws))
    return Result(run_plan(plan(replicates, draws), settings or RunSettings(), before))


def until_narrow(
    run: Callable[[int, T | None], T],
    halfwidth: Callable[[T], float],
    wanted: float,
    at_first: int,
    at_most: int,
) -> T:
    """Run with more and more replicates until a half-width is at most what is wanted.

    Every look doubles the replicates, so the looks do not depend on what they show.

    Parameters
    ----------
    run
        Called with the replicates and the result of the look before.
    halfwidth
        Of a result; NaN goes on.
    wanted, at_first, at_most
        When to stop, replicates of the first look, replicates never passed.
    """
    replicates = min(at_first, at_most)
    result = run(replicates, None)
    while replicates < at_most:
        found = halfwidth(result)
        if not math.isnan(found) and found <= wanted:
            break
        replicates = min(GROWTH * replicates, at_most)
        result = run(replicates, result)
    return result
