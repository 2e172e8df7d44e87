"""The verdict, what it rests on, and where it fails, as sections of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sim.analysis.statistics import paired_comparison
from sim.report.grounds import Grounds, finding_line
from sim.report.html import PERCENT, Block, folded, heading, number, paragraph, spread, table
from sim.runs.rows import DONE
from sim.runs.worlds import OFF_MONEY_KEPT, ON

if TYPE_CHECKING:
    from sim.runs.result import Result


def burn_section(result: Result) -> Iterator[Block]:
    """Money lost below cost, points of share gained, and the one over the other."""
    told = result.verdict.get("burn_per_point")
    if not told or not told["vendors"]:
        return
    yield paragraph(
        f"Sold below cost, {told['unit']} gained ({told['interval_type']}; n = {told['n']} runs)"
    )
    yield table(
        (
            "vendor",
            "since",
            "below cost, million yuan",
            "points gained",
            "a point",
            "median of runs that gained",
        ),
        [
            (
                result.scenario.vendors[vendor].label or vendor,
                f"{found['since'][:7]}{' (price cut)' if found['since_price_cut'] else ''}",
                number(found["burn_million_yuan"]),
                number(found["points_gained"]),
                spread(found["estimate"], found["interval"]),
                f"{number(found['median'])} ({found['runs_that_gained']} runs)",
            )
            for vendor, found in told["vendors"].items()
        ],
    )


WELFARE = (
    "consumer_surplus",
    "incumbent_profit",
    "challenger_profit",
    "hhi_platform_tokens",
    "hhi_revenue",
)
PAIRED = "paired t, 95 %"


def verdict_section(result: Result, grounds: Grounds) -> Iterator[Block]:
    """The sentences, the definitions, the classes, and the effect under every rule."""
    verdict = result.verdict
    yield heading("Verdict")
    for sentence in verdict["sentences"]:
        yield paragraph(sentence, "verdict")
    entry = verdict["verdicts"].get(verdict["primary"])
    if entry is None:
        yield paragraph(grounds.line(), "grounds")
        return
    told = [("verdict on runs and cause", entry["overall"]), ("definitions", entry["contained"])]
    if entry["pyrrhic"] is not None:
        told.append(("contained at a loss to the incumbent (pyrrhic)", entry["pyrrhic"]))
    yield table(("question", "answer"), told)
    yield table(
        ("definition", "verdict", "estimate", "unit", "interval"),
        [
            (
                f"{code} {found['title']}",
                found["verdict"],
                spread(found["statistic"], found["interval"]),
                found["unit"],
                found["interval_type"] or "-",
            )
            for code, found in entry["definitions"].items()
        ],
    )
    yield table(
        ("outcome", f"runs, per cent ({entry['classes']['interval_type']})"),
        [
            (kind.replace("_", "-"), spread(found["share"], found["interval"], PERCENT))
            for kind, found in entry["classes"]["frequencies"].items()
            if found["count"]
        ],
    )
    yield from _effects(verdict)
    yield paragraph(grounds.line(), "grounds")
    for note in entry["notes"]:
        yield paragraph(f"Note: {note}")


def _effects(verdict: Mapping[str, Any]) -> Iterator[Block]:
    rows = [
        (
            rule.replace("_", " "),
            spread(found["definitions"]["D2"]["statistic"], found["definitions"]["D2"]["interval"]),
            found["definitions"]["D2"]["verdict"],
            found["n"],
        )
        for rule, found in verdict["verdicts"].items()
        if found["causal"]["tau"] is not None
    ]
    if rows:
        yield paragraph("Token share that the challenger would gain without the incumbent's levers")
        yield table(("rule of the counterfactual", "tau, share", "verdict", "n"), rows)


def scoreboard_section(result: Result) -> Iterator[Block]:
    """Shares of the last months, and what welfare does."""
    yield heading("Shares and welfare")
    boards = result.verdict.get("scoreboards") or {}
    window = result.scenario.containment.window_months
    for measure, board in boards.items():
        yield paragraph(
            f"{measure.replace('_', ' ')}, last {window} months, per cent: median and 90 % band"
        )
        yield table(
            ("vendor", "share"),
            [
                (
                    result.scenario.vendors[vendor].label or vendor,
                    spread(found["median"], (found["p05"], found["p95"]), PERCENT),
                )
                for vendor, found in board.items()
            ],
        )
    rows = list(_welfare(result))
    if rows:
        yield paragraph(
            f"With the incumbent's levers less without (its money kept), mean a month, {PAIRED}"
        )
        yield table(("measure", "difference", "n"), rows)


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
            yield measure.replace("_", " "), spread(found.mean, interval), found.n


def grid_section(result: Result) -> Iterator[Block]:
    """The verdict at every setting of the thresholds."""
    yield heading("Thresholds")
    verdict = result.verdict
    entry = verdict["verdicts"].get(verdict["primary"])
    curve = None if entry is None else entry.get("specification")
    if not curve:
        yield paragraph("There is no verdict, so no threshold decides it.")
        return
    kept = "robust" if curve["robust"] else "not robust, so no headline"
    yield paragraph(
        f"Over {len(curve['points'])} settings of the thresholds the verdict on runs and cause "
        f"stays in {PERCENT * curve['same_overall']:.0f} %, that of the definitions in "
        f"{PERCENT * curve['same_contained']:.0f} %: {kept}."
    )
    axes = curve["axes"]
    rows = [
        (*(number(p["thresholds"][axis]) for axis in axes), p["overall"], p["contained"])
        for p in curve["points"]
    ]
    head = (*(axis.replace("_", " ") for axis in axes), "verdict", "definitions")
    yield folded("all settings", table(head, rows))


def failure_section(findings: list[dict[str, Any]]) -> Iterator[Block]:
    """The region in which containment fails, as prominent as the verdict."""
    yield heading("Where containment fails")
    found = [told for told in findings if told.get("method") == "prim"]
    if not found:
        yield paragraph("Not examined here: sim sensitivity SCENARIO --method prim examines it.")
    for told in found:
        facts = told["facts"]
        yield paragraph(
            f"It fails in {facts['fails_in']} of {facts['draws']} draws of the unknowns."
        )
        if not facts["box"]:
            yield paragraph("; ".join(told["notes"]))
            continue
        yield paragraph(
            f"The box below holds {PERCENT * facts['coverage']:.0f} % of these failures, and "
            f"{PERCENT * facts['density']:.0f} % of the draws in it fail."
        )
        yield table(
            ("unknown", "from", "to", "quasi-p", "restricted in resamples, per cent"),
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
        yield paragraph(finding_line(told), "grounds")
