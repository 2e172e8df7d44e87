"""Verbs that hold the model against knowledge: validate, verify."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import (
    RESULTS,
    WIDTH,
    Changes,
    Clients,
    Out,
    Point,
    Posterior,
    Record,
    Replicates,
    Seed,
    Verbose,
    Workers,
    changed,
    month_of,
    print_json,
    run_as_it_stands,
    table_lines,
)

if TYPE_CHECKING:
    from sim.analysis.calibration.record import Record as RecordRow
    from sim.analysis.calibration.validation import Comparison, Validation
    from sim.analysis.forecasts.scores import Scoreboard
    from sim.analysis.verdict.words import Answer, Belts
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario


HEAD = ("entity", "period", "recorded", "median", "90 % band", "", "score")


def validate(
    scenario: Annotated[
        Path, typer.Argument(help="Scenario file, or a result folder.", show_default=False)
    ],
    record: Record = None,
    replicates: Replicates = None,
    seed: Seed = None,
    set_: Changes = None,
    clients: Clients = None,
    workers: Workers = None,
    out: Out = RESULTS,
    posterior: Posterior = None,
    point: Point = False,
    cut: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM",
            help="Last known month: later figures are scored beside simple forecasts of them "
            "[default: the last that the scenario is fitted to].",
        ),
    ] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="Without the scenario's events after that month.")
    ] = False,
    verbose: Verbose = False,
    json_: Annotated[
        bool, typer.Option("--json", help="Print targets, scores, unmapped figures as JSON.")
    ] = False,
) -> None:
    """Hold a scenario against the record: hit or miss of each figure, and scores beside others.

    Only the scenario as it stands is run, on to the last figure of a record that is given, and a
    stored result of the same runs is reused.
    """
    from sim.analysis.calibration.record import load_record
    from sim.analysis.calibration.validation import validate as hold_against
    from sim.analysis.forecasts.forecast import predictive
    from sim.analysis.forecasts.running import errors_of, reaching
    from sim.runs.folders import stored_result
    from sim.scenario.shipped import POSTERIOR, located

    rows = load_record(record)
    if (folder := stored_result(scenario)) is not None:
        given = bool(set_) or blind or {replicates, seed, clients} != {None}
        result = _stored(folder, given)
        file = posterior and Path(located(posterior, POSTERIOR))
    else:
        from sim.analysis.predictive import posterior_of
        from sim.scenario.reader import load

        market = load(scenario, changed(set_, clients))
        file = posterior_of(market, posterior, point)
        market = market if record is None else reaching(market, rows)
        known = _known_day(market, rows, cut, file) if blind else None
        result = _run(market, replicates, seed, workers, out, file, known)
    errors = errors_of(result.seed, file)
    validation = hold_against(
        result.curves,
        result.scenario,
        rows,
        sample=lambda target, values: predictive(target, values, errors),
    )
    board = _scores(validation, result, rows, cut, file)
    if json_:
        document = validation.as_dict() | ({"scores": board.as_dict()} if board else {})
        print_json(document)
    else:
        from sim.cli.screen import conclude

        behind = _lines(validation, result, board.lines() if board else [])
        conclude(_answer(validation, result, board), behind, verbose)


def _known_day(
    market: Scenario, rows: Sequence[RecordRow], cut: str | None, posterior: Path | None
) -> date:
    """The last known day, after which a blind run has no events."""
    from sim.analysis.forecasts.forecast import last_day
    from sim.analysis.forecasts.outcomes import cut_of
    from sim.analysis.forecasts.running import fitted_until
    from sim.errors import SimError

    month = month_of(cut)
    known = last_day(month) if month else fitted_until(posterior, rows) or cut_of(market, rows)
    if known is None:
        raise SimError("--blind needs --cut YYYY-MM: the scenario is fitted to no figure")
    return known


def _scores(
    validation: Validation,
    result: Result,
    rows: Sequence[RecordRow],
    cut: str | None,
    posterior: Path | None,
) -> Scoreboard | None:
    from sim.analysis.calibration.record import load_record
    from sim.analysis.forecasts.forecast import last_day
    from sim.analysis.forecasts.outcomes import score_figures
    from sim.analysis.forecasts.running import errors_of, fitted_until

    known = {row.id: row for row in (*load_record(), *rows)}
    month = month_of(cut)
    return score_figures(
        result.curves,
        result.scenario,
        [row.target for row in validation.comparisons],
        known.values(),
        None if month is None else last_day(month),
        errors_of(result.seed, posterior),
        fitted_until(posterior, known.values()),
    )


def _stored(folder: Path, given: bool) -> Result:
    from sim.api import open_result
    from sim.errors import SimError

    if given:
        raise SimError(f"{folder} is a stored result: its runs cannot be changed by options")
    return open_result(folder)


def _run(
    market: Scenario,
    replicates: int | None,
    seed: int | None,
    workers: int | None,
    out: Path,
    posterior: Path | None,
    known: date | None,
) -> Result:
    from sim.api import open_result
    from sim.errors import SimError
    from sim.runs.plan import plan_ensemble

    if posterior is None and known is None:
        with suppress(SimError):
            return open_result(out / plan_ensemble(market, replicates, seed).folder_name)
    return run_as_it_stands(market, replicates, seed, workers, out, posterior, known)


EXPECTED = 0.9
LEAST_FIGURES = 5


def _answer(validation: Validation, result: Result, board: Scoreboard | None) -> Answer:
    """Whether the bands hold what was recorded, and where they do not."""
    from sim.analysis.rounding import POINTS
    from sim.analysis.statistics import wilson_interval
    from sim.analysis.verdict.words import Answer

    hits, count = validation.hits, len(validation.comparisons)
    title = result.scenario.title or result.scenario.name
    counts = validation.counts
    record = f"{sum(counts.values())} rows: {', '.join(_count(entry) for entry in counts.items())}"
    also = [("Record", record)]
    text = "Nothing is known: no recorded figure can be compared with this scenario."
    if count:
        low, high = wilson_interval(hits, count)
        inside = f"{hits} of {count} recorded figures lie inside the 90 % band"
        if count < LEAST_FIGURES:
            text = f"Too few to tell: {inside}."
        elif high < EXPECTED:
            text = f"No: {inside}, where {EXPECTED * count:.0f} should; the bands are too sure."
        elif low > EXPECTED:
            text = f"More than it claims: {inside}; the bands are wider than they need be."
        else:
            text = f"Yes, as far as it was counted: {inside}; {EXPECTED * count:.0f} should."
        worst = max(validation.comparisons, key=lambda row: row.score)
        also.append(("Worst", _worst(worst)))
    if board is not None and not board.table.empty:
        also.append(("Scores", board.winner().partition(";")[0]))
    return Answer(
        f"Does it agree with the record? {title}",
        "",
        text,
        belts=_by_metric(validation),
        also=tuple(also),
        next=(f"sim validate {shlex.quote(str(result.path))} --verbose",),
        foot=(
            f"n = {result.replicates} runs, seed {result.seed}, scenario "
            f"{result.scenario_hash[:8]}, {POINTS * EXPECTED:.0f} % bands"
        ),
    )


def _worst(row: Comparison) -> str:
    from sim.analysis.rounding import decimals, number, spread

    target = row.target
    band = spread(row.median, row.p05, row.p95, most=3)
    recorded = number(target.value, decimals(row.p05, row.p95, most=3))
    return (
        f"{target.entity}, {target.metric.replace('_', ' ')}, to {target.period_end:%Y-%m}: "
        f"recorded {recorded} {target.unit}, simulated {band}"
    )


def _by_metric(validation: Validation) -> Belts | None:
    """Metrics with their figures inside the band, those that miss most first."""
    from sim.analysis.verdict.words import Belts

    found: dict[str, list[bool]] = {}
    for row in validation.comparisons:
        found.setdefault(row.target.metric.replace("_", " "), []).append(row.hit)
    rows = sorted(found.items(), key=lambda item: sum(item[1]) - len(item[1]))
    cells = tuple((name, f"{sum(inside)}", f"{len(inside)}") for name, inside in rows)
    return Belts("Misses most", ("", "inside", "of"), cells) if cells else None


def _lines(validation: Validation, result: Result, scores: list[str]) -> list[str]:
    lines = [
        f"{result.scenario.title or result.scenario.name}: {result.replicates} replicates, root "
        f"seed {result.seed}, scenario {result.scenario_hash[:8]}",
        "",
    ]
    groups: dict[tuple[str, str], list[Comparison]] = {}
    for row in validation.comparisons:
        groups.setdefault((row.target.metric, row.target.unit), []).append(row)
    for (metric, unit), rows in groups.items():
        lines += [f"{metric} [{unit}]", *table_lines([HEAD, *map(_cells, rows)], "  "), ""]
    count = len(validation.comparisons)
    if count:
        lines.append(f"{validation.hits} of {count} recorded figures inside the 90 % band")
    else:
        lines.append("no recorded figure can be compared with this scenario")
    lines += ["", *scores] if scores else []
    counts = validation.counts
    lines += [
        "",
        f"record of {sum(counts.values())} rows: {', '.join(map(_count, counts.items()))}",
    ]
    for title, found in (
        (
            "taken as given by the run, and by what",
            ((_short_of(r.carrier), r.metric) for r in validation.inputs),
        ),
        ("counted once, under another row", (("repeats", r.metric) for r in validation.duplicates)),
        ("not compared", ((r.reason, r.metric) for r in validation.unmapped)),
    ):
        listed = _grouped(found)
        lines += (
            ["", f"{title}: {sum(map(_size, listed.values()))} figures", *_texts(listed)]
            if listed
            else []
        )
    return [*lines, "", f"result   {result.path}"]


WORDS = {
    "mapped": "compared",
    "inputs": "inputs",
    "duplicates": "duplicates",
    "unmapped": "not compared",
}


def _count(entry: tuple[str, int]) -> str:
    return f"{entry[1]} {WORDS[entry[0]]}"


def _short_of(carrier: str) -> str:
    """A carrier without its family, vendor and month; JSON has them."""
    words = carrier.split()
    return " ".join(words[:2]) if words[0] == "event" else carrier.partition(" of ")[0]


def _size(metrics: Counter[str]) -> int:
    return sum(metrics.values())


def _grouped(found: Iterable[tuple[str, str]]) -> dict[str, Counter[str]]:
    """Metrics by why or by what, counted."""
    groups: dict[str, Counter[str]] = {}
    for why, metric in found:
        groups.setdefault(why, Counter())[metric] += 1
    return groups


def _texts(groups: dict[str, Counter[str]]) -> list[str]:
    lines = []
    for why, metrics in groups.items():
        listed = [f"{name} x {n}" if n > 1 else name for name, n in sorted(metrics.items())]
        lines += wrap(
            f"{why}: {', '.join(listed)}",
            WIDTH,
            initial_indent="  ",
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return lines


def _cells(row: Comparison) -> tuple[str, ...]:
    target = row.target
    return (
        f"{target.entity} ({target.id})",
        f"{target.period_start:%Y-%m}..{target.period_end:%Y-%m}",
        f"{target.value:.4g}",
        f"{row.median:.4g}",
        f"[{row.p05:.4g}, {row.p95:.4g}]",
        "hit" if row.hit else f"miss by {row.miss:+.3g}",
        f"{row.score:.3g}",
    )


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
    from sim.analysis.verification import verify as verification
    from sim.runs.files import write_own

    loaded = verification.load_cases(cases)
    if answers is not None:
        text = json.dumps(verification.answer_cases(loaded), indent=1, sort_keys=True)
        write_own(answers, (text + "\n").encode(), head=len('{\n "'))
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
        typer.echo(f"not known: {', '.join(report.uncovered)}")
    if report.dropped:
        typer.echo("dropped, for no running code computes them:")
    for name, reason in report.dropped.items():
        typer.echo(f"  {name}: {reason}")
    return 0 if report.passed else 1


def _short(value: object) -> str:
    text = json.dumps(value) if isinstance(value, str | bool | list | dict) else str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 4] + " ..."


def _plain(report: Any) -> dict[str, Any]:
    return {
        "passed": report.passed,
        "rows": [row._asdict() for row in report.rows],
        "uncovered": list(report.uncovered),
        "dropped": report.dropped,
    }
