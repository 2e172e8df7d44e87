"""`sim attribute`: which move does it, in which market, under which rules."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import EXPECTED_ERROR, complain
from sim.cli.options import (
    RESULTS,
    Changes,
    Clients,
    Out,
    Point,
    Posterior,
    Replicates,
    ScenarioFile,
    Seed,
    Workers,
    drawn_over,
)

if TYPE_CHECKING:
    from sim.analysis.attribution.base import Attribution, Estimate
    from sim.runs.result import Result

WIDTH = 100
PICTURE = "attribution"


def attribute(
    scenario: ScenarioFile,
    parts: Annotated[
        str | None,
        typer.Option(
            help="Parts, comma separated: rules, shapley, dose, rivals, frozen, ablation, "
            "benchmarks, priors, unidentified [default: all but the last two]."
        ),
    ] = None,
    replicates: Replicates = None,
    seed: Seed = None,
    set_: Changes = None,
    clients: Clients = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="All coalitions, however many levers (up to 10).")
    ] = False,
    draws: Annotated[int, typer.Option(min=1, help="Draws of the priors.")] = 20,
    posterior: Posterior = None,
    point: Point = False,
    workers: Workers = None,
    out: Out = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="Print folders and findings.")] = False,
) -> int:
    """Say which of the incumbent's levers does it, and whether it lasts under other rules.

    Each part is a stored ensemble; the same command goes on where an interrupted one stopped.
    """
    from sim.analysis.attribution.attribute import USUAL, document
    from sim.analysis.attribution.attribute import attribute as run_parts
    from sim.analysis.attribution.base import Choices
    from sim.runs.progress import progress_on_stderr
    from sim.runs.settings import RunSettings
    from sim.scenario.reader import load

    changes = [*(set_ or []), *([f"population.clients={clients}"] if clients else [])]
    market = load(scenario, changes)
    names = [name.strip() for name in parts.split(",")] if parts else list(USUAL)
    choices = Choices(exact=exact, draws=draws)
    documents, failed = [], 0
    with progress_on_stderr() as told:
        for result, finding in run_parts(
            market,
            names,
            choices,
            RunSettings(out, workers, progress=told),
            replicates=replicates,
            seed=seed,
            draws=drawn_over(market, posterior, point, changes, replicates, seed),
        ):
            documents.append(document(result, finding))
            failed += len(result.failed)
            if not json_:
                print("\n".join([*finding_lines(result, finding), ""]), flush=True)
            trouble = _picture(result)
            if trouble:
                complain(trouble)
                return EXPECTED_ERROR
    if json_:
        print(json.dumps({"findings": documents}, ensure_ascii=False, indent=2, allow_nan=False))
    return 3 if failed else 0


def _picture(result: Result) -> str:
    from sim.errors import SimError
    from sim.plot.save import save

    try:
        save(result, [PICTURE])
    except SimError as error:
        return f"no figure: {error}"
    return ""


def finding_lines(result: Result, finding: Attribution) -> list[str]:
    """A finding as lines for the screen, with everything a conclusion must carry."""
    from sim.analysis.attribution.attribute import document
    from sim.analysis.verdict.grounds import grounds_line

    lines = [finding.title]
    width = max(len(row.label) for row in finding.rows)
    lines += [f"  {row.label.ljust(width)}  {_told(row)}" for row in finding.rows]
    for note in finding.notes:
        lines += textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="  ")
    return [*lines, f"  {grounds_line(document(result, finding))}"]


def _told(row: Estimate) -> str:
    text = f"{row.mean:+7.2f}"
    if row.low is not None and row.high is not None:
        text += f" [{row.low:+.2f}, {row.high:+.2f}]"
    extra = {key: value for key, value in row.facts.items() if key in SHOWN}
    return text + "".join(
        f"  {SHOWN[key]} {_value(key, value)}{_within(row.facts, key)}"
        for key, value in extra.items()
    )


def _within(facts: dict[str, Any], key: str) -> str:
    low, high = facts.get(f"{key}_low"), facts.get(f"{key}_high")
    return "" if low is None or high is None else f" [{low:+.2f}, {high:+.2f}]"


SHOWN = {
    "part_of_total": "part of all",
    "sampling_error": "+- over orders",
    "change": "change",
    "lowers": "lowers in",
    "raises": "raises in",
    "nothing": "no effect in",
}


def _value(key: str, value: Any) -> str:
    if key == "part_of_total":
        return f"{100.0 * value:.0f} %"
    return f"{value:+.2f}" if isinstance(value, float) else str(value)
