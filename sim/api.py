"""What `import sim` offers: load a scenario, run it, look at the result."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.analysis.judge import judge
from sim.experiment.ensemble import RESULTS, run_ensemble
from sim.experiment.progress import ProgressCallback, progress_on_stderr
from sim.experiment.result import Result
from sim.scenario.reader import load

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


def run(
    scenario: Scenario | Path | str,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str = RESULTS,
    progress: ProgressCallback | bool | None = None,
    executor: Executor | None = None,
) -> Result:
    """Run a scenario with all the worlds its verdict needs, store it and judge it.

    Parameters
    ----------
    scenario
        A scenario or the path of its file.
    replicates, seed
        Taken from the scenario's `[ensemble]` unless given.
    workers
        Processes of this machine; its cores unless given; 1 runs in this process.
    out
        The result lies in `out/<name>-<hash8>`; the same inputs lead to the same folder.
    progress
        True tells on stderr; a function is called with (done, total, failed, seconds left).
    executor
        Any `concurrent.futures.Executor` instead of local processes.

    Raises
    ------
    SimError
        The scenario is refused, or the folder cannot be used.
    """
    market = load(scenario) if isinstance(scenario, str | Path) else scenario
    settings: dict[str, Any] = {
        "replicates": replicates,
        "seed": seed,
        "workers": workers,
        "executor": executor,
        "out": out,
    }
    if progress is True:
        with progress_on_stderr() as told:
            result = run_ensemble(market, progress=told, **settings)
    else:
        result = run_ensemble(market, progress=progress or None, **settings)
    result.store_verdict(judge(result))
    return result
