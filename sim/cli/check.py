"""Verbs about scenario files and names: check, schema, describe, new, list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import typer

from sim.cli import EXPECTED_ERROR, complain, printable
from sim.cli.options import drawn_over
from sim.errors import SimError
from sim.scenario.shipped import FOLDER, SCENARIO, STUDY, shipped, shipped_folder

Rows = list[tuple[str, str]]


def check(
    scenarios: list[Path] = typer.Argument(..., metavar="SCENARIO...", help="Scenario files."),
    set_: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Override, repeatable."),
    sources: bool = typer.Option(False, "--sources", help="List the numbers without a source."),
) -> int:
    """Say everything that is wrong with scenario files, before a run does."""
    from sim.scenario.describe import unsourced
    from sim.scenario.reader import load

    wrong = False
    for path in scenarios:
        try:
            scenario = load(path, set_)
            drawn_over(scenario, None, False, set_, replicates=1, seed=None)
        except SimError as error:
            complain(str(error))
            wrong = True
            continue
        bare = unsourced(scenario)
        typer.echo(
            f"{path}: fine; {scenario.calendar.months} months from {scenario.calendar.start}, "
            f"{len(scenario.vendors)} vendors, {len(scenario.families)} families, "
            f"{len(scenario.segments)} segments, {len(scenario.events)} events, "
            f"{len(bare)} numbers without a source"
        )
        for line in bare if sources else ():
            typer.echo(f"  {line}")
    return EXPECTED_ERROR if wrong else 0


def schema(
    out: Path | None = typer.Option(None, "--out", help="Write to this file, not the screen."),
) -> None:
    """Print the JSON schema of a scenario file, for editors."""
    from sim.scenario.shape import json_schema

    _give(json.dumps(json_schema(), indent=1, ensure_ascii=False, sort_keys=False) + "\n", out)


def describe(
    scenario: Path | None = typer.Option(
        None, "--scenario", help="Tell where this scenario's own numbers come from instead."
    ),
    out: Path | None = typer.Option(None, "--out", help="Write to this file, not the screen."),
) -> None:
    """Print the reference of all parameters: unit, range, default, source."""
    from sim.scenario.describe import markdown, provenance_markdown

    if scenario is None:
        _give(markdown(), out)
        return
    from sim.scenario.reader import load

    _give(provenance_markdown(load(scenario)), out)


def new(
    name: str = typer.Argument(..., help="Name of the scenario."),
    folder: Path | None = typer.Option(
        None, "--folder", help="Where to write it (default: scenarios/ if there is one, else here)."
    ),
) -> None:
    """Write an annotated scenario that runs, to be changed."""
    from sim.scenario.starter import write_starter

    home = folder or (Path("scenarios") if Path("scenarios").is_dir() else Path())
    path = write_starter(name, home)
    typer.echo(f"wrote {path}\nnext: sim check {path}; sim run {path}")


def _give(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
    else:
        from sim.runs.files import write_own

        if not out.parent.is_dir():
            raise SimError(f"{out}: no such folder")
        write_own(out, text.encode())


class What(StrEnum):
    """What can be listed."""

    scenarios = "scenarios"
    studies = "studies"
    strategies = "strategies"
    events = "events"
    levers = "levers"
    measures = "measures"
    plots = "plots"


def _classes(kinds: Mapping[str, type], prefix: str = "") -> Rows:
    """Names of classes, each with the first line of its text."""
    return [
        (f"{prefix}{name}", (cls.__doc__ or "").strip().split("\n")[0])
        for name, cls in kinds.items()
    ]


def files(folder: Path | None, kind: str) -> Rows:
    """Scenario or study files of a folder, each with its title; without one, of `scenarios/` here.

    Those that the package brings follow by name where no folder is given.
    """
    own = folder or Path(FOLDER)
    rows: Rows = []
    if folder or own.resolve() != shipped_folder():
        rows = [
            (p.as_posix(), title)
            for p in sorted(own.rglob("*.toml"))
            if (title := _title(p, kind)) is not None
        ]
    if folder is None:
        rows += [(name, _title(path, kind) or "") for name, path in shipped(kind).items()]
    return rows


def _title(path: Path, kind: str) -> str | None:
    """The title of a file of the kind; None if it is of another."""
    from sim.scenario.reader import parsed, read_text

    try:
        data = parsed(read_text(path, str(path)), str(path))
    except SimError:
        return f"cannot be read: see sim check {path.as_posix()}" if kind == SCENARIO else None
    marks = {"calendar", "extends"} if kind == SCENARIO else {"design"}
    return str(data.get("title", "")) if marks & data.keys() else None


def _rows(what: What, folder: Path | None) -> Rows:
    """Names of one kind, each with a line on it."""
    match what:
        case What.scenarios:
            return files(folder, SCENARIO)
        case What.studies:
            return files(folder, STUDY)
        case What.strategies:
            from sim.strategies.registry import KINDS, strategies

            return [row for kind in KINDS for row in _classes(strategies(kind), f"{kind}: ")]
        case What.events:
            from sim.events.base import event_kinds

            return _classes(event_kinds())
        case What.levers:
            from sim.levers.base import lever_kinds

            return _classes(lever_kinds())
        case What.measures:
            from sim.market.recorder import measures

            return [(name, f"{one.doc} [{one.unit}]") for name, one in measures().items()]
        case What.plots:
            from sim.plot.registry import plots

            return [(name, plot.doc) for name, plot in plots().items()]


def list_names(
    what: What | None = typer.Argument(None, help="One of these; all if left out."),
    folder: Path | None = typer.Option(
        None, "--folder", help="Where scenarios lie [default: scenarios/, and the shipped ones]."
    ),
    json_: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """List scenarios, strategies, events, measures and other names, with a line on each."""
    found = {section: _rows(section, folder) for section in What if what in (None, section)}
    if json_:
        tables = {
            section.value: [{"name": name, "doc": doc} for name, doc in rows]
            for section, rows in found.items()
        }
        typer.echo(json.dumps(tables, indent=1, ensure_ascii=False))
        return
    for section, rows in found.items():
        if what is None:
            typer.echo(f"{section.value}:")
        width = max((len(name) for name, _ in rows), default=0)
        for name, doc in rows:
            typer.echo(printable(f"  {name:<{width}}  {doc}".rstrip()))
