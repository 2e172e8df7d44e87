"""A study run from its file to its stored result."""

from __future__ import annotations

from concurrent.futures import Executor
from datetime import date
from pathlib import Path
from typing import Any

from sim.experiment.dispatch import run_plan
from sim.experiment.progress import ProgressCallback
from sim.experiment.run import ModelMaker
from sim.study.plan import plan_sweep
from sim.study.reader import LoadedStudy, load_study
from sim.study.result import SweepResult


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

    Claims are not judged here. Parameters are those of `sim.experiment.ensemble.run_ensemble`.

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
