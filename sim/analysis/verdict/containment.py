"""Definitions D1 to D6 of containment, each able to fail on its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import (
    CONFIDENCE,
    ROUNDING,
    Interval,
    equivalence_test,
    mean_interval,
    ratio_interval,
    wilson_interval,
)
from sim.analysis.verdict.curves import PairFacts, PathFacts
from sim.scenario.schema.scenario import Containment

T = f"t, {2.0 * CONFIDENCE - 1.0:.4g}"
PAIRED_T = f"paired t, {CONFIDENCE:.4g}"
WILSON = f"Wilson, {CONFIDENCE:.4g}"
FIELLER = f"Fieller, {CONFIDENCE:.4g}"
MAJORITY = 0.5
"""Frequency of a property over replicates above which it is the rule."""
ROBUST_SHARE = 0.8
"""Part of a grid of thresholds, or of longer runs, that must give the same answer."""
SETTLED_MONTHS = 36
"""A shorter run is judged, with a note."""
POINTS = 100.0
CEILING_QUANTILE = 0.95


class Verdict(StrEnum):
    """What the replicates say about a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNDETERMINED = "undetermined"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class DefinitionResult:
    """Verdict of one definition with the number, interval and count that carry it."""

    title: str
    verdict: Verdict
    statistic: float | None
    unit: str
    interval: Interval | None
    interval_type: str
    n: int
    note: str = ""
    details: Mapping[str, float | None] = field(default_factory=dict)


def above(interval: Interval, limit: float) -> Verdict:
    """Supported if the whole interval lies above the limit, refuted if below it."""
    if interval.lower > limit:
        return Verdict.SUPPORTED
    return Verdict.REFUTED if interval.upper < limit else Verdict.UNDETERMINED


def inside(interval: Interval, margin: float) -> Verdict:
    """Supported if the whole interval lies inside plus or minus the margin, refuted if outside."""
    if -margin < interval.lower and interval.upper < margin:
        return Verdict.SUPPORTED
    outside = interval.lower > margin or interval.upper < -margin
    return Verdict.REFUTED if outside else Verdict.UNDETERMINED


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Refuted if any is, supported if all are, else undetermined."""
    found = set(verdicts)
    if Verdict.REFUTED in found:
        return Verdict.REFUTED
    return Verdict.SUPPORTED if found == {Verdict.SUPPORTED} else Verdict.UNDETERMINED


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Supported if any is, refuted if all are, else undetermined."""
    found = set(verdicts)
    if Verdict.SUPPORTED in found:
        return Verdict.SUPPORTED
    return Verdict.REFUTED if found == {Verdict.REFUTED} else Verdict.UNDETERMINED


def _without(title: str, unit: str, n: int) -> DefinitionResult:
    note = "no world without the levers was run"
    return DefinitionResult(title, Verdict.NOT_APPLICABLE, None, unit, None, "none", n, note)


class _Level(NamedTuple):
    """What D1 reads from a run: has the share levelled off, and is its ceiling low?"""

    verdict: Verdict
    low_ceiling: bool
    slope: Interval
    details: dict[str, float | None]


def _level(facts: PathFacts, limits: Containment) -> _Level:
    slope = equivalence_test(facts.slope, limits.slope_tolerance).interval
    n, below = len(facts.peak), int((facts.peak < limits.ceiling_share).sum())
    frequency = wilson_interval(below, n)
    quantile = float(np.quantile(facts.ceiling, CEILING_QUANTILE))
    return _Level(
        all_of((inside(slope, limits.slope_tolerance), above(frequency, MAJORITY))),
        quantile < limits.ceiling_share,
        slope,
        {
            "frequency_below_ceiling": below / n,
            "frequency_lower": frequency.lower,
            "frequency_upper": frequency.upper,
            "logistic_ceiling_q95": quantile,
        },
    )


def ceiling(
    facts: PathFacts, limits: Containment, longer: PathFacts | None = None
) -> DefinitionResult:
    """D1: the challenger's token share has levelled off below the ceiling.

    Supported if the mean slope passes the equivalence test within the slope tolerance, most
    replicates stay below the ceiling (Wilson bound above the majority), the 95th percentile of
    the logistic ceiling lies below it too, and all of it still holds in the longer run.

    Parameters
    ----------
    longer
        The same seeds run on beyond the horizon; None leaves the horizon unchecked.
    """
    now = _level(facts, limits)
    verdict, low_ceiling, notes = now.verdict, now.low_ceiling, []
    if longer is None:
        notes.append("horizon not checked")
    else:
        later = _level(longer, limits)
        verdict = all_of((now.verdict, later.verdict))
        low_ceiling = low_ceiling and later.low_ceiling
        notes.append(f"longer run: {later.verdict.value}")
    if not low_ceiling:
        notes.append("logistic ceiling not below kappa")
        verdict = Verdict.REFUTED if verdict is Verdict.REFUTED else Verdict.UNDETERMINED
    return DefinitionResult(
        "ceiling",
        verdict,
        float(facts.slope.mean()),
        "share/month",
        now.slope,
        T,
        len(facts.slope),
        "; ".join(notes),
        now.details,
    )


def counterfactual(pair: PairFacts | None, n: int, limits: Containment) -> DefinitionResult:
    """D2: without the levers the challenger's share would be higher by more than the minimum.

    ``tau_s = mean over the window of s_C(OFF) - s_C(ON)``, same seed; supported if the paired
    interval lies above the minimum effect, refuted if below it. Revenue share and the area
    between the curves are in the details.
    """
    if pair is None:
        return _without("counterfactual", "share", n)
    tau = mean_interval(pair.tau)
    return DefinitionResult(
        "counterfactual",
        above(tau.interval, limits.minimum_effect),
        tau.mean,
        "share",
        tau.interval,
        PAIRED_T,
        tau.n,
        "",
        {
            "sd": tau.sd,
            "revenue_share_effect": float(pair.tau_revenue.mean()),
            "area_between_curves_share_months": float(pair.area.mean()),
        },
    )


def dual_leadership(facts: PathFacts, limits: Containment) -> DefinitionResult:
    """D3: all through the window C leads tokens and I leads full-stack revenue by the margin.

    Close to arithmetic while model calls are a small part of revenue, so it never counts alone.
    """
    held = leads_in_both(facts, limits)
    n, count = len(held), int(held.sum())
    wilson = wilson_interval(count, n)
    return DefinitionResult(
        "dual leadership",
        above(wilson, MAJORITY),
        count / n,
        "frequency",
        wilson,
        WILSON,
        n,
        "never counts alone",
    )


def leads_in_both(facts: PathFacts, limits: Containment) -> npt.NDArray[np.bool_]:
    """(R,) whether all through the window C leads tokens and I revenue by the margin."""
    held: npt.NDArray[np.bool_] = (facts.token_lead >= limits.lead_margin) & (
        facts.revenue_lead >= limits.lead_margin
    )
    return held


def growth_convergence(facts: PathFacts, limits: Containment) -> DefinitionResult:
    """D4: tokens of challenger and incumbent grow at the same rate over the window.

    ``g_C - g_I`` passes the equivalence test within the growth tolerance; stated against the
    incumbent because growth at the market's rate is the plateau of D1 in other words.
    """
    known = facts.growth_gap[np.isfinite(facts.growth_gap)]
    dropped = len(facts.growth_gap) - len(known)
    note = f"{dropped} replicates with a month of no volume" if dropped else ""
    title, unit = "growth convergence", "1/month"
    kind = T
    if not len(known):
        return DefinitionResult(title, Verdict.UNDETERMINED, None, unit, None, kind, 0, note)
    interval = equivalence_test(known, limits.growth_tolerance).interval
    verdict = Verdict.UNDETERMINED if dropped else inside(interval, limits.growth_tolerance)
    return DefinitionResult(
        title, verdict, float(known.mean()), unit, interval, kind, len(known), note
    )


def non_conversion(facts: PathFacts, limits: Containment) -> DefinitionResult:
    """D5: the challenger's gains in tokens do not become revenue.

    ``chi = mean change of r_C / mean change of s_C`` with Fieller's interval, from the mean of the
    months before the contest to the mean of the window; supported below the limit. Judged only
    if the token share rose by enough: a share that fell has gained nothing that could convert.
    """
    change = float(facts.token_change.mean())
    n = len(facts.token_change)
    title, unit, kind = "non-conversion", "points per point", FIELLER
    details: dict[str, float | None] = {"token_share_change": change}
    if change <= 0.0 or change < limits.conversion_minimum_change - ROUNDING:
        note = "token share fell" if change < 0.0 else "token share rose too little to judge"
        return DefinitionResult(
            title, Verdict.NOT_APPLICABLE, None, unit, None, kind, n, note, details
        )
    chi, interval = ratio_interval(facts.revenue_change, facts.token_change)
    verdict = above(interval, limits.conversion_limit)
    flipped = {Verdict.SUPPORTED: Verdict.REFUTED, Verdict.REFUTED: Verdict.SUPPORTED}
    return DefinitionResult(
        title, flipped.get(verdict, verdict), chi, unit, interval, kind, n, "", details
    )


def cost_flag(facts: PathFacts, pair: PairFacts | None, limits: Containment) -> DefinitionResult:
    """D6, a flag and no definition: did holding back cost the incumbent profit?

    Profit of I over the run, ON minus OFF; supported ("pyrrhic") if the paired interval lies
    below zero. The challenger's burn is its loss in yuan for each point of token share won.
    """
    n = len(facts.slope)
    if pair is None:
        return _without("cost flag", "yuan", n)
    profit = mean_interval(pair.incumbent_profit)
    if profit.interval.upper < 0.0:
        verdict = Verdict.SUPPORTED
    elif profit.interval.lower >= 0.0:
        verdict = Verdict.REFUTED
    else:
        verdict = Verdict.UNDETERMINED
    won = POINTS * float(facts.token_change.mean())
    loss = -float(facts.challenger_profit.mean())
    enough = won > POINTS * limits.conversion_minimum_change
    return DefinitionResult(
        "cost flag",
        verdict,
        profit.mean,
        "yuan",
        profit.interval,
        PAIRED_T,
        n,
        "supported means that holding back cost the incumbent profit",
        {"challenger_burn_yuan_per_point": max(0.0, loss) / won if enough else None},
    )


def contained(results: Mapping[str, DefinitionResult]) -> Verdict:
    """Contained without qualifier: the counterfactual D2 and one of D1 and D3.

    Without D2 nothing is supported; it is refuted if D2 is, or D1 and D3 both are.
    """
    shape = any_of((results["D1"].verdict, results["D3"].verdict))
    return all_of((results["D2"].verdict, shape))
