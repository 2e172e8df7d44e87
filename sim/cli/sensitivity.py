"""`sim sensitivity`: which unknown numbers a conclusion rests on, and where it fails."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import EXPECTED_ERROR, complain
from sim.cli.options import RESULTS, Changes, Clients, Out, ScenarioFile, Seed, Workers

if TYPE_CHECKING:
    from sim.analysis.uncertainty.exploring import Explored, Finding

WIDTH = 100
PICTURES = {"morris": "tornado", "sobol": "tornado", "prim": "failure_box"}
COLUMNS = {
    "mu": "mu",
    "sigma": "sigma",
    "first": "alone",
    "largest": "largest",
    "best_in": "best in draws",
    "challenger_share": "challenger's share",
}


def sensitivity(
    scenario: ScenarioFile,
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
    seed: Seed = None,
    set_: Changes = None,
    clients: Clients = None,
    workers: Workers = None,
    out: Out = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="Print folders and findings.")] = False,
) -> int:
    """Vary what nobody knows: what matters, how much, and where containment fails.

    Each method is a stored sweep; the same command goes on where an interrupted one stopped.
    """
    from sim.analysis.uncertainty.analyse import Sizes, analyse
    from sim.analysis.uncertainty.exploring import Budget, document
    from sim.analysis.uncertainty.unknowns import unknowns_of
    from sim.runs.progress import progress_on_stderr
    from sim.scenario.reader import load

    changes = [*(set_ or []), *([f"population.clients={clients}"] if clients else [])]
    unknowns = unknowns_of(load(scenario, changes), factor or (), factors, _names(priors), within)
    documents = []
    with progress_on_stderr() as told:
        budget = Budget(replicates, seed, workers, out, told)
        found = analyse(
            unknowns,
            budget,
            _names(method) or (),
            _names(strategies) or (),
            Sizes(trajectories, points, draws, keep),
        )
        for explored, finding in found:
            documents.append(document(explored, finding))
            if not json_:
                print("\n".join([*finding_lines(documents[-1]), ""]), flush=True)
            trouble = _picture(explored, finding)
            if trouble:
                complain(trouble)
                return EXPECTED_ERROR
    if json_:
        print(json.dumps({"findings": documents}, ensure_ascii=False, indent=2, allow_nan=False))
    return 0


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _picture(explored: Explored, finding: Finding) -> str:
    from sim.errors import SimError
    from sim.plot.save import save

    boxless = finding.method == "prim" and not finding.facts["box"]
    if finding.method not in PICTURES or boxless:
        return ""
    try:
        save(explored.first, [PICTURES[finding.method]])
    except SimError as error:
        return f"no figure: {error}"
    return ""


def finding_lines(told: Mapping[str, Any]) -> list[str]:
    """A finding as lines for the screen.

    Raises
    ------
    SimError
        It lacks n, seeds, the kinds of interval or the scenario's hash.
    """
    from sim.analysis.verdict.grounds import refuse_bare

    refuse_bare(told)
    lines = [told["title"]]
    for outcome, rows in told["tables"].items():
        lines.append(outcome)
        width = max(len(row["label"]) for row in rows)
        lines += [f"  {row['label'].ljust(width)}  {_estimate(row)}" for row in rows]
    lines += [*_named(told), *_box(told)]
    for note in told["notes"]:
        lines += textwrap.wrap(note, WIDTH)
    folder = next(iter(told["folders"].values()))
    lines.append(
        f"n = {told['n']} runs ({told['draws']} draws x {len(told['seeds'])} seeds), "
        f"{', '.join(told['interval_types'])}, root seed {told['root_seed']}, scenario "
        f"{told['scenario_hash'][:8]}, {folder}"
    )
    return lines


def _estimate(row: Mapping[str, Any]) -> str:
    text = f"{row['mean']:8.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    for key, title in COLUMNS.items():
        value = row["facts"].get(key)
        if value is None:
            continue
        text += f"  {title} {value:.3f}" if isinstance(value, float) else f"  {title} {value}"
        ends = [row["facts"].get(f"{key}_{end}") for end in ("low", "high")]
        if None not in ends:
            text += f" [{ends[0]:.3f}, {ends[1]:.3f}]"
    return text


def _named(told: Mapping[str, Any]) -> Iterator[str]:
    """The unknowns that a conclusion must name."""
    if told["method"] != "sobol":
        return
    limit = told["facts"]["named_from"]
    yield f"total index above {limit:g}"
    for outcome, facts in told["facts"]["outcomes"].items():
        yield f"  {outcome}: {', '.join(facts['named']) or 'none'}"


def _box(told: Mapping[str, Any]) -> Iterator[str]:
    """The box in which containment fails."""
    facts = told["facts"]
    if told["method"] != "prim" or not facts["box"]:
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
