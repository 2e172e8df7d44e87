"""Verdicts as a JSON document and as two plain sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sim.analysis.statistics import CONFIDENCE, Interval, holm, p_greater
from sim.analysis.verdict.containment import (
    MAJORITY,
    ROBUST_SHARE,
    SETTLED_MONTHS,
    WILSON,
    Verdict,
)
from sim.analysis.verdict.grounds import plain
from sim.analysis.verdict.outcomes import OutcomeClass
from sim.analysis.verdict.verdict import Assessment

POINTS = 100.0


def holm_document(assessments: Mapping[str, Assessment]) -> dict[str, Any]:
    """One-sided p-values of D2 (effect not above the minimum), adjusted by Holm over the pairs."""
    paired = {name: a for name, a in assessments.items() if a.tau is not None}
    if not paired:
        return {}
    raw = [p_greater(a.tau, a.thresholds.minimum_effect) for a in paired.values() if a.tau]
    return {
        name: {
            "p_value": p,
            "holm_adjusted": float(adjusted),
            "effect_above_minimum": bool(adjusted <= 1.0 - CONFIDENCE),
        }
        for name, p, adjusted in zip(paired, raw, holm(raw), strict=True)
    }


def verdict_entry(a: Assessment, names: Sequence[str]) -> dict[str, Any]:
    """All of an assessment ready for JSON, with n, seeds, interval types and scenario hash.

    Parameters
    ----------
    names
        (V,) vendor names.

    Raises
    ------
    ValueError
        As `sentence`.
    """
    on, off = a.worlds.on, a.worlds.off
    entry: dict[str, Any] = {
        "n": a.n,
        "seeds": on.seeds,
        "scenario_hash": on.scenario_hash,
        "off_scenario_hash": None if off is None else off.scenario_hash,
        "months": on.months,
        "incumbent": names[on.incumbent],
        "challenger": names[on.challenger],
        "overall": a.verdict.overall,
        "contained": a.contained,
        "pyrrhic": a.pyrrhic,
        "awarded": a.awarded,
        "by_incumbent": a.by_incumbent,
        "diversion": [
            {
                "vendor": "others" if one.vendor is None else names[one.vendor],
                "mean": one.mean,
                "interval": one.interval,
            }
            for one in a.diversion
        ],
        "stability": a.stability,
        "emergence": {
            "verdict": a.verdict.emergence,
            "share": a.verdict.share_containment,
            "interval": a.verdict.interval,
            "interval_type": WILSON,
            "of": "plateau" if a.tau is None else "containment",
        },
        "causal": {"verdict": a.verdict.causal, "tau": a.tau},
        "definitions": {code: asdict(result) for code, result in a.definitions.items()},
        "classes": {
            "by_replicate": a.classes,
            "interval_type": f"Goodman simultaneous, {CONFIDENCE:.4g}",
            "frequencies": {kind: asdict(f) for kind, f in a.frequencies.items()},
        },
        "agreement": a.agreement,
        "sequential": a.look._asdict() | {"verdict": a.verdict_at_look},
        "class_kept_in_longer_run": None if a.longer is None else a.longer["share"],
        "longer_run": a.longer,
        "token_share": dict(zip(names, a.token_means, strict=True)),
        "revenue_share": dict(zip(names, a.revenue_means, strict=True)),
        "thresholds": a.thresholds.model_dump()
        | {
            "majority": MAJORITY,
            "confidence": CONFIDENCE,
            "robust_share": ROBUST_SHARE,
            "settled_months": SETTLED_MONTHS,
        },
        "notes": a.notes,
        "sentence": sentence(a, names),
    }
    cleaned: dict[str, Any] = plain(entry)
    return cleaned


def sentence(assessment: Assessment, names: Sequence[str]) -> str:
    """Two plain sentences: where the shares end, and what is known of containment.

    Raises
    ------
    ValueError
        If there is not one name for each vendor.
    """
    a = assessment
    if len(names) != len(a.token_means):
        raise ValueError(f"needs {len(a.token_means)} vendor names, got {len(names)}")
    challenger, incumbent = names[a.worlds.on.challenger], names[a.worlds.on.incumbent]
    return f"{_where(a, incumbent, challenger)} {_what(a, incumbent, challenger)}"


def _percent(share: float) -> str:
    return f"{POINTS * share:.1f} %"


def _where(a: Assessment, incumbent: str, challenger: str) -> str:
    commonest, frequency = max(a.frequencies.items(), key=lambda item: item[1].count)
    word = commonest.value.replace("_", "-")
    runs = "the only run ends" if a.n == 1 else f"{frequency.count} of {a.n} runs end"
    if not a.stability["stable"]:
        word += f" (no stable class: {POINTS * a.stability['share']:.0f} % of runs keep theirs "
        word += f"over all windows, least at {a.stability['flips']})"
    i, c = a.worlds.on.incumbent, a.worlds.on.challenger
    return (
        f"Over the last {a.thresholds.window_months} months {challenger} holds "
        f"{_percent(a.token_means[c])} of platform tokens and "
        f"{_percent(a.revenue_means[c])} of full-stack revenue, {incumbent} "
        f"{_percent(a.token_means[i])} and {_percent(a.revenue_means[i])}; {runs} in {word}."
    )


def _effect(a: Assessment, incumbent: str, challenger: str) -> str:
    mean, interval = a.verdict.tau_mean or 0.0, a.verdict.tau_interval
    size = f"{POINTS * abs(mean):.1f} points {'higher' if mean > 0.0 else 'lower'}"
    change = "the same" if mean == 0.0 else size
    counts = f"less than {POINTS * a.thresholds.minimum_effect:.1f} does not count"
    return (
        f"without the levers of {incumbent} the token share of {challenger} would be {change} "
        f"({_range(interval, a)}; {counts})"
    )


def _range(interval: Interval | None, a: Assessment) -> str:
    if interval is None or not math.isfinite(interval.lower):
        return f"{a.n} pair, no interval"
    low, high = POINTS * interval.lower, POINTS * interval.upper
    return f"{POINTS * CONFIDENCE:.4g} % interval {low:.1f} to {high:.1f}, {a.n} pairs"


def _what(a: Assessment, incumbent: str, challenger: str) -> str:
    overall = a.verdict.overall
    if a.tau is None:
        return _what_without_pair(a, incumbent, challenger)
    effect = _effect(a, incumbent, challenger)
    hits = a.frequencies[OutcomeClass.CONTAINMENT].count
    if overall is Verdict.SUPPORTED:
        tail = ""
        if a.awarded is not Verdict.SUPPORTED:
            return f"{_not_its_own(a, incumbent, challenger)}: {effect}."
        if a.contained is not Verdict.SUPPORTED:
            tail = ", but neither a ceiling (D1) nor dual leadership (D3) is shown"
        elif a.pyrrhic:
            tail = f", and it cost {incumbent} profit (pyrrhic)"
        return f"Containment is supported in {hits} of {a.n} runs: {effect}{tail}."
    if overall is Verdict.REFUTED:
        return f"Containment is refuted, {hits} of {a.n} runs show it: {effect}."
    more = f", look again at {a.look.next_n} replicates" if a.look.next_n else ""
    return f"Containment is undetermined, {hits} of {a.n} runs show it: {effect}{more}."


def _not_its_own(a: Assessment, incumbent: str, challenger: str) -> str:
    """What a containment is called whose points the incumbent does not hold."""
    own = next(one for one in a.diversion if one.vendor == a.worlds.on.incumbent)
    word = "not" if a.by_incumbent is Verdict.REFUTED else "not shown to be"
    return (
        f"{challenger} is held back, but {word} by {incumbent} for itself, which holds "
        f"{POINTS * own.mean:.1f} of the {POINTS * (a.verdict.tau_mean or 0.0):.1f} points"
    )


def _what_without_pair(a: Assessment, incumbent: str, challenger: str) -> str:
    if a.verdict.overall is Verdict.REFUTED:
        return (
            f"Containment is refuted even without a paired world: too few runs end with "
            f"{challenger} ahead in tokens on a plateau and {incumbent} ahead in revenue."
        )
    return (
        f"Containment is undetermined: no world without the levers of {incumbent} was run, so "
        f"nothing shows that they hold {challenger} back."
    )
