"""The verdict of an ensemble: definitions, classes and what they allow to be said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import (
    Interval,
    Look,
    bimodality_coefficient,
    goodman_intervals,
    look_at,
    mean_interval,
    wilson_interval,
)
from sim.analysis.verdict import containment as definitions
from sim.analysis.verdict.agreement import Agreement, agreement
from sim.analysis.verdict.containment import DefinitionResult, Verdict
from sim.analysis.verdict.ensemble import (
    Ensemble,
    PairFacts,
    PathFacts,
    check_pair,
    pair_facts,
    path_classes,
    path_facts,
)
from sim.analysis.verdict.horizon import LongerRun, labelled, longer_run
from sim.analysis.verdict.outcomes import OutcomeClass, PathClass, Thresholds

UNIFORM_BIMODALITY = 5.0 / 9.0


@dataclass(frozen=True)
class ClassFrequency:
    """How often a class occurs, with its simultaneous (Goodman) interval."""

    count: int
    share: float
    interval: Interval


@dataclass(frozen=True)
class EnsembleVerdict:
    """Emergence (does containment occur in most runs) and cause (do the levers bring it)."""

    counts: dict[str, int]
    n: int
    share_containment: float
    interval: Interval
    emergence: Verdict
    tau_mean: float | None
    tau_interval: Interval | None
    causal: Verdict
    overall: Verdict


def ensemble_verdict(
    labels: Sequence[str],
    share_on: npt.ArrayLike,
    share_off: npt.ArrayLike,
    minimum_effect: float,
    majority: float = 0.5,
    confidence: float = 0.95,
) -> EnsembleVerdict:
    """Verdict from the class of each run and the challenger's share in both worlds.

    Emergence: Wilson interval of the frequency of containment against the majority. Cause:
    paired t interval of ``tau = off - on`` against the minimum effect. Overall supported only
    if both are, refuted if either is, otherwise undetermined.

    Parameters
    ----------
    labels
        (R,) outcome classes.
    share_on, share_off
        (R,) challenger's mean token share with and without the levers, same seeds.

    Raises
    ------
    ValueError
        If lengths differ or nothing is given.
    """
    on, off = np.asarray(share_on, dtype=np.float64), np.asarray(share_off, dtype=np.float64)
    if on.shape != (len(labels),) or off.shape != on.shape:
        raise ValueError("needs one label, one share on and one share off for each replicate")
    tau = mean_interval(off - on, confidence)
    counts = Counter(str(label) for label in labels)
    hits = counts[OutcomeClass.CONTAINMENT.value]
    wilson = wilson_interval(hits, len(labels), confidence)
    emergence = definitions.above(wilson, majority)
    causal = definitions.above(tau.interval, minimum_effect)
    return EnsembleVerdict(
        dict(sorted((k, v) for k, v in counts.items() if v)),
        len(labels),
        hits / len(labels),
        wilson,
        emergence,
        tau.mean,
        tau.interval,
        causal,
        definitions.all_of((emergence, causal)),
    )


def _verdict_without_pair(
    paths: Sequence[PathClass], labels: Sequence[OutcomeClass], limits: Thresholds, alpha: float
) -> EnsembleVerdict:
    # Containment is a part of the plateau: too few plateaus refute it, many do not show it.
    n = len(paths)
    plateaus = sum(path is PathClass.PLATEAU for path in paths)
    wilson = wilson_interval(plateaus, n, 1.0 - alpha)
    refuted = wilson.upper < limits.majority
    verdict = Verdict.REFUTED if refuted else Verdict.UNDETERMINED
    counts = dict(sorted(Counter(label.value for label in labels).items()))
    return EnsembleVerdict(
        counts, n, 0.0, wilson, verdict, None, None, Verdict.NOT_APPLICABLE, verdict
    )


@dataclass(frozen=True)
class Assessment:
    """Everything that is said of one pair of worlds, with what any figure of it must show."""

    n: int
    seeds: tuple[int, ...]
    scenario_hash: str
    off_scenario_hash: str | None
    incumbent: int
    challenger: int
    months: int
    thresholds: Thresholds
    family_of_tests: int
    definitions: dict[str, DefinitionResult]
    classes: tuple[OutcomeClass, ...]
    frequencies: dict[OutcomeClass, ClassFrequency]
    tau: tuple[float, ...] | None
    verdict: EnsembleVerdict
    contained: Verdict
    pyrrhic: bool
    agreement: Agreement
    look: Look
    verdict_at_look: Verdict | None
    """Overall verdict at the error that the planned look may spend; None before the first."""
    longer: LongerRun | None
    """What is left of the classes and of tau in the longer run."""
    token_means: tuple[float, ...]
    """(V,) mean token share over window and replicates."""
    revenue_means: tuple[float, ...]
    """(V,) the same of revenue share."""
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Facts:
    """Numbers of both worlds that no threshold but the window enters; computed once."""

    on: Ensemble
    off: Ensemble | None
    paths: PathFacts
    pair: PairFacts | None
    extended: Ensemble | None
    longer: PathFacts | None
    longer_pair: PairFacts | None
    window_months: int


def gather(
    on: Ensemble,
    off: Ensemble | None,
    window_months: int,
    extended: Ensemble | None = None,
    extended_off: Ensemble | None = None,
) -> Facts:
    """Facts of a world, its pair and its longer run.

    Raises
    ------
    ValueError
        If the worlds are not pairs, or the run is shorter than the window.
    """
    if extended is not None:
        check_pair(on, extended, "extended")
        if extended.months <= on.months:
            raise ValueError("extended: must be longer than the run it extends")
    longer_pair = None
    if extended_off is not None:
        if extended is None or off is None:
            raise ValueError("extended_off: needs the pair and the longer run it belongs to")
        longer_pair = pair_facts(extended, extended_off, window_months)
    return Facts(
        on,
        off,
        path_facts(on, window_months),
        pair_facts(on, off, window_months) if off is not None else None,
        extended,
        path_facts(extended, window_months) if extended is not None else None,
        longer_pair,
        window_months,
    )


def assess(
    on: Ensemble,
    off: Ensemble | None,
    thresholds: Thresholds | None = None,
    *,
    extended: Ensemble | None = None,
    extended_off: Ensemble | None = None,
    family_of_tests: int = 1,
) -> Assessment:
    """Judge an ensemble by definitions D1 to D6, outcome classes and the ensemble verdict.

    Parameters
    ----------
    on, off
        World with the incumbent's levers and, if it was run, the one without; same seeds in the
        same order.
    extended
        World `on` run beyond the horizon, for D1; None leaves the horizon unchecked.
    extended_off
        World `off` run as far, so that classes and tau can be compared in full.
    family_of_tests
        Number of strategies judged together; the error of every interval is divided by it.

    Raises
    ------
    ValueError
        If the worlds are not pairs, a run is shorter than the window, or the family is empty.
    """
    limits = thresholds or Thresholds()
    facts = gather(on, off, limits.window_months, extended, extended_off)
    return assess_facts(facts, limits, family_of_tests=family_of_tests)


def _overall(
    facts: Facts,
    paths: Sequence[PathClass],
    labels: Sequence[OutcomeClass],
    limits: Thresholds,
    alpha: float,
) -> EnsembleVerdict:
    if facts.pair is None:
        return _verdict_without_pair(paths, labels, limits, alpha)
    return ensemble_verdict(
        [label.value for label in labels],
        np.zeros_like(facts.pair.tau),
        facts.pair.tau,
        limits.minimum_effect,
        limits.majority,
        1.0 - alpha,
    )


def assess_facts(
    facts: Facts,
    limits: Thresholds,
    *,
    family_of_tests: int = 1,
) -> Assessment:
    """As `assess`, from facts gathered once; for many thresholds with the same window.

    Raises
    ------
    ValueError
        If the window differs from that of the facts or the family is empty.
    """
    if family_of_tests < 1 or limits.window_months != facts.window_months:
        raise ValueError("needs a family of at least one test and the window of the facts")
    on, pair, paths = facts.on, facts.pair, facts.paths
    alpha = (1.0 - limits.confidence) / family_of_tests
    results = _definitions(facts, limits, alpha)
    classes = path_classes(on, paths, limits)
    labels = labelled(classes, pair, limits)
    look = look_at(on.replicates)
    at_look = look.alpha and _overall(facts, classes, labels, limits, look.alpha / family_of_tests)
    contained = definitions.contained(results)
    costly = results["D6"].verdict is Verdict.SUPPORTED
    later = _longer(facts, classes, labels, limits, alpha)
    return Assessment(
        n=on.replicates,
        seeds=tuple(int(seed) for seed in on.seeds),
        scenario_hash=on.scenario_hash,
        off_scenario_hash=facts.off.scenario_hash if facts.off is not None else None,
        incumbent=on.incumbent,
        challenger=on.challenger,
        months=on.months,
        thresholds=limits,
        family_of_tests=family_of_tests,
        definitions=results,
        classes=labels,
        frequencies=_frequencies(labels, 1.0 - alpha),
        tau=None if pair is None else tuple(float(t) for t in pair.tau),
        verdict=_overall(facts, classes, labels, limits, alpha),
        contained=contained,
        pyrrhic=costly and contained is Verdict.SUPPORTED,
        agreement=agreement(definitions.indicators(paths, pair, limits)),
        look=look,
        verdict_at_look=at_look.overall if at_look else None,
        longer=later,
        token_means=tuple(float(x) for x in paths.token_means.mean(axis=0)),
        revenue_means=tuple(float(x) for x in paths.revenue_means.mean(axis=0)),
        notes=_notes(facts, limits, later),
    )


def _definitions(facts: Facts, limits: Thresholds, alpha: float) -> dict[str, DefinitionResult]:
    paths, pair = facts.paths, facts.pair
    results = (
        definitions.ceiling(paths, limits, alpha, facts.longer),
        definitions.counterfactual(pair, len(paths.slope), limits, alpha),
        definitions.dual_leadership(paths, limits, alpha),
        definitions.growth_convergence(paths, limits, alpha),
        definitions.non_conversion(paths, limits, alpha),
        definitions.cost_flag(paths, pair, limits, alpha),
    )
    return {result.code: result for result in results}


def _frequencies(
    labels: Sequence[OutcomeClass], confidence: float
) -> dict[OutcomeClass, ClassFrequency]:
    counts = [sum(label is kind for label in labels) for kind in OutcomeClass]
    intervals = goodman_intervals(counts, confidence)
    return {
        kind: ClassFrequency(count, count / len(labels), interval)
        for kind, count, interval in zip(OutcomeClass, counts, intervals, strict=True)
    }


def _longer(
    facts: Facts,
    classes: Sequence[PathClass],
    labels: Sequence[OutcomeClass],
    limits: Thresholds,
    alpha: float,
) -> LongerRun | None:
    if facts.extended is None or facts.longer is None:
        return None
    return longer_run(
        facts.extended, facts.longer, facts.longer_pair, (classes, labels), limits, 1.0 - alpha
    )


def _notes(facts: Facts, limits: Thresholds, later: LongerRun | None) -> tuple[str, ...]:
    notes = []
    if facts.on.replicates < 2:
        notes.append("a single replicate decides nothing")
    if facts.on.months < limits.settled_months:
        notes.append(f"run of {facts.on.months} months, {limits.settled_months} wanted")
    if facts.off is None:
        notes.append("no world without the levers was run: the cause is not tested")
    if later is not None and later.share < limits.robust_share:
        notes.append(f"class kept in the longer run by only {later.share:.0%} of replicates")
    shares = facts.paths.token_means[:, facts.on.challenger]
    if bimodality_coefficient(shares) > UNIFORM_BIMODALITY:
        notes.append("the challenger's share may have two humps: read the distribution")
    return tuple(notes)
