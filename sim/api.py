"""What `import sim` offers: run a scenario or a study, compare scenarios, look at the result.

What judges and draws a result is loaded when it is asked for, so that the first month does not
wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from datetime import date
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.runs.ensemble import run_ensemble, run_study, until_narrow
from sim.runs.files import read_json
from sim.runs.folders import result_folder
from sim.runs.plan import planned_size
from sim.runs.result import Result
from sim.runs.settings import RESULTS, ProgressCallback, RunSettings, progress_on_stderr
from sim.runs.study.reader import LoadedStudy, load_study
from sim.runs.study.schema import MOST_REPLICATES, UntilHalfwidth
from sim.runs.worlds import Draws
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario
from sim.scenario.shipped import POSTERIOR, located

if TYPE_CHECKING:
    from sim.analysis.compare import ScenarioComparison
    from sim.analysis.verdict.words import Answer

Progress = ProgressCallback | bool | None

NARROWEST = 0.001
"""Half-width of an interval that a run may be asked for."""


class JudgedResult(Result):
    """A stored result with what stands above the store: its verdict and its figures.

    `sim.Result` and `sim.SweepResult` are this class; see `is_sweep`.
    """

    @property
    def verdict(self) -> dict[str, Any]:
        """The stored verdict, or claims of a sweep; judged and stored now if not yet done."""
        if not self.judgement_path.exists():
            self.store_verdict(_judgement(self))
        return super().verdict

    @property
    def findings(self) -> dict[str, Any]:
        """Effects of the factors of a sweep, its best and worst points; stored when first asked.

        SimError if it is no sweep.
        """
        from sim.analysis.sweep import FINDINGS

        stored = self.path / FINDINGS
        return read_json(stored) if stored.exists() else _found(self)

    @property
    def plot(self) -> PlotsOfResult:
        """Figures by name: ``result.plot.curves("platform_token_share")`` -> (figure, axes)."""
        return PlotsOfResult(self)

    def _repr_html_(self) -> str:
        if self.is_sweep:
            claims = self.claims["claims"].items()
            rows = "".join(f"<li>{escape(n)}: {escape(c['verdict'])}</li>" for n, c in claims)
            return f"<p><code>{escape(repr(self))}</code></p><ul>{rows}</ul>"
        where = f"<p><code>{escape(str(self.path))}</code></p>"
        return self.answer._repr_html_() + where

    @property
    def answer(self) -> Answer:
        """What the result says, in the words of the screen; see `sim.analysis.verdict.words`."""
        from sim.analysis.verdict.words import answer_of

        return answer_of(self, self.verdict)


class PlotsOfResult:
    """Every registered plot as a method that draws this result."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def __getattr__(self, name: str) -> Callable[..., tuple[Any, Any]]:
        from sim.plot.registry import plots

        known = plots()
        if name not in known:
            raise AttributeError(f"no plot is called {name!r} (known: {', '.join(known)})")
        draw: Callable[..., tuple[Any, Any]] = partial(known[name].draw, self._result)
        return draw

    def __dir__(self) -> list[str]:
        from sim.plot.registry import plots

        return list(plots())


def open_result(path: Path | str) -> JudgedResult:
    """The result stored in a folder.

    `path` may be a beginning of the name of a folder in `results/`, or ``latest``. SimError if the
    folder holds no finished runs of this schema version.
    """
    return JudgedResult(result_folder(path))


def _judgement(result: Result) -> dict[str, Any]:
    if result.is_sweep:
        from sim.analysis.verdict.claims import judge_claims

        return judge_claims(result)
    from sim.analysis.verdict.judge import judge

    return judge(result)


def _found(result: Result) -> dict[str, Any]:
    from sim.analysis.effects import store_findings
    from sim.market.recorder import measures

    return store_findings(result, {name: one.unit for name, one in measures().items()})


def _judged(result: Result) -> JudgedResult:
    """The result with its verdict: the stored one if the same code judged the same runs."""
    from sim.analysis.verdict.grounds import is_judged, note_judged

    if is_judged(result):
        return JudgedResult(result.path)
    result.store_verdict(_judgement(result))
    if result.is_sweep:
        _found(result)
    note_judged(result)
    return JudgedResult(result.path)


def run(
    scenario: Scenario | Path | str,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str = RESULTS,
    name: str = "",
    progress: Progress = None,
    executor: Executor | None = None,
    until_halfwidth: float | None = None,
    branch_at: date | None = None,
    horizon: bool = False,
    posterior: Path | str | None = None,
    point: bool = False,
    split_variance: int | None = None,
    rng: int | None = None,
) -> JudgedResult:
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
    name
        Of the result folder, instead; refused if a folder of that name holds other inputs.
    progress
        True reports on stderr; a function is called with (done, total, failed, seconds left).
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
    posterior
        Posterior file: each replicate is one draw of it and one seed, the same in all worlds.
        Unless given, the file that the scenario names.
    point
        The numbers as they stand, although the scenario names a posterior.
    split_variance
        Seeds of each draw, in further runs of the scenario with and without the incumbent's
        levers: what the spread is made of, stored as `split.json`.
    rng
        Another name of `seed`, as Mesa has it.

    Raises
    ------
    SimError
        The scenario or the posterior is refused, or the folder cannot be used.
    """
    if rng is not None and seed is not None:
        raise SimError("seed and rng are two names of one number: give one of them")
    seed = rng if seed is None else seed
    market = load(scenario) if isinstance(scenario, str | Path) else scenario
    at_first = market.ensemble.replicates if replicates is None else replicates
    root = market.ensemble.seed if seed is None else seed
    file = _posterior_of(market, posterior, point, split_variance)
    settings = partial(_settings, out, workers, executor, progress)

    def look(runs: int | None, earlier: Result | None, called: str = "") -> JudgedResult:
        with settings(called) as own:
            found = run_ensemble(
                market,
                own,
                replicates=runs,
                seed=seed,
                branch_at=branch_at,
                earlier=earlier,
                draws=_draws_of(file, market, runs or at_first, root, at_first),
            )
        if horizon:
            from sim.analysis.verdict.specification import longer_result, run_longer

            before = None if earlier is None else longer_result(earlier)
            with settings() as own:
                run_longer(found, own, branch_at=branch_at, earlier=before)
        return _judged(found)

    def split(found: JudgedResult) -> JudgedResult:
        if file is not None and split_variance is not None:
            from sim.analysis.predictive import run_split

            with settings() as own:
                run_split(found, file, split_variance, own, branch_at=branch_at)
        return found

    if until_halfwidth is None:
        return split(look(replicates, None, name))
    if not NARROWEST <= until_halfwidth < 0.5:
        rule = f"must lie between {NARROWEST:g} and 0.5"
        raise SimError(f"until_halfwidth = {until_halfwidth:g}: {rule}")
    if market.contest is None:
        raise SimError("until_halfwidth: without a contest there is no probability of containment")
    from sim.analysis.statistics import runs_for_share_halfwidth

    most = min(max(at_first, runs_for_share_halfwidth(until_halfwidth)), MOST_REPLICATES)
    found = until_narrow(look, containment_halfwidth, until_halfwidth, at_first, most)
    return split(look(found.replicates, found, name) if name else found)


def _posterior_of(
    market: Scenario, given: Path | str | None, point: bool, split_variance: int | None = None
) -> Path | None:
    if market.posterior is None and given is None and split_variance is None:
        return None
    from sim.analysis.predictive import posterior_of

    file = posterior_of(market, given, point)
    if split_variance is not None:
        if file is None:
            raise SimError("split_variance: needs a posterior over which the scenario is run")
        if split_variance < 2:
            raise SimError(f"split_variance = {split_variance}: at least 2 seeds of each draw")
    return file


def _draws_of(
    file: Path | None, market: Scenario, replicates: int, seed: int, first: int | None = None
) -> Draws | None:
    if file is None:
        return None
    from sim.analysis.predictive import draws_of

    return draws_of(file, market, replicates, seed, first)


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
    name: str = "",
    progress: Progress = None,
    executor: Executor | None = None,
    branch_at: date | None = None,
    changes: Mapping[str, Any] | Sequence[str] = (),
    posterior: Path | str | None = None,
) -> JudgedResult:
    """Run a study, store it and judge its claims; the same call goes on where one stopped.

    Parameters
    ----------
    study
        The path of a study file, or a study that was loaded.
    changes
        Values of the scenario at dotted paths, at all points; a study that was loaded has them.
    replicates, seed, workers, out, progress, executor, branch_at
        As for `run`; what is not given is taken from the study.
    posterior
        Posterior file: each replicate is one draw of it, the same at all points; a factor of the
        study goes before a draw. Unless given, the numbers as they stand.

    Raises
    ------
    SimError
        The study is refused before its first run, a change is of a number that is drawn, or the
        folder cannot be used.
    """
    loaded = study if isinstance(study, LoadedStudy) else load_study(study, changes)
    at_first, root = planned_size(loaded, replicates, seed)
    file = None if posterior is None else Path(located(posterior, POSTERIOR))
    if file is not None and changes:
        from sim.analysis.predictive import draws_of, refuse_drawn
        from sim.scenario.reader import parse_override

        paths = [c if isinstance(changes, Mapping) else parse_override(c)[0] for c in changes]
        refuse_drawn(draws_of(file, loaded.scenario, at_first, root), paths)

    def look(runs: int | None, earlier: Result | None, called: str = "") -> JudgedResult:
        with _settings(out, workers, executor, progress, called) as settings:
            found = run_study(
                loaded,
                settings,
                replicates=runs,
                seed=seed,
                branch_at=branch_at,
                earlier=earlier,
                draws=_draws_of(file, loaded.scenario, runs or at_first, root, at_first),
            )
        return _judged(found)

    rule = loaded.study.replicates
    if replicates is not None or not isinstance(rule, UntilHalfwidth):
        return look(replicates, None, name)
    narrow = until_narrow(look, claims_halfwidth, rule.until_halfwidth, rule.at_first, rule.at_most)
    return look(narrow.replicates, narrow, name) if name else narrow


def claims_halfwidth(result: Result) -> float:
    """Half of the widest interval of the claims, given the points; NaN if one has none."""
    widths = []
    for claim in result.claims["claims"].values():
        low, high = claim.get("interval_given_points", (math.nan, math.nan))
        widths.append((high - low) / 2.0)
    return math.nan if any(map(math.isnan, widths)) else max(widths)


def compare(
    scenarios: Sequence[Scenario],
    names: Sequence[str] | None = None,
    *,
    measures: Sequence[str] = (),
    margins: Mapping[str, float] | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str = RESULTS,
    name: str = "",
    progress: Progress = None,
    executor: Executor | None = None,
    posterior: Path | str | None = None,
    point: bool = False,
) -> tuple[JudgedResult, ScenarioComparison]:
    """Run each scenario as it stands on the same seeds and compare all with the first.

    Parameters
    ----------
    scenarios, names, measures, margins
        As for `sim.analysis.compare.compare`.
    replicates, seed, workers, out, name, progress, executor
        As for `run`.
    posterior, point
        As for `run`; each replicate is the same draw in all scenarios. Unless given, the file that
        the first scenario names.

    Raises
    ------
    SimError
        The scenarios cannot be compared, a measure does not exist, a number in which they differ
        is drawn from the posterior, or as `run`.
    """
    from sim.analysis.compare import compare as run_and_compare

    file = _posterior_of(scenarios[0], posterior, point) if scenarios else None
    with _settings(out, workers, executor, progress, name) as settings:
        result, found = run_and_compare(
            scenarios,
            names,
            settings,
            measures=measures,
            margins=margins,
            replicates=replicates,
            seed=seed,
            posterior=file,
        )
    return JudgedResult(result.path), found


@contextmanager
def _settings(
    out: Path | str,
    workers: int | None,
    executor: Executor | None,
    progress: Progress,
    name: str = "",
) -> Iterator[RunSettings]:
    context = progress_on_stderr() if progress is True else nullcontext(progress or None)
    with context as callback:
        yield RunSettings(out, workers, executor, callback, name)
