"""Verbs about stored results: status, export, plot, report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def status(
    folder: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    json_: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say how many runs are pending, done, failed and aborted; nothing is changed."""
    from sim.runs.stored import status_of

    found = status_of(folder)
    if json_:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    runs, blocks, state = found["runs"], found["blocks"], found["status"]
    if found["in_use_by"]:
        state = f"in use by {found['in_use_by']}"
    elif state == "running":
        state = "stopped; the command that began it goes on"
    print(f"{found['name']}: {state}")
    for name in ("done", "failed", "aborted", "pending"):
        print(f"{name:<9}{runs[name]:>10,} of {runs['all']:,} runs")
    print(f"blocks   {blocks['all'] - blocks['left']:>10,} of {blocks['all']:,}")


def export(
    result: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    csv: Annotated[bool, typer.Option("--csv", help="Write CSV, the one format there is.")] = False,
    measure: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this measure; repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the tables [default: tables/].")
    ] = None,
) -> None:
    """Write one row a run, and one row a number for every curve."""
    from sim.api import open_result
    from sim.errors import SimError
    from sim.runs.result import export_csv

    if not csv:
        raise SimError("sim export: say which format: --csv")
    for path in export_csv(open_result(result), out, measure):
        print(path)


def plot(
    result: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    kinds: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KIND]...", help="Plots by name (see `sim list`) [default: all that can be]."
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(help="Measure for the plots that take one, repeatable."),
    ] = None,
    svg: Annotated[bool, typer.Option("--svg", help="Write SVG beside PNG.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files [default: figures in the result].")
    ] = None,
) -> None:
    """Draw figures of a stored result, each with its numbers as CSV beside it."""
    from sim.api import open_result
    from sim.cli import complain
    from sim.plot.save import save

    paths = save(
        open_result(result),
        kinds or None,
        out,
        measures=measure or None,
        svg=svg,
        skipped=lambda name, reason: complain(f"left out {name}: {reason}"),
    )
    for path in paths:
        print(path)


def report(
    result: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    with_: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FOLDER", help="Further findings, repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page [default: RESULT/report.html].")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print where the page is.")] = False,
) -> None:
    """Write question, verdict, figures, thresholds, parameters and provenance on one page."""
    from sim.api import open_result
    from sim.report.page import page
    from sim.runs.files import write_once

    target = out or result / "report.html"
    content = page(open_result(result), [open_result(folder) for folder in with_ or ()])
    write_once(target, content.encode())
    print(json.dumps({"page": str(target)}) if json_ else target)
