"""The verdict of an ensemble: definitions, classes and what they allow to be said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import (
    CONFIDENCE,
    Interval,
    Look,
    bimodality_coefficient,
    goodman_intervals,
    look_at,
    mean_interval,
    wilson_interval,
)
from sim.analysis.verdict import containment as definitions
from sim.analysis.verdict.agreement import agreement, indicators
from sim.analysis.verdict.containment import (
    MAJORITY,
    ROBUST_SHARE,
    SETTLED_MONTHS,
    DefinitionResult,
    Verdict,
)
from sim.analysis.verdict.curves import PairFacts, PathFacts, WorldPair, WorldPairFacts, facts_of
from sim.analysis.verdict.outcomes import OutcomeClass, PathClass, classify_means, outcomes_of
from sim.scenario.schema.scenario import Containment

UNIFORM_BIMODALITY = 5.0 / 9.0


@dataclass(frozen=True)
class EnsembleVerdict:
    """Emergence (does containment occur in most runs) and cause (do the levers bring it)."""

    counts: dict[str, int]
    n: int
    share_containment: float
    interval: Interval
    """Wilson's interval of that share, or of the share of plateaus where there is no pair."""
    emergence: Verdict
    tau_mean: float | None
    tau_interval: Interval | None
    causal: Verdict
    overall: Verdict


def ensemble_verdict(
    labels: Sequence[str],
    tau: npt.ArrayLike,
    minimum_effect: float,
    majority: float = MAJORITY,
    confidence: float = CONFIDENCE,
) -> EnsembleVerdict:
    """Verdict from the class of each run and the effect of the levers in it.

    Emergence: Wilson interval of the frequency of containment against the majority. Cause:
    paired t interval of ``tau = off - on`` against the minimum effect. Overall supported only
    if both are, refuted if either is, otherwise undetermined.

    Parameters
    ----------
    labels
        (R,) outcome classes.
    tau
        (R,) challenger's mean token share without the levers less that with them, same seeds.

    Raises
    ------
    ValueError
        If lengths differ or nothing is given.
    """
    effects = np.asarray(tau, dtype=np.float64)
    if effects.shape != (len(labels),):
        raise ValueError("needs one label and one effect for each replicate")
    mean = mean_interval(effects, confidence)
    counts = Counter(str(label) for label in labels)
    hits = counts[OutcomeClass.CONTAINMENT.value]
    wilson = wilson_interval(hits, len(labels), confidence)
    emergence = definitions.above(wilson, majority)
    causal = definitions.above(mean.interval, minimum_effect)
    return EnsembleVerdict(
        dict(sorted((k, v) for k, v in counts.items() if v)),
        len(labels),
        hits / len(labels),
        wilson,
        emergence,
        mean.mean,
        mean.interval,
        causal,
        definitions.all_of((emergence, causal)),
    )


def _verdict_without_pair(
    paths: Sequence[PathClass], labels: Sequence[OutcomeClass], confidence: float
) -> EnsembleVerdict:
    # Containment is a part of the plateau: too few plateaus refute it, many do not show it.
    n = len(paths)
    wilson = wilson_interval(sum(path is PathClass.PLATEAU for path in paths), n, confidence)
    verdict = Verdict.REFUTED if wilson.upper < MAJORITY else Verdict.UNDETERMINED
    counts = dict(sorted(Counter(label.value for label in labels).items()))
    return EnsembleVerdict(
        counts, n, 0.0, wilson, verdict, None, None, Verdict.NOT_APPLICABLE, verdict
    )


@dataclass(frozen=True, eq=False)
class Judged:
    """What given thresholds make of the runs."""

    paths: list[PathClass]
    classes: list[OutcomeClass]
    definitions: dict[str, DefinitionResult]
    verdict: EnsembleVerdict
    contained: Verdict


def judged_at(facts: WorldPairFacts, limits: Containment, confidence: float = CONFIDENCE) -> Judged:
    """Definitions, classes and verdict at some thresholds, whose window is that of the facts."""
    path, pair = facts.path, facts.pair
    results = {
        "D1": definitions.ceiling(path, limits, facts.longer),
        "D2": definitions.counterfactual(pair, len(path.slope), limits),
        "D3": definitions.dual_leadership(path, limits),
        "D4": definitions.growth_convergence(path, limits),
        "D5": definitions.non_conversion(path, limits),
        "D6": definitions.cost_flag(path, pair, limits),
    }
    paths, classes = _classes(facts.worlds, path, pair, limits)
    if pair is None:
        verdict = _verdict_without_pair(paths, classes, confidence)
    else:
        verdict = ensemble_verdict(classes, pair.tau, limits.minimum_effect, confidence=confidence)
    return Judged(paths, classes, results, verdict, definitions.contained(results))


def _classes(
    worlds: WorldPair, path: PathFacts, pair: PairFacts | None, limits: Containment
) -> tuple[list[PathClass], list[OutcomeClass]]:
    on = worlds.on
    paths = classify_means(
        path.token_means, path.revenue_means, path.slope, on.incumbent, on.challenger, limits
    )
    tau = None if pair is None else pair.tau
    return paths, outcomes_of(paths, tau, limits.minimum_effect)


@dataclass(frozen=True)
class ClassFrequency:
    """How often a class occurs, with its simultaneous (Goodman) interval."""

    count: int
    share: float
    interval: Interval


@dataclass(frozen=True)
class Holder:
    """Who holds a part of the points that the challenger lacks: mean of ON minus OFF over runs."""

    vendor: int | None
    """Column of the vendor; None for vendors too small to name."""
    mean: float
    interval: Interval | None


def diversion(worlds: WorldPair, pair: PairFacts) -> list[Holder]:
    """Tau split by who holds the points, the largest first; the means sum to tau exactly.

    Diversion ratios of the levers: each other vendor's token share with them less that without,
    and what is left for vendors too small to name. Source: Shapiro (1996, Antitrust 10:23-30).
    """
    c = worlds.on.challenger
    others = [v for v in range(pair.held.shape[1]) if v != c]
    rest = pair.tau - pair.held[:, others].sum(axis=1)
    found = [(v, pair.held[:, v]) for v in others] + [(None, rest)]
    holders = [
        Holder(v, one.mean, one.interval)
        for v, one in ((v, mean_interval(points)) for v, points in found)
    ]
    return sorted(holders, key=lambda holder: -holder.mean)


def held_by_incumbent(worlds: WorldPair, pair: PairFacts, limits: Containment) -> Verdict:
    """Whether the incumbent holds its part of tau: paired interval of the surplus against 0."""
    own = pair.held[:, worlds.on.incumbent]
    return definitions.above(mean_interval(own - limits.held_by_incumbent * pair.tau).interval, 0.0)


@dataclass(frozen=True)
class Assessment:
    """Everything that is said of one pair of worlds."""

    worlds: WorldPair
    thresholds: Containment
    definitions: dict[str, DefinitionResult]
    classes: list[OutcomeClass]
    frequencies: dict[OutcomeClass, ClassFrequency]
    tau: list[float] | None
    verdict: EnsembleVerdict
    contained: Verdict
    pyrrhic: bool
    diversion: list[Holder]
    """Who holds the points of tau; empty without a pair."""
    by_incumbent: Verdict
    """Whether the incumbent holds its part of tau."""
    awarded: Verdict
    """Containment by the incumbent: the overall verdict, and that it holds the points itself."""
    stability: dict[str, Any]
    """How far the classes depend on the window and the horizon."""
    agreement: dict[str, Any]
    look: Look
    verdict_at_look: Verdict | None
    """Overall verdict at the error that the planned look may spend; None before the first."""
    longer: dict[str, Any] | None
    """What is left of the classes and of tau in the longer run."""
    token_means: list[float]
    """(V,) mean token share over window and replicates."""
    revenue_means: list[float]
    """(V,) the same of revenue share."""
    notes: list[str]

    @property
    def n(self) -> int:
        """Number of replicates."""
        return self.worlds.on.replicates


def assess(worlds: WorldPair, limits: Containment | None = None) -> Assessment:
    """Judge an ensemble by definitions D1 to D6, outcome classes and the ensemble verdict.

    Raises
    ------
    ValueError
        If the worlds are not pairs or a run is shorter than the window.
    """
    limits = limits or Containment()
    facts = facts_of(worlds, limits.window_months, limits.base_months)
    found = judged_at(facts, limits)
    look = look_at(worlds.on.replicates)
    at_look = None
    if look.alpha is not None:
        at_look = judged_at(facts, limits, 1.0 - look.alpha).verdict.overall
    longer = _longer_run(facts, found, limits)
    counts = [found.classes.count(kind) for kind in OutcomeClass]
    costly = found.definitions["D6"].verdict is Verdict.SUPPORTED
    by_incumbent, holders = Verdict.NOT_APPLICABLE, []
    awarded = found.verdict.overall
    if facts.pair is not None:
        by_incumbent = held_by_incumbent(worlds, facts.pair, limits)
        holders = diversion(worlds, facts.pair)
        if awarded is Verdict.SUPPORTED:
            awarded = definitions.all_of((awarded, by_incumbent))
    return Assessment(
        worlds=worlds,
        thresholds=limits,
        definitions=found.definitions,
        classes=found.classes,
        frequencies={
            kind: ClassFrequency(count, count / worlds.on.replicates, interval)
            for kind, count, interval in zip(
                OutcomeClass, counts, goodman_intervals(counts), strict=True
            )
        },
        tau=None if facts.pair is None else facts.pair.tau.tolist(),
        verdict=found.verdict,
        contained=found.contained,
        pyrrhic=costly and found.contained is Verdict.SUPPORTED,
        diversion=holders,
        by_incumbent=by_incumbent,
        awarded=awarded,
        stability=stability_of(worlds, limits),
        agreement=agreement(indicators(facts.path, facts.pair, limits)),
        look=look,
        verdict_at_look=at_look,
        longer=longer,
        token_means=facts.path.token_means.mean(axis=0).tolist(),
        revenue_means=facts.path.revenue_means.mean(axis=0).tolist(),
        notes=_notes(facts, longer),
    )


WINDOWS = (6, 9, 12, 15, 18)  # months


def stability_of(worlds: WorldPair, limits: Containment) -> dict[str, Any]:
    """Classes of the same runs over other windows and, where it was run, at the longer horizon.

    `share` is the part of runs with one class throughout; `stable` says whether it is large
    enough, and `flips` where most runs change.
    """
    windows = sorted({*WINDOWS, limits.window_months})
    labels: dict[str, list[OutcomeClass]] = {}
    for months in (m for m in windows if m <= worlds.on.months):
        facts = facts_of(worlds, months, limits.base_months)
        labels[f"W = {months}"] = _classes(worlds, facts.path, facts.pair, limits)[1]
    facts = facts_of(worlds, limits.window_months, limits.base_months)
    if facts.longer is not None and worlds.longer is not None:
        label = f"month {worlds.longer.months}"
        labels[label] = _classes(worlds, facts.longer, facts.longer_pair, limits)[1]
    own = labels[f"W = {limits.window_months}"]
    kept = {
        name: sum(a is b for a, b in zip(own, found, strict=True)) / len(own)
        for name, found in labels.items()
    }
    throughout = sum(len(set(run)) == 1 for run in zip(*labels.values(), strict=True))
    share = throughout / len(own)
    return {
        "share": share,
        "stable": share >= limits.stable_share,
        "kept": kept,
        "flips": min(kept, key=lambda name: kept[name]),
        "horizon_checked": worlds.longer is not None,
        "classes": {name: dict(Counter(c.value for c in found)) for name, found in labels.items()},
    }


def _longer_run(facts: WorldPairFacts, now: Judged, limits: Containment) -> dict[str, Any] | None:
    """Classes and tau of the same seeds beyond the horizon against those at the horizon."""
    world, pair = facts.worlds.longer, facts.longer_pair
    if world is None or facts.longer is None:
        return None
    paths, classes = _classes(facts.worlds, facts.longer, pair, limits)
    before: Sequence[str] = now.paths if pair is None else now.classes
    after: Sequence[str] = paths if pair is None else classes
    kept = sum(a == b for a, b in zip(before, after, strict=True))
    tau = None if pair is None else mean_interval(pair.tau)
    return {
        "months": world.months,
        "n": world.replicates,
        "kept": kept,
        "share": kept / world.replicates,
        "interval": wilson_interval(kept, world.replicates),
        "interval_type": f"Wilson, {CONFIDENCE:.4g}; tau: paired t, {CONFIDENCE:.4g}",
        "of": "path" if pair is None else "outcome class",
        "classes": after,
        "tau_mean": None if tau is None else tau.mean,
        "tau_interval": None if tau is None else tau.interval,
        "scenario_hash": world.scenario_hash,
    }


def _notes(facts: WorldPairFacts, longer: dict[str, Any] | None) -> list[str]:
    notes = []
    on = facts.worlds.on
    if on.replicates < 2:
        notes.append("a single replicate decides nothing")
    if on.months < SETTLED_MONTHS:
        notes.append(f"run of {on.months} months, {SETTLED_MONTHS} wanted")
    if facts.pair is None:
        notes.append("no world without the levers was run: the cause is not tested")
    if longer is not None and longer["share"] < ROBUST_SHARE:
        notes.append(f"class kept in the longer run by only {longer['share']:.0%} of replicates")
    shares = facts.path.token_means[:, on.challenger]
    if bimodality_coefficient(shares) > UNIFORM_BIMODALITY:
        notes.append("the challenger's share may have two humps: read the distribution")
    return notes
