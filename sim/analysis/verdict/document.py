"""Verdicts as a JSON document and as two plain sentences, with their grounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.statistics import Interval, holm, p_greater
from sim.analysis.verdict.agreement import Agreement
from sim.analysis.verdict.containment import Verdict
from sim.analysis.verdict.outcomes import OutcomeClass
from sim.analysis.verdict.specification import SpecificationCurve
from sim.analysis.verdict.verdict import Assessment
from sim.errors import SimError
from sim.runs.provenance import code_fingerprint
from sim.runs.stored import MENDING, SWEEP
from sim.scenario.patches import scenario_hash

if TYPE_CHECKING:
    from sim.runs.result import Result


SCENARIO = "scenario.toml"


def refuse_altered(result: Result) -> None:
    """Refuse a result whose stored scenario was changed after its runs.

    Vendors must be those of the stored curves. Everything else is told by the
    scenario's hash, unless the result was made by other code: that may hash the same scenario
    otherwise.

    Raises
    ------
    SimError
        The stored scenario is not the one that was run.
    """
    path, scenario = result.path / SCENARIO, result.scenario
    same_code = result.manifest.get("code", {}).get("fingerprint") == code_fingerprint()
    if same_code and scenario_hash(scenario) == result.scenario_hash:
        return
    if "vendor" in result.curves.coords:
        there = {str(vendor) for vendor in result.curves["vendor"].to_numpy()}
        stray = set(scenario.vendors) ^ there
        # A point of a sweep may bring a vendor of its own.
        stray &= set(scenario.vendors) if result.manifest.get("kind") == SWEEP else stray
        if stray:
            raise SimError(
                f"{path} was altered after the runs: vendor {', '.join(sorted(stray))} in the "
                f"scenario or in the stored curves, not in both; {MENDING}"
            )
    if same_code:
        raise SimError(
            f"{path} was altered after the runs: its hash is {scenario_hash(scenario)[:8]}, that "
            f"of the runs {result.scenario_hash[:8]}; {MENDING}"
        )


def grounds(result: Result, seeds: Sequence[int], interval_types: Sequence[str]) -> dict[str, Any]:
    """n, seeds, interval types, scenario hash and folder of a conclusion, ready for JSON.

    Parameters
    ----------
    seeds
        Replicates (children of the root seed) that the conclusion stands on.

    Raises
    ------
    SimError
        One of them is missing.
    """
    facts: dict[str, Any] = {
        "scenario": result.scenario.name,
        "scenario_hash": result.scenario_hash,
        "root_seed": result.seed,
        "seeds": [int(seed) for seed in seeds],
        "n": len(seeds),
        "interval_types": sorted({kind for kind in interval_types if kind}),
        "folder": str(result.path),
    }
    missing = [
        name for name, value in facts.items() if value in ("", [], 0) and name != "root_seed"
    ]
    if missing:
        raise SimError(f"{result.path}: no conclusion without {', '.join(missing)}")
    return facts


def claims_grounds(found: Mapping[str, Any]) -> dict[str, Any]:
    """n, seeds, interval type and scenario hash of judged claims, as other findings carry them.

    n is the least number of runs that a claim speaks of.
    """
    return {
        "folder": found["name"],
        "scenario_hash": found["scenario_hash"],
        "root_seed": found["seed"],
        "seeds": list(range(found["replicates"])),
        "n": min((claim["runs"] for claim in found["claims"].values()), default=0),
        "interval_types": [found["interval"]] if found["interval"] else [],
    }


def refuse_bare(document: Mapping[str, Any]) -> None:
    """Refuse to print or draw a stored conclusion that has lost its grounds.

    Raises
    ------
    SimError
        n, the seeds, the kinds of interval or the scenario's hash are missing.
    """
    needed = ("n", "seeds", "root_seed", "interval_types", "scenario_hash")
    missing = [name for name in needed if document.get(name) in (None, "", [])]
    if document.get("n") == 0:
        missing.append("n")
    if missing:
        raise SimError(f"no conclusion without {', '.join(missing)}")


def ranges(numbers: Iterable[int]) -> str:
    """0, 1, 2, 5 as 0-2, 5."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{low}-{high}" if high > low else f"{low}" for low, high in found)


def grounds_line(document: Mapping[str, Any]) -> str:
    """The line that ends every table.

    Raises
    ------
    SimError
        As `refuse_bare`.
    """
    refuse_bare(document)
    return (
        f"n = {document['n']}, {'; '.join(document['interval_types'])}, root seed "
        f"{document['root_seed']}, children {ranges(document['seeds'])}, scenario "
        f"{document['scenario_hash'][:8]}, {document['folder']}"
    )


POINTS = 100.0
FREQUENCY_INTERVAL = "Goodman simultaneous"


def plain(value: Any) -> Any:
    """Same value of JSON types only; numbers without a value (NaN, infinite) become null."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


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
