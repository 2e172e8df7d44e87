"""`sim report`: question, verdict, figures, thresholds, parameters and provenance on one page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.analysis.verdict.grounds import refuse_altered
from sim.analysis.verdict.judge import vendor_label
from sim.errors import SimError
from sim.plot.registry import plots
from sim.plot.save import save
from sim.report.html import Block, figure, folded, heading, number, paragraph, table
from sim.report.html import page as html_of
from sim.report.registry import Section, sections
from sim.report.verdicts import (
    Grounds,
    burn_section,
    failure_section,
    finding_line,
    grid_section,
    grounds_of,
    scoreboard_section,
    verdict_section,
)
from sim.runs.files import read_json
from sim.runs.stored import SWEEP
from sim.scenario.describe import provenance

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario

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
        Further results whose findings go on the page, one section a kind; see `sections`.

    Raises
    ------
    SimError
        n, seeds, a kind of interval or the scenario's hash is missing, here or in a finding; the
        result is a sweep; a stored scenario was altered; or one of the others holds no finding.
    """
    if result.manifest.get("kind") == SWEEP:
        raise SimError(f"{result.path} is a sweep; a report is of a run, with a sweep beside it")
    refuse_altered(result)
    grounds = grounds_of(result)
    findings = [finding for other in others for finding in _findings_of(other)]
    title = result.manifest["title"] or result.manifest["name"]
    parts = [
        *verdict_section(result, grounds),
        *failure_section([finding.found for finding in findings]),
        *(part for finding in findings for part in _finding_section(grounds.scenario, finding)),
        *_figures(result, grounds),
        *scoreboard_section(result),
        *burn_section(result),
        *grid_section(result),
        *_parameters(result.scenario),
        *_provenance(result, grounds),
    ]
    return html_of(title, _question(result.scenario), parts)


def _question(scenario: Scenario) -> str:
    contest = scenario.contest
    first = f"{scenario.calendar.start:%Y-%m}"
    span = f"{scenario.calendar.months} months from {first}, {scenario.population.clients:,}"
    span += f" simulated clients for {scenario.population.represents:,} enterprises."
    if contest is None:
        return f"What happens in this market? {span}"
    incumbent, challenger = (
        vendor_label(scenario, name) for name in (contest.incumbent, contest.challenger)
    )
    return f"Does the strategy of {incumbent} contain {challenger}? {span}"


class _Finding(NamedTuple):
    """What a further result holds of one kind."""

    result: Result
    section: Section
    found: dict[str, Any]


def _findings_of(result: Result) -> list[_Finding]:
    """Everything a folder holds that a section is made of.

    Raises
    ------
    SimError
        There is nothing of a known kind.
    """
    if result.manifest.get("claims"):
        _ = result.verdict  # claims are judged and stored when somebody asks for them
    stored = (
        _Finding(result, section, read_json(result.path / section.file))
        for section in sections().values()
        if (result.path / section.file).exists()
    )
    refuse_altered(result)
    found = [finding for finding in stored if finding.section.holds(finding.found)]
    if not found:
        files = ", ".join(section.file for section in sections().values())
        raise SimError(f"{result.path} holds no finding (one of {files})")
    return found


def _finding_section(name: str, finding: _Finding) -> Iterator[Block]:
    section, found = finding.section, finding.found
    grounds = section.grounds(found)
    line = finding_line(grounds)
    yield heading(found.get("title") or section.doc.rstrip("."))
    yield from section.content(found)
    for picture in section.pictures:
        with suppress(SimError):  # a finding has the pictures of its own kind alone
            measures = found.get("measures") or None
            yield from _pictures(save(finding.result, [picture], measures=measures))
    of = grounds.get("scenario", name)
    if of != name:
        yield paragraph(f"This finding is of another scenario: {of}.")
    yield paragraph(line, "grounds")


def _figures(result: Result, grounds: Grounds) -> Iterator[Block]:
    yield heading("Figures")
    yield from _pictures(save(result))
    yield paragraph(grounds.line(), "grounds")


def _pictures(paths: Iterable[Path]) -> Iterator[Block]:
    """The pictures among saved files, each with what it shows."""
    docs = {name: plot.doc for name, plot in plots().items()}
    for path in paths:
        if path.suffix == ".png":
            kind = max((name for name in docs if path.stem.startswith(name)), key=len)
            rest = path.stem.removeprefix(kind).strip("_").replace("_", " ")
            yield figure(path.read_bytes(), f"{docs[kind]}{f' ({rest})' if rest else ''}")


def _parameters(scenario: Scenario) -> Iterator[Block]:
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


def _provenance(result: Result, grounds: Grounds) -> Iterator[Block]:
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
    failed = [(r.point, r.replicate, r.stage, r.message) for r in result.failed.itertuples()]
    if failed:
        yield table(("world", "replicate", "stage", "message"), failed)
