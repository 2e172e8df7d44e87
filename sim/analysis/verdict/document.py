"""Verdicts as a JSON document and as two plain sentences, with their grounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from sim.analysis.statistics import Interval, holm, p_greater
from sim.analysis.verdict.agreement import Agreement
from sim.analysis.verdict.containment import Verdict
from sim.analysis.verdict.grounds import plain
from sim.analysis.verdict.outcomes import OutcomeClass
from sim.analysis.verdict.specification import SpecificationCurve
from sim.analysis.verdict.verdict import Assessment

POINTS = 100.0
FREQUENCY_INTERVAL = "Goodman simultaneous"


def verdict_document(
    assessments: Mapping[str, Assessment],
    *,
    names: Sequence[str] | None = None,
    specifications: Mapping[str, SpecificationCurve] | None = None,
) -> dict[str, Any]:
    """JSON-ready verdicts of one or several strategies.

    Every entry carries n, seeds, interval types and scenario hash. Across strategies the
    one-sided p-values of D2 (effect not above the minimum) are adjusted by Holm.

    Parameters
    ----------
    assessments
        Name of the strategy or scenario to its assessment.
    names
        (V,) vendor names; adds them and the two sentences.
    specifications
        Curve over the grid of thresholds, by the same names.

    Raises
    ------
    ValueError
        If there is no assessment, one lacks seeds or scenario hash, or a curve belongs to none.
    """
    if not assessments:
        raise ValueError("a verdict needs at least one assessment")
    curves = specifications or {}
    stray = sorted(set(curves) - set(assessments))
    if stray:
        raise ValueError(f"specification curves without an assessment: {stray}")
    for name, assessment in assessments.items():
        _check(name, assessment)
    document: dict[str, Any] = {
        "verdicts": {
            name: _entry(assessment, names, curves.get(name))
            for name, assessment in assessments.items()
        },
        "holm": _holm(assessments),
    }
    return document


def _check(name: str, assessment: Assessment) -> None:
    if assessment.n < 1 or len(assessment.seeds) != assessment.n:
        raise ValueError(f"{name}: a verdict needs its n and one seed for each replicate")
    if not assessment.scenario_hash or assessment.off_scenario_hash == "":
        raise ValueError(f"{name}: a verdict needs the scenario hash of each world")


def _holm(assessments: Mapping[str, Assessment]) -> dict[str, dict[str, Any]]:
    paired = {name: a for name, a in assessments.items() if a.tau is not None}
    if not paired:
        return {}
    raw = [p_greater(np.array(a.tau), a.thresholds.minimum_effect) for a in paired.values()]
    return {
        name: {
            "p_value": p,
            "holm_adjusted": float(adjusted),
            "effect_above_minimum": bool(adjusted <= 1.0 - a.thresholds.confidence),
        }
        for (name, a), p, adjusted in zip(paired.items(), raw, holm(raw), strict=True)
    }


def _entry(
    a: Assessment, names: Sequence[str] | None, curve: SpecificationCurve | None
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "n": a.n,
        "seeds": a.seeds,
        "scenario_hash": a.scenario_hash,
        "off_scenario_hash": a.off_scenario_hash,
        "months": a.months,
        "incumbent": names[a.incumbent] if names else a.incumbent,
        "challenger": names[a.challenger] if names else a.challenger,
        "overall": a.verdict.overall,
        "contained": a.contained,
        "pyrrhic": a.pyrrhic,
        "emergence": {
            "verdict": a.verdict.emergence,
            "share": a.verdict.share_containment,
            "interval": a.verdict.interval,
            "interval_type": f"Wilson, {_confidence(a):.4g}",
            "of": "plateau" if a.tau is None else "containment",
        },
        "causal": {"verdict": a.verdict.causal, "tau": a.tau},
        "definitions": {code: _definition(asdict(d)) for code, d in a.definitions.items()},
        "classes": {
            "by_replicate": a.classes,
            "interval_type": f"{FREQUENCY_INTERVAL}, {_confidence(a):.4g}",
            "frequencies": {
                kind: {"count": f.count, "share": f.share, "interval": f.interval}
                for kind, f in a.frequencies.items()
            },
        },
        "agreement": _agreement(a.agreement),
        "sequential": a.look._asdict() | {"verdict": a.verdict_at_look},
        "class_kept_in_longer_run": None if a.longer is None else a.longer.share,
        "longer_run": None if a.longer is None else asdict(a.longer),
        "token_share": _by_vendor(a.token_means, names),
        "revenue_share": _by_vendor(a.revenue_means, names),
        "thresholds": asdict(a.thresholds),
        "family_of_tests": a.family_of_tests,
        "notes": a.notes,
    }
    if names:
        entry["sentence"] = sentence(a, names)
    if curve:
        entry["specification"] = asdict(curve)
    cleaned: dict[str, Any] = plain(entry)
    return cleaned


def _definition(result: dict[str, Any]) -> dict[str, Any]:
    result.pop("code")
    return result


def _agreement(found: Agreement) -> dict[str, Any]:
    return asdict(found)


def _by_vendor(means: Sequence[float], names: Sequence[str] | None) -> Any:
    return dict(zip(names, means, strict=True)) if names else means


def _confidence(a: Assessment) -> float:
    return 1.0 - (1.0 - a.thresholds.confidence) / a.family_of_tests


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
    challenger, incumbent = names[a.challenger], names[a.incumbent]
    return f"{_where(a, incumbent, challenger)} {_what(a, incumbent, challenger)}"


def _percent(share: float) -> str:
    return f"{POINTS * share:.1f} %"


def _where(a: Assessment, incumbent: str, challenger: str) -> str:
    commonest, frequency = max(a.frequencies.items(), key=lambda item: item[1].count)
    word = commonest.value.replace("_", "-")
    runs = "the only run ends" if a.n == 1 else f"{frequency.count} of {a.n} runs end"
    return (
        f"Over the last {a.thresholds.window_months} months {challenger} holds "
        f"{_percent(a.token_means[a.challenger])} of platform tokens and "
        f"{_percent(a.revenue_means[a.challenger])} of full-stack revenue, {incumbent} "
        f"{_percent(a.token_means[a.incumbent])} and "
        f"{_percent(a.revenue_means[a.incumbent])}; {runs} in {word}."
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
    return f"{POINTS * _confidence(a):.4g} % interval {low:.1f} to {high:.1f}, {a.n} pairs"


def _what(a: Assessment, incumbent: str, challenger: str) -> str:
    overall = a.verdict.overall
    if a.tau is None:
        return _what_without_pair(a, incumbent, challenger)
    effect = _effect(a, incumbent, challenger)
    hits = a.frequencies[OutcomeClass.CONTAINMENT].count
    if overall is Verdict.SUPPORTED:
        tail = ""
        if a.contained is not Verdict.SUPPORTED:
            tail = ", but neither a ceiling (D1) nor dual leadership (D3) is shown"
        elif a.pyrrhic:
            tail = f", and it cost {incumbent} profit (pyrrhic)"
        return f"Containment is supported in {hits} of {a.n} runs: {effect}{tail}."
    if overall is Verdict.REFUTED:
        return f"Containment is refuted, {hits} of {a.n} runs show it: {effect}."
    more = f", look again at {a.look.next_n} replicates" if a.look.next_n else ""
    return f"Containment is undetermined, {hits} of {a.n} runs show it: {effect}{more}."


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
