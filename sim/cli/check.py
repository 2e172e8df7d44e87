"""Verbs about scenario files: check, schema, describe, new."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from sim.cli import EXPECTED_ERROR, complain
from sim.errors import ScenarioError


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
        except ScenarioError as error:
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
        out.write_text(text, encoding="utf-8", newline="\n")
