"""All worlds of a scenario, run many times and stored."""

from __future__ import annotations

from concurrent.futures import Executor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.runs.dispatch import run_plan
from sim.runs.plan import plan_ensemble
from sim.runs.progress import ProgressCallback
from sim.runs.result import Result
from sim.runs.run import ModelMaker
from sim.runs.worlds import World

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


RESULTS = Path("results")


def run_ensemble(
    scenario: Scenario,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    out: Path | str = RESULTS,
    progress: ProgressCallback | None = None,
    worlds: tuple[World, ...] | None = None,
    model: ModelMaker | None = None,
    branch_at: date | None = None,
    earlier: Result | None = None,
) -> Result:
    """Run every world of a scenario in every replicate, or go on where an earlier call stopped.

    Parameters
    ----------
    scenario
        What is run.
    replicates, seed
        Taken from the scenario's `[ensemble]` unless given.
    workers
        Processes of this machine; its cores unless given; 1 runs in this process.
    executor
        Any executor instead; it must see the folder `out`.
    out
        The result lies in `out/<name>-<hash8>`; the same inputs lead to the same folder.
    progress
        Called with (runs done, runs in all, failed, seconds left or None).
    worlds
        The worlds to run instead of those of `worlds_of(scenario)`.
    model
        Maker of the model, for tests and for other engines; must be importable by workers.
    branch_at
        Month up to which the worlds of a replicate are run as one; the numbers are the same.
    earlier
        A result of the same runs with fewer replicates, which are taken over.

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
    chosen: dict[str, Any] = {"worlds": worlds, "model": model, "branch_at": branch_at}
    plan = plan_ensemble(scenario, replicates, seed, **chosen)
    before = None
    if earlier is not None:
        before = earlier.path, plan_ensemble(scenario, earlier.replicates, seed, **chosen)
    settings: dict[str, Any] = {"workers": workers, "executor": executor, "progress": progress}
    return Result(run_plan(plan, out, earlier=before, **settings))
