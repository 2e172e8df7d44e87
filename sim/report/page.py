"""`sim report`: question, answer, what it rests on, parameters and provenance on one page."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.analysis.answers import (
    attribution_answer,
    comparison_answer,
    frontier_answer,
    hysteresis_answer,
    sensitivity_answer,
    tournament_answer,
)
from sim.analysis.verdict.details import details_of
from sim.analysis.verdict.grounds import refuse_altered
from sim.analysis.verdict.words import answer_of, question_of
from sim.errors import SimError
from sim.files import read_text
from sim.plot.registry import plots
from sim.plot.save import save
from sim.report.html import Block, commands, figure, folded, heading, number, paragraph, table
from sim.report.html import page as html_of
from sim.report.registry import Section, sections
from sim.report.verdicts import (
    Grounds,
    answer_section,
    definitions_section,
    effect_section,
    failure_section,
    finding_line,
    flips_section,
    forecast_section,
    grounds_of,
    posterior_section,
    shares_section,
)
from sim.runs.files import read_json
from sim.runs.stored import told_if_altered
from sim.runs.worlds import ON
from sim.scenario.describe import provenance

if TYPE_CHECKING:
    from sim.analysis.verdict.words import Answer
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario

FLAGS = {
    "data": "taken from a source",
    "literature": "from the literature",
    "fitted": "fitted to the record",
    "assumed": "assumed",
    "input": "chosen by the user",
}


@told_if_altered
def page(result: Result, others: Sequence[Result] = ()) -> str:
    """The page of a result as HTML that loads nothing from anywhere.

    Parameters
    ----------
    result
        A stored result: a run, a sweep, a comparison, or another kind with findings of its own.
    others
        Further results whose findings go on the page, one section a kind; see `sections`.

    Raises
    ------
    SimError
        n, seeds, a kind of interval or the scenario's hash is missing, here or in a finding; a
        stored scenario was altered; or one of the others holds no finding.
    """
    refuse_altered(result)
    own = [finding for finding in _held_by(result) if finding.section.holds(finding.found)]
    own.sort(key=lambda finding: finding.section.name == "claims")  # after what was found
    findings = own + [finding for other in others for finding in _findings_of(other)]
    title = result.manifest["title"] or result.manifest["name"]
    name = result.scenario.name
    first = own[0] if own and not _is_of_worlds(result) else None
    sections = [
        part for finding in findings for part in _finding_section(name, finding, finding is first)
    ]
    failing = list(failure_section([finding.found for finding in findings]))
    if _is_of_worlds(result):
        grounds = grounds_of(result)
        lead, parts = _of_a_run(result, grounds, failing, sections)
        facts = _facts(grounds)
        question = question_of(result.scenario)
        question = "" if question == title else question
    else:
        question, lead = _of_findings(result, own)
        parts = [*sections, *_further_figures(result, own)]
        facts = [("seed of the study" if result.is_sweep else "root seed", result.seed)]
    parts += [*_parameters(result.scenario), *_provenance(result, facts)]
    return result.scenario.currency.words(html_of(title, question, lead, parts))


OF_EVERY_SWEEP = ("claims", "sweep")
ANSWERS: dict[str, Callable[[Any, Scenario], Answer]] = {
    "attribution": lambda found, scenario: attribution_answer([found], scenario),
    "compare": comparison_answer,
    "frontier": lambda found, scenario: frontier_answer(found),
    "hysteresis": lambda found, scenario: hysteresis_answer(found),
    "sensitivity": lambda found, scenario: sensitivity_answer([found], scenario),
    "tournament": tournament_answer,
}
"""What says a kind of finding in a sentence, as on the screen."""


def _of_findings(result: Result, own: Sequence[_Finding]) -> tuple[str, list[Block]]:
    """Question and answer of a result without worlds to compare: of its first finding."""
    span = paragraph(_span(result.scenario), "span")
    if not own:
        return "", [span]
    name, found = own[0].section.name, own[0].found
    if name in ANSWERS:
        answer = ANSWERS[name](found, result.scenario)
        return answer.question, [span, *answer_section(answer)]
    if found.get("sentences"):
        runs = f"{found['points']} points of a {found['design'].replace('_', ' ')} design"
        text = f"What do {len(found['factors'])} factors change? {runs}, {found['n']} runs."
        return text, [span, paragraph(found["sentences"][0], "verdict")]
    return "", [span]


def _is_of_worlds(result: Result) -> bool:
    """Whether it is a scenario with its counterfactual worlds, so that there is an answer."""
    return not result.is_sweep and ON in result.points


def _of_a_run(
    result: Result, grounds: Grounds, failing: list[Block], sections: list[Block]
) -> tuple[list[Block], list[Block]]:
    """What stands first, and the parts of the page."""
    answer = answer_of(result)
    details = {found.title: found for found in details_of(result, result.verdict)}
    entry = result.verdict["verdicts"].get(result.verdict["primary"])
    pictures = {path.stem: path for path in _drawn(result)}
    lead = [
        paragraph(_span(result.scenario), "span"),
        *answer_section(answer),
        *_figures(pictures, "belts"),
        paragraph(grounds.line(), "grounds"),
    ]
    parts: list[Block] = []
    effect = [*_figures(pictures, "worlds", "episode"), *effect_section(details)]
    if effect:
        parts += [heading("What the moves change"), *effect]
    if entry is not None:
        parts += definitions_section(entry)
        parts += flips_section(result.verdict, details)
        parts += _figures(pictures, "specification")
    parts += [*failing, *sections, *shares_section(result, details)]
    parts += _figures(pictures, "classes", "final", "survival")
    parts += [*posterior_section(result), *forecast_section(result)]
    if pictures:
        parts += [heading("Further pictures"), *_figures(pictures, *pictures)]
    return lead, [*parts, paragraph(grounds.line(), "grounds")]


def _span(scenario: Scenario) -> str:
    calendar, clients = scenario.calendar, scenario.population
    return (
        f"{calendar.months} months from {calendar.start:%B %Y}; {clients.clients:,} simulated "
        f"clients stand for {clients.represents:,} enterprises."
    )


class _Finding(NamedTuple):
    """What a further result holds of one kind."""

    result: Result
    section: Section
    found: dict[str, Any]


def _held_by(result: Result) -> Iterator[_Finding]:
    if result.is_sweep:
        _ = result.verdict  # claims are judged and stored when somebody asks for them
        further = (one.file for one in sections().values() if one.name not in OF_EVERY_SWEEP)
        if not any((result.path / file).exists() for file in further):
            _ = getattr(result, "findings", None)  # and so are effects, by what judges
    for section in sections().values():
        if (result.path / section.file).exists():
            yield _Finding(result, section, read_json(result.path / section.file))


def _findings_of(result: Result) -> list[_Finding]:
    """Everything a further folder holds that a section is made of.

    Raises
    ------
    SimError
        There is nothing of a known kind.
    """
    stored = list(_held_by(result))
    refuse_altered(result)
    found = [finding for finding in stored if finding.section.holds(finding.found)]
    if not found:
        files = ", ".join(section.file for section in sections().values())
        raise SimError(f"{result.path} holds no finding (one of {files})")
    return found


def _finding_section(name: str, finding: _Finding, leads: bool) -> Iterator[Block]:
    """What a finding says, shows and rests on; the one that leads the page has said its answer."""
    section, found = finding.section, finding.found
    grounds = section.grounds(found)
    line = finding_line(grounds)
    yield heading(section.doc.partition(":")[0].rstrip("."))
    if found.get("title") and not leads:
        yield paragraph(str(found["title"]))
    if section.name in ANSWERS and not leads:
        yield paragraph(ANSWERS[section.name](found, finding.result.scenario).answer, "stated")
    yield from section.content(found)
    for picture in section.pictures:
        with suppress(SimError):  # a finding has the pictures of its own kind alone
            measures = found.get("measures") or None
            saved = save(finding.result, [picture], measures=measures, svg=True)
            yield from _figures({path.stem: path for path in saved if path.suffix == ".svg"})
    of = grounds.get("scenario", name)
    if of != name:
        yield paragraph(f"This finding is of another scenario: {of}.")
    yield paragraph(line, "grounds")


def _further_figures(result: Result, own: Sequence[_Finding]) -> Iterator[Block]:
    """Pictures of a result without an answer that none of its sections has shown."""
    shown = {picture for finding in own for picture in finding.section.pictures}
    pictures = {path.stem: path for path in _drawn(result) if _kind(path.stem) not in shown}
    if pictures:
        yield heading("Pictures")
        yield from _figures(pictures)


def _drawn(result: Result) -> list[Path]:
    return [path for path in save(result, svg=True) if path.suffix == ".svg"]


def _figures(pictures: dict[str, Path], *kinds: str) -> Iterator[Block]:
    """Pictures of these kinds, of all kinds if none is named, with what they show; each once."""
    for stem in list(pictures):
        kind = _kind(stem)
        if kinds and stem not in kinds and kind not in kinds:
            continue
        rest = stem.removeprefix(kind).strip("_").replace("_", " ")
        text = f"{plots()[kind].doc.rstrip('.')}{f': {rest}' if rest else ''}."
        yield figure(read_text(pictures.pop(stem)), text)


def _kind(stem: str) -> str:
    return max((name for name in plots() if stem.startswith(name)), key=len)


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


def _facts(grounds: Grounds) -> list[tuple[str, object]]:
    return [
        ("scenario", grounds.scenario),
        ("root seed", grounds.root_seed),
        ("seeds (children of the root)", json.dumps(list(grounds.seeds))),
        ("hash of the seed list", grounds.seeds_hash),
        ("n of the verdict", grounds.n),
        ("interval types", "; ".join(grounds.interval_types)),
    ]


def _provenance(result: Result, facts: Sequence[tuple[str, object]]) -> Iterator[Block]:
    yield heading("Provenance and commands")
    manifest = result.manifest
    code = manifest["code"]
    worlds = f"{len(result.points)} points" if result.is_sweep else ", ".join(result.points)
    rows: list[tuple[str, object]] = [
        *facts,
        ("scenario hash", result.scenario_hash),
        ("replicates asked for", result.replicates),
        ("failed runs", len(result.failed)),
        ("points" if result.is_sweep else "worlds", worlds),
        ("code", f"sim {code['version']}, {code['commit'] or 'no commit'}"),
        ("code fingerprint", code["fingerprint"]),
        ("Python", manifest["python"]),
        ("packages", ", ".join(f"{k} {v}" for k, v in manifest["packages"].items())),
    ]
    yield table(("fact", "value"), rows)
    folder = shlex.quote(str(result.path))
    made = shlex.join(["sim", *manifest["command"][1:]])
    yield paragraph("The command that made it, one run made again and compared, its tables:")
    yield commands(
        [made, f"sim explain {folder} --run {result.points[0]}/0", f"sim export {folder}"]
    )
    failed = [(r.point, r.replicate, r.stage, r.message) for r in result.failed.itertuples()]
    if failed:
        yield table(("world", "replicate", "stage", "message"), failed, "Failed runs")
