"""Verdicts as a JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sim.analysis.statistics import CONFIDENCE, holm, p_greater
from sim.analysis.verdict.containment import (
    MAJORITY,
    ROBUST_SHARE,
    SETTLED_MONTHS,
    WILSON,
)
from sim.analysis.verdict.grounds import plain
from sim.analysis.verdict.verdict import Assessment


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
        If there is not one name for each vendor.
    """
    if len(names) != len(a.token_means):
        raise ValueError(f"needs {len(a.token_means)} vendor names, got {len(names)}")
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
    }
    cleaned: dict[str, Any] = plain(entry)
    return cleaned
