"""A study run from its file to its stored result, look by look."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from sim.runs.dispatch import run_plan
from sim.runs.progress import ProgressCallback
from sim.runs.run import ModelMaker
from sim.runs.study.plan import plan_sweep
from sim.runs.study.reader import LoadedStudy, load_study
from sim.runs.study.result import SweepResult

T = TypeVar("T")
GROWTH = 2


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


def run_study(
    study: LoadedStudy | Path | str,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    out: Path | str = "results",
    progress: ProgressCallback | None = None,
    branch_at: date | None = None,
    model: ModelMaker | None = None,
    earlier: SweepResult | None = None,
) -> SweepResult:
    """Run every point of a study in every replicate, or go on where an earlier call stopped.

    Claims are not judged here. Parameters are those of `sim.runs.ensemble.run_ensemble`.

    Raises
    ------
    SimError
        The study is refused, or the folder cannot be used or written.
    KeyboardInterrupt
        After Ctrl-C, when blocks in flight are stored.
    """
    loaded = study if isinstance(study, LoadedStudy) else load_study(study)
    plan = plan_sweep(loaded, replicates, seed, branch_at=branch_at, model=model)
    before = None
    if earlier is not None:
        smaller = plan_sweep(loaded, earlier.replicates, seed, branch_at=branch_at, model=model)
        before = earlier.path, smaller
    settings: dict[str, Any] = {"workers": workers, "executor": executor, "progress": progress}
    return SweepResult(run_plan(plan, out, earlier=before, **settings))
