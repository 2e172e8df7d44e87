"""`sim compare`: the same seeds under several scenarios, differences with their intervals."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Sequence
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
    table_lines,
)

if TYPE_CHECKING:
    from sim.analysis.compare import Difference, ScenarioComparison
    from sim.runs.result import Result

FLOWS_SHOWN = 5
CHANGES_SHOWN = 8
POINTS = 100.0


def compare(
    scenarios: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B [C]...",
            help="Scenario files (TOML); all are compared with the first.",
            show_default=False,
        ),
    ],
    measure: Annotated[
        list[str] | None,
        typer.Option(help="Measure beside the scoreboards, repeatable (see `sim list measures`)."),
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[MEASURE=]NUMBER",
            help="Margin of the equivalence test, in the unit of the measure; alone: of every "
            "share [default: containment.minimum_effect of A]. Repeatable.",
        ),
    ] = None,
    replicates: options.Replicates = None,
    seed: options.Seed = None,
    set_: options.Changes = None,
    off_variant: options.OffVariants = None,
    clients: options.Clients = None,
    posterior: options.Posterior = None,
    point: options.Point = False,
    workers: options.Workers = None,
    out: options.Out = RESULTS,
    name: options.Name = "",
    verbose: options.Verbose = False,
    json_: Annotated[bool, typer.Option("--json", help="Print folder and differences.")] = False,
) -> int:
    """Run each scenario as it stands on the same seeds and say where they differ, and how surely.

    The same command goes on where an interrupted one stopped.
    """
    from sim.analysis.answers import comparison_answer
    from sim.analysis.compare import COMPARISON, drawable
    from sim.api import compare as run_and_compare
    from sim.cli.screen import conclude
    from sim.plot.curves import MEASURE
    from sim.runs.files import read_json
    from sim.runs.settings import progress_on_stderr
    from sim.scenario.reader import load

    changes = changed(set_, clients, off_variant)
    markets = [load(path, changes) for path in scenarios]
    limits = _margins(margin or [])
    drawn_over(
        markets[0], posterior, point, changes, replicates, seed
    )  # refuses what it would draw
    with progress_on_stderr() as progress:
        result, found = run_and_compare(
            markets,
            [path.stem for path in scenarios],
            measures=measure or [],
            margins=limits,
            replicates=replicates,
            seed=seed,
            workers=workers,
            out=out,
            name=name,
            progress=progress,
            posterior=posterior,
            point=point,
        )
    document = read_json(result.path / COMPARISON)
    if json_:
        print_json({"folder": str(result.path), "comparison": document})
    else:
        path = shlex.quote(str(result.path))
        answer = comparison_answer(document, result.scenario)
        failed = f"{len(result.failed)} runs failed" if len(result.failed) else ""
        answer = replace(answer, next=(f"sim plot {path} compare",), beware=failed)
        conclude(answer, comparison_lines(result, found, document), verbose, result.scenario)
    drawn = [MEASURE, *(name for name in measure or () if drawable(result, name))]
    if not draw(result, ["compare"], list(dict.fromkeys(drawn))):
        return EXPECTED_ERROR
    return SOME_FAILED if len(result.failed) else 0


def _margins(texts: Sequence[str]) -> dict[str, float]:
    from sim.errors import SimError

    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not 0.0 < value < float("inf"):
            raise SimError(f"--margin {text}: needs a positive number, or MEASURE=number")
        found[name] = value
    return found


def comparison_lines(
    result: Result, found: ScenarioComparison, document: dict[str, Any]
) -> Iterator[str]:
    """What a comparison found as lines for the screen, with all that a conclusion must carry."""
    from sim.analysis.verdict.grounds import over_posterior, ranges, refuse_bare

    first = found.first
    for world in found.worlds[1:]:
        rows = [row for row in found.differences if row.world == world]
        yield f"{world} less {first}, mean of the last {found.window_months} months"
        yield from _changes(document, world)
        header = ("measure", "of", first, world, "difference [95 %]", "p (Holm)", "")
        yield from table_lines([header, *(_cells(result, row) for row in rows)])
        moved = sorted((r for r in found.flows if r.world == world), key=lambda r: -abs(r.mean))
        if moved:
            yield ""
            yield f"switching flows that differ most, mean of all months [{moved[0].unit}]"
            yield from table_lines([_cells(result, row)[1:] for row in moved[:FLOWS_SHOWN]])
        yield ""
    margins = {f"{row.measure} {row.margin:g}": None for row in found.differences if row.margin}
    for line in (
        *found.notes,
        f"differences: {found.interval_type}; p adjusted by Holm over all "
        f"{len(found.differences)} differences, and over all {len(found.flows)} flows",
        f"equivalent: {found.equivalence_type}; margins: {', '.join(margins) or 'none'}",
    ):
        yield from textwrap.wrap(line, WIDTH, subsequent_indent="  ")
    hashes = ", ".join(f"{one['name']} {one['scenario_hash'][:8]}" for one in document["scenarios"])
    refuse_bare(document)
    yield (
        f"n = {document['n']} pairs, root seed {document['root_seed']}, scenarios {hashes}"
        f"{over_posterior(document.get('posterior'))}, "
        f"children {ranges(document['seeds'])}"
    )
    yield f"result   {result.path}"


def _changes(document: dict[str, Any], world: str) -> Iterator[str]:
    """Where the scenario differs from the first one."""
    (entry,) = (one for one in document["scenarios"] if one["name"] == world)
    changed = entry["differs_in"]
    if not changed:
        yield "  the scenarios are the same"
    for path, (before, after) in list(changed.items())[:CHANGES_SHOWN]:
        yield "  " + textwrap.shorten(f"{path}: {before} -> {after}", WIDTH, placeholder=" ...")
    if len(changed) > CHANGES_SHOWN:
        yield f"  and {len(changed) - CHANGES_SHOWN} more (comparison.json)"


def _cells(result: Result, row: Difference) -> tuple[str, ...]:
    share = row.unit == "share"
    unit = "%" if share else row.unit
    scale = POINTS if share else 1.0
    interval = ""
    if row.low is not None and row.high is not None:
        interval = f" [{_signed(scale * row.low)}, {_signed(scale * row.high)}]"
    who = [_label(result, name) for name in (row.vendor, row.vendor_to) if name]
    of = ", ".join(word for word in (" -> ".join(who), row.part) if word)
    return (
        f"{row.measure} [{unit}]",
        of or "market",
        f"{scale * row.first_mean:.4g}",
        f"{scale * row.world_mean:.4g}",
        f"{_signed(scale * row.mean)}{interval}",
        f"{row.holm_adjusted:.3g}",
        row.told,
    )


def _label(result: Result, name: str) -> str:
    vendor = result.scenario.vendors.get(name)
    return (vendor.label if vendor is not None else "") or name


def _signed(value: float) -> str:
    return f"{value:+.3g}" if value else "0"
