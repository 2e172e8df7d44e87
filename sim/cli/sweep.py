"""The verb that runs a study, and its answer on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len, set_cell_size

from sim.cli import options
from sim.cli.options import (
    RESULTS,
    SOME_FAILED,
    changed,
    executor_of,
    month_of,
    print_json,
)

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.runs.study.reader import LoadedStudy

COLUMNS, LINES = 80, 24
LEAST_ROWS = 3  # of effects, whatever else there is to say
MOST_CLAIMS = 3


def sweep(
    study: Annotated[
        Path,
        typer.Argument(help="Study file (TOML), or the name of a shipped one.", show_default=False),
    ],
    replicates: options.Replicates = None,
    seed: options.Seed = None,
    set_: options.Changes = None,
    clients: options.Clients = None,
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
    branch_at: options.BranchAt = None,
    posterior: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Each replicate is a draw of it.")
    ] = None,
    out: options.Out = RESULTS,
    name: options.Name = "",
    json_: Annotated[
        bool, typer.Option("--json", help="Print the folder, claims and findings as JSON.")
    ] = False,
) -> int:
    """Run every point of a study in every replicate: outcomes by factor, claims.

    The same command goes on where an interrupted one stopped.
    """
    from sim.api import sweep as run_and_judge
    from sim.runs.settings import progress_on_stderr
    from sim.runs.study.reader import load_study

    changes = changed(set_, clients)
    loaded = load_study(study, changes)
    if not json_:
        print("\n".join(_intention(loaded, replicates, seed)), flush=True)
    with executor_of(scheduler, workers) as executor, progress_on_stderr() as progress:
        result = run_and_judge(
            loaded,
            replicates=replicates,
            seed=seed,
            workers=workers,
            executor=executor,
            branch_at=month_of(branch_at),
            out=out,
            name=name,
            progress=progress,
            changes=changes,
            posterior=posterior,
        )
    found = result.findings
    if json_:
        print_json({"folder": str(result.path), **result.claims, "findings": found})
    else:
        print("\n".join(["", *sweep_lines(result, found)]))
    return SOME_FAILED if len(result.failed) else 0


def _intention(loaded: LoadedStudy, replicates: int | None, seed: int | None) -> list[str]:
    from sim.runs.plan import plan_sweep

    plan = plan_sweep(loaded, replicates, seed)
    return [
        _cut(loaded.study.title or loaded.name),
        f"{len(loaded.factors)} factors, {loaded.study.design.kind}: {plan.grid.points:,} points x "
        f"{plan.grid.replicates} replicates = {plan.grid.runs:,} runs",
    ]


def sweep_lines(result: Result, found: Mapping[str, Any]) -> list[str]:
    """The screen of a sweep: answer, outcomes by factor, best and worst points, claims, next."""
    head = [line for text in found.get("sentences", ()) for line in _wrapped(text)]
    rest = [*_interactions(found), *_extremes(found), *_classes(found), *_claims(result)]
    end = [*_failed(result), *_end(result, found)]
    room = LINES - 5 - len(head) - len(rest) - len(end)
    return [*head, *_effects(found, max(room, LEAST_ROWS)), *rest, "", *end]


GLUE = "\ue000"  # between a number and its unit, where a line must not break


def _wrapped(text: str, first: str = "", indent: str = "") -> list[str]:
    from sim.cli.screen import wrapped

    for unit in ("%", "points"):
        text = text.replace(f" {unit}", f"{GLUE}{unit}")
    lines = wrapped(text, COLUMNS, first, indent)
    return [line.plain.replace(GLUE, " ") for line in lines]


def _columns(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The two outcomes of the table: the first, and tau, what was asked for, or the second."""
    from sim.analysis.sweep import REVENUE, TAU
    from sim.runs.study.schema import Outcomes

    outcomes = {outcome["name"]: outcome for outcome in found["outcomes"]}
    first, *rest = outcomes
    usual = Outcomes().measures
    wanted = [n for n in rest if n == TAU] + [n for n in rest if n not in (TAU, *usual)]
    second = [*wanted, *(n for n in rest if n == REVENUE), *rest]
    return [outcomes[name] for name in (first, *second[:1])]


def _effects(found: Mapping[str, Any], room: int) -> list[str]:
    """A table of effects, those that move the first outcome most on top, in `room` lines."""
    from sim.analysis.effects import unit_words, with_interval
    from sim.cli.screen import table

    if not found["outcomes"] or not found["outcomes"][0]["effects"]:
        return []
    shown = _columns(found)
    units = {unit_words(outcome["unit"]) for outcome in shown}
    alike = len(units) == 1
    rows = [[f"Effects, {units.pop()}" if alike else "Effects"]]
    rows[0] += [o["title"] if alike else f"{o['title']}, {unit_words(o['unit'])}" for o in shown]
    changes = list(_one_a_change(shown[0]["effects"]))
    for row in changes:
        cells = []
        for outcome in shown:
            same = [e for e in outcome["effects"] if _key(e) == _key(row)]
            cells.append(with_interval(same[0], outcome["unit"], True) if same else "-")
        rows.append(["", *cells])
    taken = sum(2 + max(cell_len(row[place]) for row in rows) for place in range(1, len(rows[0])))
    for cells, change in zip(rows[1:], changes, strict=True):
        cells[0] = _change(change, COLUMNS - taken)
    lines = [line.plain for line in table(rows, COLUMNS)]
    left = len(lines) - room
    if left > 0:
        lines = [*lines[: room - 1], f"... {left + 1} smaller ones: sim plot ... effects"]
    return ["", *lines]


def _change(row: Mapping[str, Any], room: int) -> str:
    """A factor and its change; the name gives way first."""
    change = f"{row['from']} to {row['to']}"
    left = max(room - cell_len(change) - 1, 8)
    label = row["label"]
    if cell_len(label) > left:
        label = f"{set_cell_size(label, left - 2).rstrip()}.."
    return f"{label} {change}"


def _cut(text: str) -> str:
    if cell_len(text) <= COLUMNS:
        return text
    return f"{set_cell_size(text, COLUMNS - 3).rsplit(' ', 1)[0]}..."


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["factor"], row["from"], row["to"]


def _one_a_change(rows: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """All changes of a category; of a grid of numbers from one end to the other."""
    for place, row in enumerate(rows):
        after = rows[place + 1] if place + 1 < len(rows) else None
        inner = after is not None and after["factor"] == row["factor"] and _number(row["to"])
        if not inner:
            yield row


def _number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").lstrip("-").isdigit()


def _interactions(found: Mapping[str, Any]) -> list[str]:
    from sim.analysis.effects import unit_words, with_interval

    if not found["outcomes"] or len(found["factors"]) < 2:
        return []
    outcome = found["outcomes"][0]
    if not outcome["interactions"]:
        return ["No interaction of two factors stands above the noise."]
    lines = []
    for row in outcome["interactions"][:2]:
        one, other = row["of"]
        size = with_interval(row, outcome["unit"], True)
        lines += _wrapped(
            f"{one['label']} {one['from']} to {one['to']} does {size} "
            f"{unit_words(outcome['unit'])} more where {other['label']} is {other['to']}, not "
            f"{other['from']}",
            "Together  ",
            "          ",
        )
    return lines[:3]


def _extremes(found: Mapping[str, Any]) -> list[str]:
    from sim.analysis.effects import unit_words, with_interval

    if not found["outcomes"]:
        return []
    outcome = found["outcomes"][0]
    names = ("Lowest", "Highest")
    if label := found["best_for_label"]:
        names = (f"Best for {set_cell_size(label, 20).rstrip()}", "Worst")
        names = (names[0] if cell_len(label) <= 20 else f"{names[0]}..", "Worst")
    lines = []
    for name, row in zip(names, outcome["extremes"], strict=False):
        size = with_interval(row, outcome["unit"], sign=unit_words(outcome["unit"], False))
        text = (
            f"{set_cell_size(name, cell_len(names[0]))}  {size} at {row['point']}: {row['setting']}"
        )
        lines.append(_cut(text))
    return lines


def _classes(found: Mapping[str, Any]) -> list[str]:
    from sim.analysis.verdict.outcomes import class_name

    held = found["classes"]
    if not held:
        return []
    parts = [f"{class_name(c['name'])} {100.0 * c['share']:.0f} %" for c in held]
    return _wrapped(", ".join(parts), "Outcomes  ", " " * 10)[:2]


def _claims(result: Result) -> list[str]:
    lines = []
    held = result.claims["claims"]
    for claim in list(held.values())[:MOST_CLAIMS]:
        text = claim["statement"]
        if "interval" in claim:
            low, high = (100.0 * end for end in claim["interval"])
            text += (
                f": in {100.0 * claim['share_of_runs']:.0f} % of {claim['runs']:,} runs "
                f"({low:.0f} to {high:.0f}; wanted {100.0 * claim['probability']:g})"
            )
        else:
            text += ": no run has a number"
        lines += _wrapped(text, f"{claim['verdict'].upper():<13}", " " * 13)
    more = len(held) - MOST_CLAIMS
    return [*lines, f"... {more} more claims: claims.json"] if more > 0 else lines


def _failed(result: Result) -> list[str]:
    failures = result.failures()
    return _wrapped(failures, "FAILED    ", " " * 10)[:3] if failures else []


def _end(result: Result, found: Mapping[str, Any]) -> list[str]:
    path = result.path
    intervals = f", {found['interval_types'][0]}" if found.get("interval_types") else ""
    grounds = f"n = {found['n']:,} runs, root seed {result.seed}, {result.scenario_hash[:8]}"
    return [
        f"result    {path}",
        f"next      sim plot {path}",
        f"          sim export {path}",
        *_wrapped(f"{grounds}{intervals}"),
    ]
