"""What would give another answer, and how many runs would settle one that is not known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sim.analysis.rounding import POINTS, percent
from sim.analysis.statistics import mean_interval, wilson_interval
from sim.analysis.verdict.containment import MAJORITY, Verdict, above
from sim.analysis.verdict.outcomes import OutcomeClass

Entry = Mapping[str, Any]
"""The stored verdict, or that of one pair of worlds in it."""

CONTAINED, NOT_CONTAINED, NOT_KNOWN = "contained", "not contained", "not known"
MOST_RUNS = 100_000
NORMAL = 1.959964  # 97.5 % quantile


def parties(entry: Entry) -> tuple[str, str]:
    """Labels of incumbent and challenger."""
    return label_of(entry, entry["incumbent"]), label_of(entry, entry["challenger"])


def label_of(entry: Entry, vendor: str | None) -> str:
    """A vendor of an entry for people; all that are not named one by one have none."""
    return "others" if vendor is None else str(entry.get("labels", {}).get(vendor, vendor))


def holds_of(entry: Entry) -> str:
    """Whether the incumbent contains the challenger, from the verdict of one pair of worlds."""
    awarded = entry.get("awarded", entry["overall"])
    if awarded == Verdict.SUPPORTED:
        return CONTAINED
    return NOT_CONTAINED if awarded == Verdict.REFUTED else NOT_KNOWN


def signed(share: float, low: float | None = None, high: float | None = None) -> str:
    """A change of a share in points with its interval, its sign written."""
    return f"{'+' if share > 0.0 else ''}{percent(share, low, high)}"


def effect_of(entry: Entry) -> tuple[float, float | None, float | None]:
    """Mean effect of the moves with its interval, as a share; (0, None, None) without a pair."""
    found = entry["definitions"]["D2"]
    low, high = found["interval"] or (None, None)
    return found["statistic"] or 0.0, low, high


def flips_of(verdict: Entry) -> dict[str, list[str]]:
    """What was tried that gives another answer: conditions by the answer that they give."""
    entry = verdict["verdicts"][verdict["primary"]]
    now, found = holds_of(entry), dict[str, list[str]]()
    for answer, condition in (
        *_by_rule(verdict),
        *_by_horizon(entry),
        *_by_window(entry),
        *_by_threshold(entry),
    ):
        if answer != now:
            found.setdefault(answer, []).append(condition)
    return found


def _word(verdict: str) -> str:
    return holds_of({"overall": verdict})


LOOSER = {
    "lead_margin": "if a lead of {:.3g} points counts",
    "ceiling_share": "if the ceiling is {:.3g} %",
    "slope_tolerance": "if {:.3g} points a month are flat",
    "minimum_effect": "if {:.3g} points count",
}


def _by_threshold(entry: Entry) -> Iterator[tuple[str, str]]:
    """The answer where one threshold alone is another."""
    for point in (entry.get("specification") or {"points": ()})["points"]:
        moved = [
            axis
            for axis, value in point["thresholds"].items()
            if not math.isclose(value, entry["thresholds"][axis], abs_tol=1e-12)
        ]
        if len(moved) == 1 and point["overall"] != entry["overall"]:
            value = POINTS * point["thresholds"][moved[0]]
            yield _word(point["overall"]), LOOSER[moved[0]].format(value)


def _counted(counts: Mapping[str, int], causal: str) -> str:
    """The answer of other counts of classes under the same effect."""
    n, hits = sum(counts.values()), counts.get(OutcomeClass.CONTAINMENT.value, 0)
    emergence = above(wilson_interval(hits, n), MAJORITY)
    if Verdict.REFUTED in (emergence, causal):
        return NOT_CONTAINED
    return CONTAINED if emergence == causal == Verdict.SUPPORTED else NOT_KNOWN


def _by_window(entry: Entry) -> Iterator[tuple[str, str]]:
    """The answer over other windows; windows with one answer are named together."""
    own = f"W = {entry['thresholds']['window_months']}"
    if entry["causal"]["tau"] is None or entry["n"] < 2:
        return
    found: dict[str, list[int]] = {}
    for label, counts in entry.get("stability", {}).get("classes", {}).items():
        if label.startswith("W = ") and label != own:
            answer = _counted(counts, entry["causal"]["verdict"])
            found.setdefault(answer, []).append(int(label[4:]))
    for answer, months in found.items():
        *first, last = map(str, sorted(months))
        listed = f"{', '.join(first)} or {last}" if first else last
        yield answer, f"judged over {listed} months"


def _by_horizon(entry: Entry) -> Iterator[tuple[str, str]]:
    further = entry.get("longer_run")
    if not further or entry["causal"]["tau"] is None or not further.get("tau_interval"):
        return
    counts = {kind: further["classes"].count(kind) for kind in set(further["classes"])}
    low, high = further["tau_interval"]
    least = entry["thresholds"]["minimum_effect"]
    causal = Verdict.SUPPORTED if low > least else Verdict.UNDETERMINED
    causal = Verdict.REFUTED if high < least else causal
    yield _counted(counts, causal), f"judged at month {further['months']}"


def _by_rule(verdict: Entry) -> Iterator[tuple[str, str]]:
    """The answer where the saved money goes elsewhere, or other families are hosted.

    Both at once are named only where neither alone gives that answer.
    """
    primary, hosting = verdict["primary"], verdict.get("hosting", {})
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for name, entry in verdict["verdicts"].items():
        if name == primary or entry["causal"]["tau"] is None:
            continue
        conditions = []
        if name.startswith("money_in_price"):
            conditions.append("if the money saved without them goes into prices")
        other = hosting.get("pairs", {}).get(name)
        if other and other != hosting["scenario"]:
            incumbent, challenger = parties(entry)
            families = f"the open families of {incumbent}"
            conditions.append(f"if {challenger} {other} {families}")
        points = signed(effect_of(entry)[0])
        found[tuple(conditions)] = holds_of(entry), f"{' and '.join(conditions)} ({points} points)"
    for named, (answer, text) in found.items():
        alone = [found[(one,)][0] for one in named if (one,) in found]
        if len(named) == 1 or answer not in alone:
            yield answer, text


def runs_needed(entry: Entry) -> float:
    """Runs at which the intervals would leave what counts, if means and spreads stay; 0 = now.

    Wilson's interval leaves one half when ``n > z^2 / (4 (p - 1/2)^2)``, that of the effect
    leaves its threshold when ``n > (z sd / (mean - threshold))^2``.
    """
    if holds_of(entry) != NOT_KNOWN or entry["causal"]["tau"] is None:
        return 0.0
    away = entry["emergence"]["share"] - MAJORITY
    shares = math.inf if away == 0.0 else (NORMAL / (2.0 * away)) ** 2
    effect = mean_interval(entry["causal"]["tau"])
    beyond = effect.mean - entry["thresholds"]["minimum_effect"]
    causes = math.inf if beyond == 0.0 else (NORMAL * effect.sd / beyond) ** 2
    if away > 0.0 and beyond > 0.0:
        needed = max(shares, causes)
    else:
        needed = min(n for n, against in ((shares, away), (causes, beyond)) if against <= 0.0)
    return math.ceil(needed) + 1.0 if math.isfinite(needed) else math.inf
