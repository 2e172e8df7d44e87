"""The verb list: what can be named in a scenario or on the command line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

import typer

from sim.cli import printable

Rows = list[tuple[str, str]]


class What(StrEnum):
    """What can be listed."""

    scenarios = "scenarios"
    strategies = "strategies"
    events = "events"
    levers = "levers"
    measures = "measures"
    plots = "plots"


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]


def scenarios(folder: Path) -> Rows:
    """Files with a calendar or a base, under the folder; studies are no scenarios."""
    rows: Rows = []
    for path in sorted(folder.rglob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            rows.append((path.as_posix(), f"cannot be read: see sim check {path.as_posix()}"))
            continue
        if "calendar" in data or "extends" in data:
            rows.append((path.as_posix(), str(data.get("title", ""))))
    return rows


def _strategies(_: Path) -> Rows:
    from sim.strategies.registry import KINDS, strategies

    return [
        (f"{kind}: {name}", _first_line(cls.__doc__))
        for kind in KINDS
        for name, cls in strategies(kind).items()
    ]


def _events(_: Path) -> Rows:
    from sim.events.base import event_kinds

    return [(name, _first_line(cls.__doc__)) for name, cls in event_kinds().items()]


def _levers(_: Path) -> Rows:
    from sim.levers.base import lever_kinds

    return [(name, _first_line(cls.__doc__)) for name, cls in lever_kinds().items()]


def _measures(_: Path) -> Rows:
    from sim.market.recorder import measures

    return [
        (name, f"{measure.doc} [{measure.unit}]") for name, measure in sorted(measures().items())
    ]


def _plots(_: Path) -> Rows:
    from sim.plot.registry import plots

    return [(name, plot.doc) for name, plot in plots().items()]


_SECTIONS: dict[What, tuple[str, Callable[[Path], Rows]]] = {
    What.scenarios: ("sim.scenario", scenarios),
    What.strategies: ("sim.strategies", _strategies),
    What.events: ("sim.events", _events),
    What.levers: ("sim.levers", _levers),
    What.measures: ("sim.market.recorder", _measures),
    What.plots: ("sim.plot.registry", _plots),
}


def _is_there(module: str) -> bool:
    parent = module.rpartition(".")[0]
    return find_spec(parent) is not None and find_spec(module) is not None


def list_names(
    what: What | None = typer.Argument(None, help="One of these; all if left out."),
    folder: Path = typer.Option(Path("scenarios"), "--folder", help="Where scenarios lie."),
    json_: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """List scenarios, strategies, events, levers, measures and plots with a line on each."""
    found = {
        section: rows(folder)
        for section, (module, rows) in _SECTIONS.items()
        if what in (None, section) and _is_there(module)
    }
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
