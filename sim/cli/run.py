"""The verb that runs a scenario."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import EXPECTED_ERROR, complain, options
from sim.cli.options import (
    RESULTS,
    SOME_FAILED,
    changed,
    drawn_over,
    executor_of,
    month_of,
)

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rich.text import Text

    from sim.analysis.episode import EpisodeFindings
    from sim.analysis.verdict.words import Answer
    from sim.runs.result import Result
    from sim.runs.worlds import Draws
    from sim.scenario.schema.scenario import Scenario


class Figures(StrEnum):
    """Which pictures a run draws."""

    NONE = "none"
    MAIN = "main"
    ALL = "all"


def run(
    scenario: options.ScenarioFile,
    replicates: options.Replicates = None,
    seed: options.Seed = None,
    set_: options.Changes = None,
    off_variant: options.OffVariants = None,
    clients: options.Clients = None,
    horizon: Annotated[
        bool,
        typer.Option(
            "--horizon", help="Run the same seeds on beyond the horizon and judge with it."
        ),
    ] = False,
    posterior: options.Posterior = None,
    point: options.Point = False,
    split_variance: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="K seeds of each draw: spread by seed, parameters, strategies."
        ),
    ] = None,
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
    until_halfwidth: Annotated[
        float | None,
        typer.Option(
            metavar="H", help="Add replicates until containment's probability is known this well."
        ),
    ] = None,
    branch_at: options.BranchAt = None,
    out: options.Out = RESULTS,
    name: options.Name = "",
    figures: Annotated[
        Figures,
        typer.Option(help="Pictures that are not there yet: none, the four main ones, or all."),
    ] = Figures.MAIN,
    json_: Annotated[
        bool, typer.Option("--json", help="Print folder and verdict as JSON; draws no picture.")
    ] = False,
    definitions: Annotated[
        bool, typer.Option("--definitions", help="D1 to D6 in words: value, threshold, answer.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Seeds, all shares, robustness, dates, costs.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Time of each phase on stderr; one process.")
    ] = False,
) -> int:
    """Run a scenario with its counterfactual worlds and say what holds.

    The same command goes on where an interrupted one stopped.
    """
    from sim.api import run as run_and_judge
    from sim.runs.settings import progress_on_stderr
    from sim.scenario.reader import load

    changes = changed(set_, clients, off_variant)
    market = load(scenario, changes)
    drawn = drawn_over(market, posterior, point, changes, replicates, seed)
    if not json_:
        print(*_run_intention(market, replicates, seed, drawn), sep="\n", file=sys.stderr)
    workers = 1 if profile else workers
    with (
        _profiled_on_stderr(profile),
        executor_of(scheduler, workers) as executor,
        progress_on_stderr() as progress,
    ):
        result = run_and_judge(
            market,
            replicates=replicates,
            seed=seed,
            workers=workers,
            executor=executor,
            until_halfwidth=until_halfwidth,
            branch_at=month_of(branch_at),
            out=out,
            name=name,
            progress=progress,
            horizon=horizon,
            posterior=posterior,
            point=point,
            split_variance=split_variance,
        )
        drawn_now = Figures.NONE if json_ else figures
        drawn_figures, trouble = _figures(result, drawn_now, workers, executor)
    verdict = result.verdict
    findings = _episode(result)
    split = None if split_variance is None else _split(result)
    same = _same_again(scenario, set_, off_variant, clients, seed, posterior, point, horizon, out)
    answer = _answer(result, verdict, same, drawn_figures)
    if json_:
        document: dict[str, Any] = {"folder": str(result.path), "verdict": verdict}
        document["answer"] = asdict(answer)
        if findings is not None:
            document["episode"] = findings.document()
        if split is not None:
            document["split"] = split
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        _show(result, verdict, answer, split, definitions, verbose)
    if trouble:
        complain(trouble)
        return EXPECTED_ERROR
    return SOME_FAILED if len(result.failed) else 0


def _same_again(
    scenario: Path,
    set_: Sequence[str] | None,
    off_variant: Sequence[str] | None,
    clients: int | None,
    seed: int | None,
    posterior: Path | None,
    point: bool,
    horizon: bool,
    out: Path,
) -> list[str]:
    """The command that runs the same worlds, but for the number of replicates."""
    words = ["sim", "run", str(scenario)]
    for name, values in (("--set", set_), ("--off-variant", off_variant)):
        words += [part for value in values or () for part in (name, value)]
    given = (("--clients", clients), ("--seed", seed), ("--posterior", posterior))
    words += [part for name, value in given if value is not None for part in (name, str(value))]
    words += [flag for flag, on in (("--point", point), ("--horizon", horizon)) if on]
    return words if out == RESULTS else [*words, "--out", str(out)]


def _answer(
    result: Result, verdict: Mapping[str, Any], same: Sequence[str], figures: Sequence[Path]
) -> Answer:
    """The answer with the commands that go on from it."""
    from sim.analysis.verdict.words import answer_of, more_replicates

    found = answer_of(result, verdict)
    needed = more_replicates(verdict)
    again = () if needed is None else (shlex.join([*same, "--replicates", str(needed)]),)
    drawn = f", {len(figures)} {'figure' if len(figures) == 1 else 'figures'}" if figures else ""
    plot, report = found.next
    return replace(found, next=(plot, *again, report), foot=f"{found.foot}{drawn}")


def _show(
    result: Result,
    verdict: Mapping[str, Any],
    answer: Answer,
    split: Mapping[str, Any] | None,
    definitions: bool,
    verbose: bool,
) -> None:
    """The answer on one screen, and what was asked for beside it."""
    from sim.analysis.verdict.details import (
        Detail,
        definitions_of,
        details_of,
        endings_of,
        split_of,
    )
    from sim.cli.screen import (
        answer_lines,
        definition_lines,
        detail_lines,
        lines_in_currency,
        say,
    )

    def tell(lines: Iterable[Text | str]) -> None:
        say(lines_in_currency(lines, result.scenario))

    say(answer_lines(answer))
    entry = (verdict.get("verdicts") or {}).get(verdict.get("primary"))
    if definitions and entry is not None:
        tell(["", *definition_lines(definitions_of(entry))])
        if not verbose:
            tell(detail_lines([endings_of(entry)]))
    if split is not None:
        tell(detail_lines([split_of(split)]))
    if verbose:
        tell(detail_lines(details_of(result, verdict)))
        if result.sound_replicates("on"):
            from sim.analysis.billboards import billboard_lines, stored_billboards

            lines = tuple(billboard_lines(stored_billboards(result)))
            tell(detail_lines([Detail("What each could truthfully advertise", lines)]))


@contextmanager
def _profiled_on_stderr(wanted: bool) -> Iterator[None]:
    """Print what each phase took, of all runs made inside."""
    if not wanted:
        yield
        return
    from sim.market.month import profile_lines, profiled

    began = time.perf_counter()
    with profiled() as book:
        yield
    print(*profile_lines(book, time.perf_counter() - began), sep="\n", file=sys.stderr)


def _say(lines: Iterable[str]) -> None:
    print("\n".join(lines), flush=True)


def _run_intention(
    market: Scenario, replicates: int | None, seed: int | None, drawn: Draws | None
) -> list[str]:
    """What will be run, before it is."""
    from sim.runs.plan import plan_ensemble

    plan = plan_ensemble(market, replicates, seed)
    over = "" if drawn is None else f" over the posterior ({drawn.distinct:,} draws)"
    if drawn is not None and drawn.facts["scenario"] != market.name:
        over += f" of {drawn.facts['scenario']}"
    worlds, different = len(plan.points), plan.different_points
    alike = f" ({different} different)" if different < worlds else ""
    return [
        f"{market.name}: {worlds} {'worlds' if worlds > 1 else 'world'}{alike} x "
        f"{plan.replicates} replicates = {plan.grid.runs} runs{over}",
        f"{market.population.clients:,} clients for {market.population.represents:,} enterprises, "
        f"{market.calendar.months} months from {market.calendar.start:%Y-%m}, root seed "
        f"{plan.seed}",
    ]


def _figures(
    result: Result, wanted: Figures, workers: int | None, executor: Executor | None
) -> tuple[list[Path], str]:
    """The pictures, or why they could not be written: the verdict is shown all the same."""
    from sim.errors import SimError
    from sim.runs.executors import default_workers
    from sim.runs.settings import figures_on_stderr

    if wanted == Figures.NONE or not result.sound_replicates("on"):
        return [], ""
    from sim.plot.save import save, save_main

    try:
        with figures_on_stderr() as progress:
            if wanted == Figures.MAIN:
                paths = save_main(result, progress)
            else:
                own = workers or default_workers()
                paths = save(
                    result, missing=True, workers=own, executor=executor, progress=progress
                )
        return [path for path in paths if path.suffix == ".png"], ""
    except SimError as error:
        return [], f"no figures: {error}"


def _episode(result: Result) -> EpisodeFindings | None:
    from sim.analysis.episode import episode_findings

    if not result.scenario.episode.measure or not result.sound_replicates("on"):
        return None
    return episode_findings(result)


def _split(result: Result) -> dict[str, Any]:
    from sim.analysis.predictive import SPLIT
    from sim.runs.files import read_json

    return read_json(result.path / SPLIT)


def serve(
    scenario: Annotated[
        Path | None,
        typer.Argument(help="Scenario of the first view [default: volcano-dam]."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port [default: the first free from 8642].")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="The main scenario over its stored posterior.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the link and open nothing.")
    ] = False,
) -> None:
    """Open a page on which levers are moved and the market answers at once.

    It serves this machine alone, to who has the link. Ctrl-C ends it.
    """
    from sim.errors import SimError
    from sim.web.server import serve as serve_page

    if demo and scenario is not None:
        raise SimError("--demo opens the main scenario: leave the other one out")
    serve_page(scenario, port, not no_browser, lambda link: _say([f"open     {link}"]))
