"""The verdict, what it rests on, and where it fails, as sections of the page.

No page and no printed verdict goes without n, seeds, kinds of interval and the scenario's hash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.predictive import SPLIT
from sim.analysis.rounding import money
from sim.analysis.rounding import spread as rounded
from sim.analysis.statistics import paired_comparison
from sim.analysis.verdict.containment import Verdict
from sim.analysis.verdict.details import HELD, Detail, definitions_of, split_of
from sim.analysis.verdict.flips import flips_of
from sim.analysis.verdict.grounds import over_posterior, ranges, refuse_bare
from sim.analysis.verdict.judge import vendor_label
from sim.errors import SimError
from sim.files import open_regular, read_text
from sim.report.html import (
    PERCENT,
    Block,
    figure,
    folded,
    heading,
    lines,
    number,
    pairs,
    paragraph,
    subheading,
    table,
)
from sim.runs.files import json_bytes, read_json, sha256
from sim.runs.rows import DONE
from sim.runs.worlds import OFF_MONEY_KEPT, ON

if TYPE_CHECKING:
    from sim.analysis.verdict.words import Answer
    from sim.runs.result import Result
    from sim.runs.worlds import Draws

QUANTILES = "5 % and 95 % quantiles over replicates"


@dataclass(frozen=True)
class Grounds:
    """Where the numbers of a page come from."""

    scenario: str
    scenario_hash: str
    root_seed: int
    n: int
    seeds: tuple[int, ...]
    seeds_hash: str
    interval_types: tuple[str, ...]
    posterior: Mapping[str, Any] | None = None

    def line(self) -> str:
        """The line under every table and figure."""
        kinds = "; ".join(self.interval_types)
        return (
            f"n = {self.n} runs a world, root seed {self.root_seed}, children "
            f"{ranges(self.seeds)} (list {self.seeds_hash[:8]}), intervals: {kinds}, "
            f"scenario {self.scenario} {self.scenario_hash[:8]}{over_posterior(self.posterior)}"
        )


def grounds_of(result: Result) -> Grounds:
    """The grounds of a stored result.

    Raises
    ------
    SimError
        n, the seeds, a kind of interval or the scenario's hash is missing.
    """
    verdict, manifest = result.verdict, result.manifest
    entry = verdict.get("verdicts", {}).get(verdict.get("primary")) or {}
    sound = result.sound_replicates(result.points[0])
    seeds = tuple(int(seed) for seed in entry.get("seeds", [] if entry else sound) or ())
    n = int(entry.get("n") or (0 if entry else len(sound)))
    kinds = sorted(set(_kinds(entry))) if entry else [QUANTILES]
    carried = {
        "n": n and n == len(seeds),
        "seed list": seeds and manifest.get("seed") is not None,
        "interval type": kinds and all(kinds),
        "scenario hash": manifest.get("scenario_hash")
        and verdict.get("scenario_hash") == manifest.get("scenario_hash"),
    }
    missing = [name for name, there in carried.items() if not there]
    if missing:
        raise SimError(f"{result.path}: no conclusion without its {', '.join(missing)}")
    return Grounds(
        scenario=str(manifest["name"]),
        scenario_hash=result.scenario_hash,
        root_seed=result.seed,
        n=n,
        seeds=seeds,
        seeds_hash=sha256(json_bytes({"root": result.seed, "children": list(seeds)})),
        interval_types=tuple(kinds),
        posterior=result.posterior,
    )


def _kinds(entry: Mapping[str, Any]) -> Iterator[str]:
    """Kind of every interval that the verdict shows; empty for one that is not named."""
    yield str(entry["classes"].get("interval_type") or "")
    yield str(entry["emergence"].get("interval_type") or "")
    for definition in entry["definitions"].values():
        if definition.get("interval"):
            yield str(definition.get("interval_type") or "")


def finding_line(found: Mapping[str, Any]) -> str:
    """The line under a further finding.

    Raises
    ------
    SimError
        It lacks n, the seeds, a kind of interval or the scenario's hash.
    """
    try:
        refuse_bare(found)
    except SimError as error:
        raise SimError(f"no report of {_name(found)}: {error}") from error
    if not all(found["interval_types"]):
        raise SimError(f"no report of {_name(found)} without the kind of every interval")
    return (
        f"n = {found['n']}, root seed {found['root_seed']}, children {ranges(found['seeds'])}, "
        f"{'; '.join(found['interval_types'])}, scenario {found['scenario_hash'][:8]}"
        f"{over_posterior(found.get('posterior'))}"
    )


def _name(found: Mapping[str, Any]) -> str:
    return str(found.get("title") or found.get("folder") or found.get("scenario") or "a finding")


def answer_section(answer: Answer) -> Iterator[Block]:
    """The answer and what it rests on, as the screen says it."""
    yield paragraph(answer.answer, "verdict")
    yield pairs((name, f"{text[0].upper()}{text[1:]}.") for name, text in answer.rows)
    if answer.belts is not None:
        yield table(answer.belts.head, answer.belts.rows, answer.belts.title)


def effect_section(details: Mapping[str, Detail]) -> Iterator[Block]:
    """What the moves change, under every rule for the saved money and each hosting."""
    for title, found in details.items():
        if title.startswith("Points that"):
            yield from detail(found)


def detail(found: Detail) -> Iterator[Block]:
    """A titled block of lines, or of rows under a head."""
    if found.rows:
        head, rows = found.rows[0], found.rows[1:]
        if found.title.startswith("How "):
            head, rows = ("ending", "runs", "% of runs"), found.rows
        yield table(head, rows, found.title)
    elif found.lines:
        yield subheading(found.title)
    if found.lines:
        yield lines(found.lines)


def definitions_section(entry: Mapping[str, Any]) -> Iterator[Block]:
    """D1 to D6 in words: claim with threshold, what was found, whether it holds."""
    yield heading("Six definitions of containment")
    rows = [
        (f"{one.code} {one.title}", one.claim, one.found, one.holds)
        for one in definitions_of(entry)
    ]
    yield table(("definition", "says", "found", "holds"), rows)


def flips_section(verdict: Mapping[str, Any], details: Mapping[str, Detail]) -> Iterator[Block]:
    """What was tried that gives another answer, and how firm this one is."""
    yield heading("What would flip it")
    rows = [(answer, "; ".join(found)) for answer, found in flips_of(verdict).items()]
    if rows:
        yield table(("the answer would be", "where"), rows)
    else:
        yield paragraph("Nothing that was tried gives another answer.")
    firm = details.get(FIRM)
    if firm is not None:
        yield from detail(firm)
    yield from _settings(verdict["verdicts"][verdict["primary"]].get("specification"))


def _settings(curve: Mapping[str, Any] | None) -> Iterator[Block]:
    """The answer at every setting of the thresholds."""
    if not curve:
        return
    axes = curve["axes"]
    rows = [
        (
            *(f"{PERCENT * p['thresholds'][axis]:.3g}" for axis in axes),
            HELD[Verdict(p["overall"])],
            HELD[Verdict(p["contained"])],
        )
        for p in curve["points"]
    ]
    head = (*(AXES[axis] for axis in axes), "contained", "by the definitions")
    yield folded("The answer at every setting of the thresholds", table(head, rows))


AXES = {
    "lead_margin": "lead that counts, points",
    "ceiling_share": "ceiling, %",
    "slope_tolerance": "flat, points a month",
    "minimum_effect": "effect that counts, points",
}


FIRM = "How firm the answer is"
SHOWN_WITH_SHARES = ("Shares", "How", "When", "What it cost")


def shares_section(result: Result, details: Mapping[str, Detail]) -> Iterator[Block]:
    """Shares of the last months, endings, dates, costs, and what welfare does."""
    yield heading("Shares, endings, costs")
    for title, found in details.items():
        if title != FIRM and title.startswith(SHOWN_WITH_SHARES):
            yield from detail(found)
    rows = list(_welfare(result))
    if rows:
        title = f"What the moves of the incumbent change, mean a month ({PAIRED})"
        yield table(("", "change", "n"), rows, title)


def posterior_section(result: Result) -> Iterator[Block]:
    """What the draws of the runs are, and what the spread is made of; forecasts that lie here."""
    facts, draws = result.posterior, result.draws
    if facts is not None and draws is not None:
        yield heading("Posterior")
        yield paragraph(
            f"Each run is one of {facts['draws']:,} draws of the uncertain numbers, from the "
            f"record until {facts['cut'] or '-'}."
        )
        yield folded("Numbers that are drawn", table(DRAWN, _drawn(draws)))
    if (result.path / SPLIT).exists():
        split = split_of(read_json(result.path / SPLIT))
        yield from detail(split)


def forecast_section(result: Result) -> Iterator[Block]:
    """Dated forecasts that lie beside the runs: each figure at its last date, with its band."""
    stored = sorted(result.path.glob("forecast-*/forecast.json"))
    if stored:
        yield heading("Forecasts")
    for path in stored:
        facts, rows = read_json(path), _rows_beside(path)
        yield paragraph(
            f"{facts['forecasts']:,} figures from {facts['from'][:7]} to {facts['to'][:7]}, over "
            f"{facts['replicates']} draws, knowing the record until {facts['record_cut']}; all of "
            f"them in {path.parent.name}/."
        )
        for picture in sorted(path.parent.glob("*.svg")):
            words = f"Forecasts of {picture.stem.replace('_', ' ')}, with what was recorded before."
            yield figure(read_text(picture), words)
        last = rows.groupby(["metric", "entity", "unit"], sort=False).tail(1)
        head = ("metric", "of", "unit", "month", "median (9 in 10)")
        ends = table(head, [_forecast(row) for row in last.itertuples()])
        yield folded("Each figure at its last date", ends)


def _forecast(row: Any) -> tuple[str, ...]:
    band = f"{number(row.q50)} ({number(row.q05)} to {number(row.q95)})"
    return row.metric.replace("_", " "), row.entity, row.unit, row.period_end[:7], band


DRAWN = ("number", "5 %", "median", "95 %")


def _drawn(draws: Draws) -> Iterator[tuple[str, ...]]:
    values: dict[str, list[Any]] = {}
    for draw in draws.of:
        for path, value in draws.changes[draw].items():
            values.setdefault(path, []).append(value)
    for path, found in values.items():
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in found):
            yield path, *(number(float(end)) for end in np.quantile(found, [0.05, 0.5, 0.95]))
        else:
            counts = Counter(map(str, found)).most_common()
            told = "; ".join(f"{name} in {PERCENT * n / len(found):.0f} %" for name, n in counts)
            yield path, "", told, ""


WELFARE = (
    "consumer_surplus",
    "incumbent_profit",
    "challenger_profit",
    "hhi_platform_tokens",
    "hhi_revenue",
)
PAIRED = "paired t, 95 %"


def _change(result: Result, measure: str, mean: float, interval: Any) -> tuple[str, str]:
    """A measure in words, and its change in money, on the scale of an index, or in its unit."""
    low, high = interval or (None, None)
    party, _, rest = measure.partition("_")
    contest = result.scenario.contest
    if rest == "profit" and contest is not None:
        who = contest.incumbent if party == "incumbent" else contest.challenger
        return f"profit of {vendor_label(result.scenario, who)}", money(mean, low, high)
    if party == "hhi":
        name = f"concentration of {rest.replace('_', ' ')} (HHI, 0 to 10,000)"
        ends = [None if end is None else 1e4 * end for end in (low, high)]
        return name, rounded(1e4 * mean, ends[0], ends[1])
    return f"{measure.replace('_', ' ')}, price units", rounded(mean, low, high, most=3)


def _welfare(result: Result) -> Iterator[tuple[str, str, int]]:
    if OFF_MONEY_KEPT not in result.points:
        return
    sound = result.sound_replicates(ON, OFF_MONEY_KEPT)
    runs = result.runs[(result.runs["status"] == DONE) & result.runs["replicate"].isin(sound)]
    for measure in WELFARE:
        if measure not in runs or not sound:
            continue
        pair = runs.pivot(index="replicate", columns="point", values=measure)
        values = pair[[OFF_MONEY_KEPT, ON]].dropna().to_numpy(dtype=float)
        if len(values):
            found = paired_comparison(values[:, 0], values[:, 1])
            interval = None if found.n < 2 else found.interval
            yield *_change(result, measure, found.mean, interval), found.n


def failure_section(findings: list[dict[str, Any]]) -> Iterator[Block]:
    """The region in which containment fails, as prominent as the verdict."""
    yield heading("Where containment fails")
    boxes = [found for found in findings if found.get("method") == "prim"]
    if not boxes:
        yield paragraph(
            "Not examined here. To examine it: sim sensitivity SCENARIO --method prim, then "
            "sim report RESULT --with its folder."
        )
    for found in boxes:
        facts = found["facts"]
        yield paragraph(
            f"It fails in {facts['fails_in']} of {facts['draws']} draws of the unknowns."
        )
        if not facts["box"]:
            yield paragraph("; ".join(found["notes"]))
            continue
        yield paragraph(
            f"The box below holds {PERCENT * facts['coverage']:.0f} % of these failures, and "
            f"{PERCENT * facts['density']:.0f} % of the draws in it fail."
        )
        yield table(
            ("unknown", "from", "to", "quasi-p", "restricted in resamples, %"),
            [
                (
                    name,
                    number(side["low"]),
                    number(side["high"]),
                    number(side["quasi_p"]),
                    number(side["restricted_in"], PERCENT),
                )
                for name, side in facts["box"].items()
            ],
        )
        yield paragraph(finding_line(found), "grounds")


def _rows_beside(path: Path) -> pd.DataFrame:
    with open_regular(path.with_name("forecast.csv")) as file:
        return pd.read_csv(file, keep_default_na=False, na_values=[""])  # an entity may be NA
