"""`sim report`: question, verdict, figures, thresholds, parameters and provenance on one page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.experiment.files import read_json
from sim.experiment.stored import SWEEP
from sim.plot.registry import plots
from sim.plot.save import save
from sim.report.grounds import Grounds, grounds_of
from sim.report.html import figure, folded, heading, paragraph, table
from sim.report.verdicts import (
    failure_section,
    finding_grounds,
    grid_section,
    number,
    scoreboard_section,
    spread,
    verdict_section,
)
from sim.scenario.provenance import provenance

if TYPE_CHECKING:
    from sim.experiment.result import Result
    from sim.scenario.schema.scenario import Scenario

FINDINGS = ("sensitivity.json", "attribution.json")
OWN_FIGURES = ("tornado", "failure_box", "attribution")
FLAGS = {
    "data": "taken from a source",
    "literature": "from the literature",
    "fitted": "fitted to the record",
    "assumed": "assumed",
    "input": "chosen by the user",
}


def page(result: Result, others: Sequence[Result] = ()) -> str:
    """The page of a result as HTML that loads nothing from anywhere.

    Parameters
    ----------
    result
        A stored run.
    others
        Further results whose findings go on the page: sensitivity analyses, attributions.

    Raises
    ------
    SimError
        n, seeds, a kind of interval or the scenario's hash is missing, the result is a sweep, or
        one of the others holds no finding.
    """
    if result.manifest.get("kind") == SWEEP:
        raise SimError(f"{result.path} is a sweep; a report is of a run, with a sweep beside it")
    grounds = grounds_of(result)
    findings = [_finding(other) for other in others]
    title = result.manifest["title"] or result.manifest["name"]
    parts = [
        *verdict_section(result, grounds),
        *failure_section(findings),
        *_findings_section(grounds.scenario, findings),
        *_figures(result, grounds),
        *(part for other in others for part in _figures_of(other, OWN_FIGURES)),
        *scoreboard_section(result),
        *grid_section(result),
        *_parameters(result.scenario),
        *_provenance(result, grounds),
    ]
    template = (resources.files("sim") / "data" / "report.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        title=escape(title), question=escape(_question(result.scenario)), body="\n".join(parts)
    )


def _question(scenario: Scenario) -> str:
    contest = scenario.contest
    first = f"{scenario.calendar.start:%Y-%m}"
    span = f"{scenario.calendar.months} months from {first}, {scenario.population.clients:,}"
    span += f" simulated clients for {scenario.population.represents:,} enterprises."
    if contest is None:
        return f"What happens in this market? {span}"
    incumbent, challenger = (
        scenario.vendors[name].label or name for name in (contest.incumbent, contest.challenger)
    )
    return f"Does the strategy of {incumbent} contain {challenger}? {span}"


def _finding(result: Result) -> dict[str, Any]:
    for name in FINDINGS:
        if (result.path / name).exists():
            return read_json(result.path / name)
    raise SimError(f"{result.path} holds no finding ({' or '.join(FINDINGS)})")


def _findings_section(name: str, findings: list[dict[str, Any]]) -> Iterator[str]:
    if findings:
        yield heading("Further findings")
    for told in findings:
        yield paragraph(told["title"])
        tables = told.get("tables") or {"": told["rows"]}
        for outcome, rows in tables.items():
            yield table(
                (outcome.replace("_", " "), "estimate", "n", "interval"),
                [
                    (
                        row["label"],
                        spread(row["mean"], (row["low"], row["high"])),
                        row["n"],
                        row["interval_type"],
                    )
                    for row in rows
                ],
            )
        named = told.get("facts", {}).get("outcomes", {})
        for outcome, facts in named.items():
            limit = told["facts"]["named_from"]
            names = ", ".join(facts["named"]) or "none"
            yield paragraph(f"{outcome.replace('_', ' ')}: total index above {limit:g}: {names}")
        for note in told.get("notes", ()):
            yield paragraph(note)
        if told["scenario"] != name:
            yield paragraph(f"This finding is of another scenario: {told['scenario']}.")
        yield paragraph(finding_grounds(told), "grounds")


def _figures(result: Result, grounds: Grounds) -> Iterator[str]:
    yield heading("Figures")
    yield from _figures_of(result)
    yield paragraph(grounds.line(), "grounds")


def _figures_of(result: Result, names: Sequence[str] | None = None) -> Iterator[str]:
    """Every picture (or of those named) that can be drawn of a stored result."""
    docs = {name: plot.doc for name, plot in plots().items()}
    for path in save(result) if names is None else _drawable(result, names):
        if path.suffix == ".png":
            kind = max((name for name in docs if path.stem.startswith(name)), key=len)
            rest = path.stem.removeprefix(kind).strip("_").replace("_", " ")
            yield figure(path.read_bytes(), f"{docs[kind]}{f' ({rest})' if rest else ''}")


def _drawable(result: Result, names: Sequence[str]) -> list[Path]:
    paths: list[Path] = []
    for name in names:
        with suppress(SimError):  # a finding has the picture of its own kind alone
            paths += save(result, [name])
    return paths


def _parameters(scenario: Scenario) -> Iterator[str]:
    yield heading("Parameters")
    stated = provenance(scenario)
    counts = {flag: sum(origin.flag == flag for origin in stated) for flag in FLAGS}
    yield paragraph(
        f"{len(stated)} numbers are stated by the scenario; all others have the defaults of the "
        "parameter reference."
    )
    yield table(
        ("flag", "meaning", "numbers"), [(flag, FLAGS[flag], n) for flag, n in counts.items() if n]
    )
    rows = [(o.path, number(o.value), o.unit, o.flag, o.source or "-") for o in stated]
    yield folded("all numbers", table(("path", "value", "unit", "flag", "source"), rows))


def _provenance(result: Result, grounds: Grounds) -> Iterator[str]:
    yield heading("Provenance")
    manifest = result.manifest
    code = manifest["code"]
    rows: list[tuple[str, object]] = [
        ("scenario", grounds.scenario),
        ("scenario hash", grounds.scenario_hash),
        ("root seed", grounds.root_seed),
        ("seeds (children of the root)", json.dumps(list(grounds.seeds))),
        ("hash of the seed list", grounds.seeds_hash),
        ("replicates asked for", result.replicates),
        ("failed runs", len(result.failed)),
        ("n of the verdict", grounds.n),
        ("interval types", "; ".join(grounds.interval_types)),
        ("worlds", ", ".join(result.points)),
        ("code", f"sim {code['version']}, {code['commit'] or 'no commit'}"),
        ("code fingerprint", code["fingerprint"]),
        ("Python", manifest["python"]),
        ("packages", ", ".join(f"{k} {v}" for k, v in manifest["packages"].items())),
        ("command", " ".join(manifest["command"])),
    ]
    yield table(("fact", "value"), rows)
    failed = result.failed
    if len(failed):
        told = [(r.point, r.replicate, r.stage, r.message) for r in failed.itertuples()]
        yield table(("world", "replicate", "stage", "message"), told)
