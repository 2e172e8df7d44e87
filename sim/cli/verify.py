"""The verb verify: known answers through the project's own code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

LONGEST_VALUE = 40


def verify(
    cases: Path | None = typer.Option(
        None, "--cases", help="JSON list of cases (default: the cases that come with the package)."
    ),
    answers: Path | None = typer.Option(
        None, "--answers", help="Write {case id: {key: value}} to this file."
    ),
    json_: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    failed: bool = typer.Option(False, "--failed", help="Show only what disagrees."),
) -> int:
    """Compute cases with known answers from their inputs and compare: exit 1 on any failure."""
    from sim.analysis import verification

    loaded = verification.load_cases(cases)
    if answers is not None:
        text = json.dumps(verification.answer_cases(loaded), indent=1, sort_keys=True)
        answers.write_text(text + "\n", encoding="utf-8", newline="\n")
    report = verification.verify(loaded)
    if json_:
        typer.echo(json.dumps(_plain(report), indent=1))
        return 0 if report.passed else 1
    for row in report.failures if failed else report.rows:
        verdict = "pass" if row.passed else "FAIL"
        typer.echo(
            f"{verdict}  {row.id}  {row.path}  expected {_short(row.expected)}  "
            f"got {_short(row.got)}"
        )
    counts = report.by_family()
    good = sum(passed for passed, _ in counts.values())
    typer.echo(
        f"{good} of {sum(total for _, total in counts.values())} cases of {len(counts)} families "
        f"agree ({len(report.rows)} values)"
    )
    if report.uncovered:
        typer.echo(f"not covered yet: {', '.join(report.uncovered)}")
    return 0 if report.passed else 1


def _short(value: object) -> str:
    text = json.dumps(value) if isinstance(value, str | bool | list | dict) else str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 4] + " ..."


def _plain(report: Any) -> dict[str, Any]:
    return {
        "passed": report.passed,
        "rows": [row._asdict() for row in report.rows],
        "uncovered": list(report.uncovered),
    }
