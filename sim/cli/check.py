"""Verbs about scenario files and names: check, schema, describe, new, list."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

import typer

from sim.cli import EXPECTED_ERROR, complain, printable
from sim.cli.options import drawn_over
from sim.errors import SimError
from sim.scenario.shipped import (
    FOLDER,
    SCENARIO,
    STUDIES,
    STUDY,
    located,
    shipped,
    shipped_folder,
    shipped_name,
)

Rows = list[tuple[str, str]]


def check(
    files: list[Path] = typer.Argument(
        ..., metavar="FILE...", help="Scenario or study files, or names of shipped ones."
    ),
    set_: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Override, repeatable."),
    sources: bool = typer.Option(False, "--sources", help="List the numbers without a source."),
) -> int:
    """Say everything that is wrong with scenarios and studies, before a run does."""
    wrong = False
    for path in files:
        try:
            of_a_study = _is_study(path)
            for line in _study_lines(path, set_) if of_a_study else _lines(path, set_, sources):
                typer.echo(line)
        except SimError as error:
            complain(str(error))
            wrong = True
    return EXPECTED_ERROR if wrong else 0


def _is_study(path: Path) -> bool:
    """Whether a file, or what is shipped under the name, has the tables of a study."""
    from sim.scenario.reader import read_text, recovered

    try:
        found = Path(located(path))
    except SimError:
        return shipped_name(path, STUDY) in shipped(STUDY)
    try:
        data, _ = recovered(read_text(found, str(found)), str(found))
    except SimError:
        return False
    return "calendar" not in data and ("scenario" in data or "design" in data)


def _study_lines(path: Path, set_: Sequence[str]) -> list[str]:
    from sim.runs.plan import plan_sweep
    from sim.runs.study.reader import load_study

    loaded = load_study(path, set_)
    plan, study = plan_sweep(loaded), loaded.study
    levers = sum(factor.role == "levers" for factor in loaded.factors)
    return [
        f"{path}: fine; a study of {loaded.scenario.name}: {levers} levers, "
        f"{len(loaded.factors) - levers} uncertainties, {study.design.kind}, "
        f"{len(plan.points):,} points x {plan.replicates} replicates = {plan.grid.runs:,} runs, "
        f"{len(study.claims)} claims; nothing was run"
    ]


def _lines(path: Path, set_: Sequence[str], sources: bool) -> list[str]:
    from sim.runs.plan import refuse_unknown_measure
    from sim.scenario.describe import unsourced
    from sim.scenario.reader import load

    scenario = load(path, set_)
    refuse_unknown_measure(scenario)
    drawn_over(scenario, None, False, set_, replicates=1, seed=None)
    bare = unsourced(scenario)
    line = (
        f"{path}: fine; {scenario.calendar.months} months from {scenario.calendar.start}, "
        f"{len(scenario.vendors)} vendors, {len(scenario.families)} families, "
        f"{len(scenario.segments)} segments, {len(scenario.events)} events, "
        f"{len(bare)} numbers without a source"
    )
    return [line, *(f"  {text}" for text in bare if sources)]


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
    name: str = typer.Argument(..., help="Name of the file."),
    minimal: bool = typer.Option(False, "--minimal", help="A market in 40 lines."),
    study: bool = typer.Option(False, "--study", help="A study of tiny, or of what --from names."),
    from_: Path | None = typer.Option(
        None, "--from", metavar="SCENARIO", help="Begin with a copy of this file or shipped one."
    ),
    folder: Path | None = typer.Option(
        None, "--folder", help="Where to write it [default: scenarios/ if there is one, else here]."
    ),
) -> None:
    """Write an annotated scenario or study that runs, to be changed."""
    from sim.scenario import starter

    if minimal and (study or from_):
        raise SimError("sim new: --minimal writes a scenario of its own; leave out the others")
    home = folder or (Path(FOLDER) if Path(FOLDER).is_dir() else Path())
    if study and folder is None and (home / STUDIES).is_dir():
        home /= STUDIES
    text: Callable[[str], str] = starter.minimal_text if minimal else starter.starter_text
    if study:
        text = _study_of(from_ or Path("tiny"), home)
    elif from_ is not None:
        text = partial(starter.copy_text, Path(located(from_)).resolve(), home)
    path = starter.write_starter(name, home, text)
    typer.echo(f"wrote {path}\nnext: sim check {path}; sim {'sweep' if study else 'run'} {path}")


def _study_of(scenario: Path, home: Path) -> Callable[[str], str]:
    """The text of a study of a scenario, which it names from where it lies."""
    import os

    from sim.scenario.reader import load
    from sim.scenario.starter import study_text

    market = load(scenario)
    own = scenario.is_file()
    named = Path(os.path.relpath(scenario, home)).as_posix() if own else shipped_name(scenario)
    return lambda stem: study_text(market, named)


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
