"""Verbs that ask what a conclusion rests on: attribute, sensitivity."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import EXPECTED_ERROR, options
from sim.cli.options import (
    RESULTS,
    SOME_FAILED,
    WIDTH,
    changed,
    draw,
    drawn_over,
    print_json,
    say_at_point,
)

if TYPE_CHECKING:
    from sim.analysis.uncertainty.exploring import Finding
    from sim.analysis.verdict.words import Answer

PICTURES = {"morris": "tornado", "sobol": "tornado", "prim": "failure_box"}
ATTRIBUTION_FACTS = {
    "part_of_total": "part of all",
    "sampling_error": "+- over orders",
    "change": "change",
    "lowers": "lowers in",
    "raises": "raises in",
    "nothing": "no effect in",
}
SENSITIVITY_FACTS = {
    "mu": "mu",
    "sigma": "sigma",
    "first": "alone",
    "largest": "largest",
    "best_in": "best in draws",
    "challenger_share": "challenger's share",
}


def attribute(
    scenario: options.ScenarioFile,
    parts: Annotated[
        str | None,
        typer.Option(
            help="Parts, comma separated: rules, shapley, dose, rivals, frozen, ablation, "
            "benchmarks, priors, unidentified [default: all but the last two]."
        ),
    ] = None,
    replicates: options.Replicates = None,
    seed: options.Seed = None,
    set_: options.Changes = None,
    off_variant: options.OffVariants = None,
    clients: options.Clients = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="All coalitions, however many levers (up to 10).")
    ] = False,
    draws: Annotated[int, typer.Option(min=1, help="Draws of the priors.")] = 20,
    posterior: options.Posterior = None,
    point: options.Point = False,
    workers: options.Workers = None,
    out: options.Out = RESULTS,
    name: options.PartName = "",
    verbose: options.Verbose = False,
    json_: options.JsonFindings = False,
) -> int:
    """Say which of the incumbent's levers does it, and whether it lasts under other rules.

    Each part is a stored ensemble; the same command goes on where an interrupted one stopped.
    """
    from sim.analysis.answers import attribution_answer
    from sim.analysis.attribution.attribute import USUAL, document
    from sim.analysis.attribution.attribute import attribute as run_parts
    from sim.analysis.attribution.base import Choices
    from sim.cli.screen import conclude
    from sim.runs.settings import RunSettings, progress_on_stderr
    from sim.scenario.reader import load

    changes = changed(set_, clients, off_variant)
    market = load(scenario, changes)
    names = _names(parts) if parts else list(USUAL)
    documents, failed = [], 0
    with progress_on_stderr() as progress:
        for result, finding in run_parts(
            market,
            names,
            Choices(exact=exact, draws=draws),
            RunSettings(out, workers, progress=progress, name=name),
            replicates=replicates,
            seed=seed,
            draws=drawn_over(market, posterior, point, changes, replicates, seed),
        ):
            documents.append(document(result, finding))
            failed += len(result.failed)
            if not draw(result, ["attribution"]):
                return EXPECTED_ERROR
    if json_:
        print_json({"findings": documents})
    else:
        behind = [line for found in documents for line in (*attribution_lines(found), "")]
        answer = attribution_answer(documents, market)
        conclude(
            _with_next(answer, [found["folder"] for found in documents]), behind, verbose, market
        )
    return SOME_FAILED if failed else 0


def _with_next(answer: Answer, folders: Sequence[str]) -> Answer:
    """An answer with the commands that look at its folders."""
    return replace(answer, next=tuple(f"sim plot {shlex.quote(one)}" for one in folders))


def attribution_lines(found: Mapping[str, Any]) -> list[str]:
    """A finding of an attribution as lines for the screen."""
    from sim.analysis.verdict.grounds import grounds_line

    lines = [found["title"], *_estimates(found["rows"], ATTRIBUTION_FACTS, 7, "+.2f")]
    for note in found["notes"]:
        lines += textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="  ")
    return [*lines, f"  {grounds_line(found)}"]


def sensitivity(
    scenario: options.ScenarioFile,
    factor: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH=LOW:HIGH", help="A number to vary, repeatable."),
    ] = None,
    factors: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML with a table [uncertainties].")
    ] = None,
    priors: Annotated[
        str | None,
        typer.Option(help="Priors, comma separated [default: all, if no factor is given]."),
    ] = None,
    within: Annotated[
        float | None,
        typer.Option(
            metavar="FACTOR",
            help="From 1/FACTOR to FACTOR times the scenario's numbers, instead of the priors.",
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(help="Methods, comma separated: morris, sobol, prim.")
    ] = "morris,sobol,prim",
    strategies: Annotated[
        str | None,
        typer.Option(help="Incumbent's pricing strategies to weigh, comma separated."),
    ] = None,
    points: Annotated[int, typer.Option(min=2, help="Base sample of Sobol, a power of two.")] = 32,
    trajectories: Annotated[int, typer.Option(min=2, help="Trajectories of Morris.")] = 10,
    draws: Annotated[int, typer.Option(min=2, help="Draws for PRIM and for strategies.")] = 100,
    keep: Annotated[
        int, typer.Option(min=2, help="Unknowns that screening hands on to Sobol.")
    ] = 8,
    replicates: Annotated[int, typer.Option(min=1, help="Seeds of every draw.")] = 2,
    seed: options.Seed = None,
    set_: options.Changes = None,
    clients: options.Clients = None,
    workers: options.Workers = None,
    out: options.Out = RESULTS,
    name: options.PartName = "",
    verbose: options.Verbose = False,
    json_: options.JsonFindings = False,
) -> int:
    """Vary what nobody knows: what matters, how much, and where containment fails.

    Each method is a stored sweep; the same command goes on where an interrupted one stopped.
    """
    from sim.analysis.answers import sensitivity_answer
    from sim.analysis.uncertainty.analyse import Sizes, analyse
    from sim.analysis.uncertainty.exploring import Budget, document
    from sim.analysis.uncertainty.unknowns import unknowns_of
    from sim.cli.screen import conclude
    from sim.runs.settings import progress_on_stderr
    from sim.scenario.reader import load

    market = load(scenario, changed(set_, clients))
    say_at_point(market, "sensitivity")
    chosen = None if priors is None else _names(priors)
    unknowns = unknowns_of(market, factor or (), factors, chosen, within)
    documents = []
    with progress_on_stderr() as progress:
        for explored, finding in analyse(
            unknowns,
            Budget(replicates, seed, workers, out, progress, name),
            _names(method),
            _names(strategies or ""),
            Sizes(trajectories, points, draws, keep),
        ):
            documents.append(document(explored, finding))
            picture = _picture(finding)
            if picture and not draw(explored.first, [picture]):
                return EXPECTED_ERROR
    if json_:
        print_json({"findings": documents})
    else:
        behind = [line for found in documents for line in (*sensitivity_lines(found), "")]
        folders = [next(iter(found["folders"].values())) for found in documents]
        answer = sensitivity_answer(documents, market)
        conclude(_with_next(answer, folders), behind, verbose, market)
    return 0


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _picture(finding: Finding) -> str | None:
    boxless = finding.method == "prim" and not finding.facts["box"]
    return None if boxless else PICTURES.get(finding.method)


def sensitivity_lines(found: Mapping[str, Any]) -> list[str]:
    """A finding of a sensitivity analysis as lines for the screen."""
    from sim.analysis.verdict.grounds import refuse_bare

    refuse_bare(found)
    lines = [found["title"]]
    for outcome, rows in found["tables"].items():
        lines += [outcome, *_estimates(rows, SENSITIVITY_FACTS, 8, ".3f")]
    lines += [*_named(found), *_box(found)]
    for note in found["notes"]:
        lines += textwrap.wrap(note, WIDTH)
    folder = next(iter(found["folders"].values()))
    lines.append(
        f"n = {found['n']} runs ({found['draws']} draws x {len(found['seeds'])} seeds), "
        f"{', '.join(found['interval_types'])}, root seed {found['root_seed']}, scenario "
        f"{found['scenario_hash'][:8]}, {folder}"
    )
    return lines


def _estimates(
    rows: list[dict[str, Any]], facts: Mapping[str, str], width: int, form: str
) -> Iterator[str]:
    """Estimates with their intervals and the named facts of each, numbers in one format."""
    longest = max(len(row["label"]) for row in rows)
    for row in rows:
        within = _interval(row["low"], row["high"], form)
        text = f"  {row['label']:<{longest}}  {format(row['mean'], form):>{width}}{within}"
        for key, title in facts.items():
            value, (low, high) = row["facts"].get(key), (f"{key}_low", f"{key}_high")
            if value is not None:
                within = _interval(row["facts"].get(low), row["facts"].get(high), form)
                text += f"  {title} {_fact(key, value, form)}{within}"
        yield text


def _interval(low: float | None, high: float | None, form: str) -> str:
    return "" if low is None or high is None else f" [{low:{form}}, {high:{form}}]"


def _fact(key: str, value: Any, form: str) -> str:
    if key == "part_of_total":
        return f"{100.0 * value:.0f} %"
    return format(value, form) if isinstance(value, float) else str(value)


def _named(found: Mapping[str, Any]) -> Iterator[str]:
    """The unknowns that a conclusion must name."""
    if found["method"] != "sobol":
        return
    limit = found["facts"]["named_from"]
    yield f"total index above {limit:g}"
    for outcome, facts in found["facts"]["outcomes"].items():
        yield f"  {outcome}: {', '.join(facts['named']) or 'none'}"


def _box(found: Mapping[str, Any]) -> Iterator[str]:
    """The box in which containment fails."""
    facts = found["facts"]
    if found["method"] != "prim" or not facts["box"]:
        return
    yield (
        f"the box holds {100.0 * facts['coverage']:.0f} % of the failures (coverage), and "
        f"{100.0 * facts['density']:.0f} % of its draws fail (density)"
    )
    for name, side in facts["box"].items():
        ends = [
            f"{word} {side[end]:.4g}"
            for word, end in (("from", "low"), ("to", "high"))
            if side[end] is not None
        ]
        yield (
            f"  {name} {' '.join(ends)}: quasi-p {side['quasi_p']:.3g}, restricted in "
            f"{100.0 * side['restricted_in']:.0f} % of {facts['resamples']} resamples"
        )
