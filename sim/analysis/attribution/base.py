"""What all parts of an attribution share: their worlds, the challenger's share, estimates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.priors import Prior, drawn
from sim.analysis.statistics import mean_interval, wilson_interval
from sim.economics.arrays import Floats
from sim.errors import SimError
from sim.runs.result import Result
from sim.runs.rows import DONE
from sim.runs.run import ModelMaker
from sim.runs.worlds import AS_IT_STANDS, OFF_MONEY_KEPT, ON, World, contest_of, levers_of
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Scenario

QUESTION = "an attribution"
POINTS = 100.0
OUTCOME = "challenger_platform_token_share"
RESAMPLES = 2_000
BOOTSTRAP_SEED = 20_260_301
T, BOOTSTRAP, WILSON = "paired t, 95 %", "seed bootstrap, 95 %", "Wilson, 95 %"
WELCH = "Welch t over seeds, 95 %"


@dataclass(frozen=True)
class Choices:
    """What a user may choose about an attribution."""

    exact: bool = False  # all coalitions even beyond the usual number of levers
    permutations: int = 24  # orders drawn where coalitions are too many
    draws: int = 20  # worlds drawn from the priors
    draw_seed: int = 1


@dataclass(frozen=True)
class Estimate:
    """One estimate with its interval, such as a mean over paired replicates."""

    label: str
    mean: float
    low: float | None
    high: float | None
    n: int
    interval_type: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Attribution:
    """What a part found; estimates are in points of token share unless the title says otherwise."""

    part: str
    title: str
    rows: tuple[Estimate, ...]
    notes: tuple[str, ...] = ()


class AttributionPart(NamedTuple):
    """The worlds that a part runs, how it reads them, and its model if that is not the usual."""

    worlds: Callable[[Scenario, Choices], tuple[World, ...]]
    read: Callable[[Result, Choices], Attribution]
    model: Callable[[Scenario], ModelMaker] | None = None


def own_levers(scenario: Scenario) -> tuple[str, ...]:
    """The incumbent's levers, sorted; SimError without a contest or a lever."""
    contest = contest_of(scenario, QUESTION)
    levers = levers_of(scenario, contest.incumbent)
    if not levers:
        raise SimError(f"{scenario.name}: {contest.incumbent} has no lever to take away")
    return levers


def on_and_off(
    scenario: Scenario,
    levers: Iterable[str],
    names: tuple[str, str] = (ON, OFF_MONEY_KEPT),
    title: str = AS_IT_STANDS,
) -> tuple[World, World]:
    """A scenario as it is and without some levers."""
    bare = without_levers(scenario, tuple(levers))
    return World(names[0], title, scenario), World(names[1], f"{title}, without levers", bare)


def shares(result: Result, points: Sequence[str]) -> Floats:
    """(points, replicates) challenger's mean token share of the last months, in points of share.

    Only replicates that are done in every one of the worlds; SimError if there is none.
    """
    rows = result.runs
    rows = rows[(rows["status"] == DONE) & rows["point"].isin(points)]
    table = rows.pivot(index="replicate", columns="point", values=OUTCOME)
    table = table.reindex(columns=list(points)).dropna()
    if table.empty:
        raise SimError(f"{result.path}: no replicate is done in all of {', '.join(points)}")
    return POINTS * table.to_numpy(dtype=np.float64).T


def effect(result: Result, label: str, on: str, off: str) -> Estimate:
    """``s_C(off) - s_C(on)`` in points, paired by replicate."""
    with_levers, without = shares(result, [on, off])
    return paired_estimate(label, without - with_levers)


def drawn_scenarios(
    scenario: Scenario, priors: Sequence[Prior], choices: Choices
) -> Iterator[tuple[str, Scenario]]:
    """Name and scenario of each draw of a latin hypercube over the priors."""
    from scipy.stats import qmc

    design = qmc.LatinHypercube(len(priors), rng=np.random.default_rng(choices.draw_seed))
    for number, levels in enumerate(design.random(choices.draws)):
        yield f"draw{number:03d}", scenario.replace(drawn(scenario, priors, levels))


def draw_effects(result: Result, choices: Choices, suffix: str) -> Floats:
    """``s_C(off) - s_C(on)`` of each draw, mean over replicates, in points."""
    names = [f"draw{number:03d}" for number in range(choices.draws)]
    tables = (shares(result, [name, f"{name}-{suffix}"]) for name in names)
    return np.array([(off - on).mean() for on, off in tables])


def paired_estimate(label: str, gaps: npt.ArrayLike, **facts: Any) -> Estimate:
    """Mean of one difference a replicate, with its paired t interval."""
    found = mean_interval(gaps)
    low, high = found.interval if found.n > 1 else (None, None)
    return Estimate(label, found.mean, low, high, found.n, T, facts)


def halves_estimate(alone: Floats) -> list[Estimate]:
    """One half of the seeds against the other, if there are two in each."""
    from scipy.stats import ttest_ind

    half = alone.size // 2
    first, second = alone[:half], alone[half:]
    if half < 2 or not np.ptp(alone):
        return []
    low, high = ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    gap = float(second.mean() - first.mean())
    label = "chance: the same scenario, other seeds"
    return [Estimate(label, gap, float(low), float(high), int(alone.size), WELCH)]


def wilson_estimate(label: str, hits: int, n: int, scale: float = 1.0, **facts: Any) -> Estimate:
    """Share of hits times a scale, with its Wilson interval."""
    low, high = (scale * end for end in wilson_interval(hits, n))
    return Estimate(label, scale * hits / n, low, high, n, WILSON, facts)


def bootstrap_estimate(
    label: str,
    values: Floats,
    statistic: Callable[..., Any] = np.mean,
    interval_type: str = BOOTSTRAP,
    **facts: Any,
) -> Estimate:
    """Statistic of one number a replicate (or draw) with its percentile bootstrap interval."""
    from scipy.stats import bootstrap

    low: float | None = None
    high: float | None = None
    n = int(values.size)
    if n > 1:
        draws = np.random.Generator(np.random.Philox(BOOTSTRAP_SEED))
        found = bootstrap(
            (values,), statistic, n_resamples=RESAMPLES, method="percentile", rng=draws
        )
        low, high = (float(end) for end in found.confidence_interval)
    return Estimate(label, float(statistic(values)), low, high, n, interval_type, facts)
