"""The horizon check: what is left of classes and effect when the same runs go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.analysis.ensemble import Ensemble, PairFacts, PathFacts, path_classes
from sim.analysis.outcomes import OutcomeClass, PathClass, Thresholds, split_plateau
from sim.analysis.statistics import Interval, mean_interval, wilson_interval


@dataclass(frozen=True)
class LongerRun:
    """How many replicates keep their class at the later horizon, and tau there."""

    months: int
    n: int
    kept: int
    share: float
    interval: Interval
    interval_type: str
    of: str
    """What is compared: outcome classes, or paths where no longer pair was run."""
    classes: tuple[str, ...]
    """(R,) classes of the longer run."""
    tau_mean: float | None
    tau_interval: Interval | None
    scenario_hash: str


def labelled(
    paths: Sequence[PathClass], pair: PairFacts | None, limits: Thresholds
) -> tuple[OutcomeClass, ...]:
    """Outcome of each path, plateaus split by the pair; see `split_plateau`."""
    taus = [None] * len(paths) if pair is None else [float(tau) for tau in pair.tau]
    return tuple(
        split_plateau(path, tau, limits.minimum_effect)
        for path, tau in zip(paths, taus, strict=True)
    )


def longer_run(
    world: Ensemble,
    facts: PathFacts,
    pair: PairFacts | None,
    now: tuple[Sequence[PathClass], Sequence[OutcomeClass]],
    limits: Thresholds,
    confidence: float,
) -> LongerRun:
    """Compare the classes of the same seeds at the horizon and beyond it.

    Parameters
    ----------
    world, facts, pair
        The longer run, what is read from it, and its pair if that was run as far.
    now
        Path and outcome of each replicate at the horizon.
    """
    paths = path_classes(world, facts, limits)
    labels = labelled(paths, pair, limits)
    before, after = (now[0], paths) if pair is None else (now[1], labels)
    kept = sum(str(a) == str(b) for a, b in zip(before, after, strict=True))
    tau = None if pair is None else mean_interval(pair.tau, confidence)
    return LongerRun(
        months=world.months,
        n=len(paths),
        kept=kept,
        share=kept / len(paths),
        interval=wilson_interval(kept, len(paths), confidence),
        interval_type=f"Wilson, {confidence:.4g}; tau: paired t, {confidence:.4g}",
        of="path" if pair is None else "outcome class",
        classes=tuple(str(label) for label in after),
        tau_mean=None if tau is None else tau.mean,
        tau_interval=None if tau is None else tau.interval,
        scenario_hash=world.scenario_hash,
    )
