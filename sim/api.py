"""What `import sim` offers: load a scenario, run it or sweep over it, look at the result.

What judges a result is loaded when there is one, so that the first month does not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.runs.ensemble import RESULTS, run_ensemble
from sim.runs.progress import ProgressCallback, progress_on_stderr
from sim.runs.result import Result
from sim.scenario.reader import load

if TYPE_CHECKING:
    from sim.runs.study.reader import LoadedStudy
    from sim.runs.study.result import SweepResult
    from sim.scenario.schema.scenario import Scenario

Progress = ProgressCallback | bool | None


def run(
    scenario: Scenario | Path | str,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str = RESULTS,
    progress: Progress = None,
    executor: Executor | None = None,
    until_halfwidth: float | None = None,
    branch_at: date | None = None,
    horizon: bool = False,
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
    until_halfwidth
        Double the replicates until half of the 95 % Wilson interval of the probability of
        containment is at most this; finished replicates are taken over.
    branch_at
        Month up to which the worlds of a replicate are run as one; the numbers are the same.
    horizon
        Run the same seeds `containment.horizon_months` further, as a second result beside the
        first, and judge with it.

    Raises
    ------
    SimError
        The scenario is refused, or the folder cannot be used.
    """
    market = load(scenario) if isinstance(scenario, str | Path) else scenario
    settings: dict[str, Any] = {
        "seed": seed,
        "workers": workers,
        "executor": executor,
        "out": out,
        "branch_at": branch_at,
    }

    def look(runs: int | None, earlier: Result | None) -> Result:
        result = _told(progress, run_ensemble, market, replicates=runs, earlier=earlier, **settings)
        from sim.analysis.verdict.horizon import longer_result, run_longer
        from sim.analysis.verdict.judge import judge

        if horizon:
            before = None if earlier is None else longer_result(earlier)
            # The result knows its seed.
            further = {name: value for name, value in settings.items() if name != "seed"}
            _told(progress, run_longer, result, earlier=before, **further)
        result.store_verdict(judge(result))
        return result

    if until_halfwidth is None:
        return look(replicates, None)
    if not 0.0 < until_halfwidth < 0.5:
        raise SimError(f"until_halfwidth = {until_halfwidth}: must lie between 0 and 0.5")
    if market.contest is None:
        raise SimError("until_halfwidth: without a contest there is no probability of containment")
    from sim.analysis.statistics import runs_for_share_halfwidth
    from sim.runs.study.run import until_narrow

    first = market.ensemble.replicates if replicates is None else replicates
    most = max(first, runs_for_share_halfwidth(until_halfwidth))
    return until_narrow(look, containment_halfwidth, until_halfwidth, first, most)


def containment_halfwidth(result: Result) -> float:
    """Half of the 95 % Wilson interval of the probability of containment; NaN without a verdict."""
    verdict = result.verdict
    if not verdict["verdicts"]:
        return math.nan
    from sim.analysis.statistics import wilson_interval

    primary = verdict["verdicts"][verdict["primary"]]
    n = primary["n"]
    interval = wilson_interval(primary["emergence"]["share"] * n, n)
    return (interval.upper - interval.lower) / 2.0


def sweep(
    study: LoadedStudy | Path | str,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str = RESULTS,
    progress: Progress = None,
    executor: Executor | None = None,
    branch_at: date | None = None,
    changes: Mapping[str, Any] | Sequence[str] = (),
) -> SweepResult:
    """Run a study, store it and judge its claims; the same call goes on where one stopped.

    Parameters
    ----------
    study
        The path of a study file, or a study that was loaded.
    changes
        Values of the scenario at dotted paths, at all points.
    replicates, seed, workers, out, progress, executor, branch_at
        As for `run`; what is not given is taken from the study.

    Raises
    ------
    SimError
        The study is refused before its first run, or the folder cannot be used.
    """
    from sim.runs.study.reader import LoadedStudy, load_study
    from sim.runs.study.run import run_study, until_narrow
    from sim.runs.study.schema import UntilHalfwidth

    loaded = study if isinstance(study, LoadedStudy) else load_study(study, changes)
    settings: dict[str, Any] = {
        "seed": seed,
        "workers": workers,
        "executor": executor,
        "out": out,
        "branch_at": branch_at,
    }

    def look(runs: int | None, earlier: SweepResult | None) -> SweepResult:
        result = _told(progress, run_study, loaded, replicates=runs, earlier=earlier, **settings)
        from sim.analysis.verdict.claims import judge_claims

        result.store_claims(judge_claims(result))
        return result

    rule = loaded.study.replicates
    if replicates is not None or not isinstance(rule, UntilHalfwidth):
        return look(replicates, None)
    return until_narrow(look, claims_halfwidth, rule.until_halfwidth, rule.at_first, rule.at_most)


def claims_halfwidth(result: SweepResult) -> float:
    """Half of the widest interval of the claims, given the points; NaN if one has none."""
    widths = []
    for told in result.claims["claims"].values():
        low, high = told.get("interval_given_points", (math.nan, math.nan))
        widths.append((high - low) / 2.0)
    return math.nan if any(map(math.isnan, widths)) else max(widths)


def _told(progress: Progress, call: Callable[..., Any], *given: Any, **settings: Any) -> Any:
    context = progress_on_stderr() if progress is True else nullcontext(progress or None)
    with context as told:
        return call(*given, progress=told, **settings)
