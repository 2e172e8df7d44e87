"""`sim run`: every world of a scenario, the verdict on the screen, figures, a result folder."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import EXPECTED_ERROR, complain
from sim.cli.options import (
    RESULTS,
    BranchAt,
    Changes,
    Clients,
    Out,
    Point,
    Posterior,
    Replicates,
    ScenarioFile,
    Scheduler,
    Seed,
    Workers,
    drawn_over,
    executor_of,
    month_of,
)

if TYPE_CHECKING:
    from sim.analysis.episode import EpisodeFindings
    from sim.runs.result import Result
    from sim.runs.worlds import Draws
    from sim.scenario.schema.scenario import Scenario

SOME_FAILED = 3
WIDTH = 100


def run(
    scenario: ScenarioFile,
    replicates: Replicates = None,
    seed: Seed = None,
    set_: Changes = None,
    clients: Clients = None,
    horizon: Annotated[
        bool,
        typer.Option(
            "--horizon", help="Run the same seeds on beyond the horizon and judge with it."
        ),
    ] = False,
    posterior: Posterior = None,
    point: Point = False,
    split_variance: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="K seeds of each draw: spread by seed, parameters, strategies."
        ),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    until_halfwidth: Annotated[
        float | None,
        typer.Option(
            metavar="H", help="Add replicates until containment's probability is known this well."
        ),
    ] = None,
    branch_at: BranchAt = None,
    out: Out = RESULTS,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the result folder and the verdict as JSON.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Time of each phase on stderr; one process.")
    ] = False,
) -> int:
    """Run a scenario with its counterfactual worlds and say what holds.

    The same command goes on where an interrupted one stopped.
    """
    from sim.api import run as run_and_judge
    from sim.runs.progress import progress_on_stderr
    from sim.scenario.reader import load

    changes = [*(set_ or []), *([f"population.clients={clients}"] if clients else [])]
    market = load(scenario, changes)
    drawn = drawn_over(market, posterior, point, changes, replicates, seed)
    if not json_:
        _say(_intention(market, replicates, seed, drawn))
    workers = 1 if profile else workers
    with (
        _profile_told(profile),
        executor_of(scheduler, workers) as executor,
        progress_on_stderr() as told,
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
            progress=told,
            horizon=horizon,
            posterior=posterior,
            point=point,
            split_variance=split_variance,
        )
    verdict = result.verdict
    figures, trouble = _figures(result)
    if json_:
        document: dict[str, Any] = {"folder": str(result.path), "verdict": verdict}
        findings = _episode(result)
        if findings is not None:
            document["episode"] = findings.document()
        if split_variance is not None:
            document["split"] = _split(result)
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        from sim.cli.verdict import verdict_lines

        _say(["", *verdict_lines(result, verdict), *_sentences(result)])
        if split_variance is not None:
            from sim.cli.verdict import split_lines

            _say(["", *split_lines(_split(result))])
        _say(["", *_where(result, figures, scenario, posterior, point)])
    if trouble:
        complain(trouble)
        return EXPECTED_ERROR
    return SOME_FAILED if len(result.failed) else 0


@contextmanager
def _profile_told(wanted: bool) -> Iterator[None]:
    """Print what each phase took, of all runs made inside."""
    if not wanted:
        yield
        return
    from sim.market.month import profile_lines, profiled

    began = time.perf_counter()
    with profiled() as book:
        yield
    print(*profile_lines(book, time.perf_counter() - began), sep="\n", file=sys.stderr)


def _say(lines: list[str]) -> None:
    print("\n".join(lines), flush=True)


def _split(result: Result) -> dict[str, Any]:
    from sim.analysis.predictive import SPLIT
    from sim.runs.files import read_json

    return read_json(result.path / SPLIT)


def _intention(
    market: Scenario, replicates: int | None, seed: int | None, drawn: Draws | None
) -> list[str]:
    from sim.runs.plan import plan_ensemble

    plan = plan_ensemble(market, replicates, seed)
    over = "" if drawn is None else f", over the posterior ({drawn.distinct:,} draws)"
    if drawn is not None and drawn.facts["scenario"] != market.name:
        over += f" of {drawn.facts['scenario']}"
    worlds, different = len(plan.points), plan.different_points
    alike = f", {different} of them different" if different < worlds else ""
    noun = "worlds" if worlds > 1 else "world"
    return [
        market.title or market.name,
        f"{worlds} {noun}{alike}, x {plan.replicates} replicates = {plan.grid.runs} runs, root "
        f"seed {plan.seed}{over}",
        f"{market.population.clients:,} clients for {market.population.represents:,} enterprises, "
        f"{market.calendar.months} months from {market.calendar.start:%Y-%m}",
    ]


def _figures(result: Result) -> tuple[list[Path], str]:
    """The pictures, or why they could not be written: the verdict is shown all the same."""
    from sim.errors import SimError
    from sim.plot.save import save

    if not result.sound_replicates("on"):
        return [], ""
    try:
        return [path for path in save(result) if path.suffix == ".png"], ""
    except SimError as error:
        return [], f"no figures: {error}"


def _episode(result: Result) -> EpisodeFindings | None:
    from sim.analysis.episode import episode_findings

    if not result.scenario.episode.measure or not result.sound_replicates("on"):
        return None
    return episode_findings(result)


def _sentences(result: Result) -> list[str]:
    findings = _episode(result)
    if findings is None:
        return []
    return ["", *(line for text in findings.sentences for line in textwrap.wrap(text, WIDTH))]


def _where(
    result: Result, figures: list[Path], scenario: Path, posterior: Path | None, point: bool
) -> list[str]:
    lines = [f"result   {result.path}"]
    if figures:
        lines.append(f"figures  {figures[0].parent} ({len(figures)})")
    failed: Any = result.failed
    if len(failed):
        first = failed.iloc[0]
        lines.append(
            f"FAILED   {len(failed)} of {len(result.runs)} runs; first: world {first['point']}, "
            f"replicate {first['replicate']}, {first['stage']}: {first['message']}"
        )
    lines.append(f"next     sim plot {result.path}")
    same = f" --posterior {posterior}" if posterior else " --point" if point else ""
    lines.append(f"         sim run {scenario}{same} --replicates {2 * result.replicates}")
    return lines
