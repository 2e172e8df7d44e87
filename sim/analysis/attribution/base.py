"""Parts of an attribution: the worlds each asks for, and what it finds in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.priors import Prior, drawn
from sim.analysis.statistics import Interval, mean_interval
from sim.errors import SimError
from sim.registry import Registry
from sim.runs.run import DONE
from sim.runs.worlds import World, levers_of
from sim.scenario.schema.scenario import Contest, Scenario

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.runs.run import ModelMaker


def drawn_worlds(scenario: Scenario, priors: Sequence[Prior], asked: Asked) -> Iterator[Scenario]:
    """The scenario under each draw of a latin hypercube over the priors."""
    from scipy.stats import qmc

    design = qmc.LatinHypercube(len(priors), rng=np.random.default_rng(asked.draw_seed))
    for levels in design.random(asked.draws):
        yield scenario.replace(drawn(scenario, priors, levels))


Floats = npt.NDArray[np.float64]
POINTS = 100.0
OUTCOME = "challenger_platform_token_share"
RESAMPLES = 2_000
BOOTSTRAP_SEED = 20_260_301
T, BOOTSTRAP = "paired t, 95 %", "seed bootstrap, 95 %"


@dataclass(frozen=True)
class Asked:
    """What a user may choose about an attribution."""

    exact: bool = False  # all coalitions even beyond the usual number of levers
    permutations: int = 24  # orders drawn where coalitions are too many
    draws: int = 20  # worlds drawn from the priors
    draw_seed: int = 1


@dataclass(frozen=True)
class Row:
    """One estimate: a mean over paired replicates with its interval, in points of share."""

    label: str
    mean: float
    low: float | None
    high: float | None
    n: int
    interval_type: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What a part found."""

    part: str
    title: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A part of an attribution under its name."""

    name: str
    doc: str
    worlds: Callable[[Scenario, Asked], tuple[World, ...]]
    read: Callable[[Result, Asked], Finding]
    model: Callable[[Scenario], ModelMaker] | None = None


PARTS: Registry[Part] = Registry("part", "sim.analysis.attribution")


def register(part: Part) -> Part:
    """Make a part known under its name.

    Raises
    ------
    ValueError
        Two parts have one name.
    """
    return PARTS.add(part.name, part, part.worlds)


def parts() -> Mapping[str, Part]:
    """All parts by name."""
    return PARTS.all()


def contest_of(scenario: Scenario) -> Contest:
    """Who contains whom.

    Raises
    ------
    SimError
        The scenario has no contest.
    """
    if scenario.contest is None:
        raise SimError(f"{scenario.name}: an attribution needs a [contest]")
    return scenario.contest


def own_levers(scenario: Scenario) -> tuple[str, ...]:
    """The incumbent's levers, sorted.

    Raises
    ------
    SimError
        The scenario has no contest or its incumbent no lever.
    """
    contest = contest_of(scenario)
    levers = levers_of(scenario, contest.incumbent)
    if not levers:
        raise SimError(f"{scenario.name}: {contest.incumbent} has no lever to take away")
    return levers


def shares(result: Result, points: Sequence[str]) -> Floats:
    """(points, replicates) challenger's mean token share of the last months, in points of share.

    Only replicates that are done in every one of the worlds.

    Raises
    ------
    SimError
        There is none.
    """
    rows = result.runs
    rows = rows[rows["status"] == DONE]
    table = rows[rows["point"].isin(points)].pivot(
        index="replicate", columns="point", values=OUTCOME
    )
    table = table.reindex(columns=list(points)).dropna()
    if table.empty:
        raise SimError(f"{result.path}: no replicate is done in all of {', '.join(points)}")
    return POINTS * table.to_numpy(dtype=np.float64).T


def paired_row(label: str, gaps: npt.ArrayLike, **facts: Any) -> Row:
    """A row from one difference a replicate, with its paired t interval."""
    values = np.asarray(gaps, dtype=np.float64)
    estimate = mean_interval(values)
    interval: Interval | None = estimate.interval if values.size > 1 else None
    low, high = (None, None) if interval is None else (interval.lower, interval.upper)
    return Row(label, float(estimate.mean), low, high, int(values.size), T, facts)


def bootstrap_row(label: str, gaps: npt.ArrayLike, **facts: Any) -> Row:
    """A row from one number a replicate, with the bootstrap interval over seeds."""
    values = np.asarray(gaps, dtype=np.float64)
    if values.size < 2:
        return Row(label, float(values.mean()), None, None, int(values.size), BOOTSTRAP, facts)
    draws = np.random.Generator(np.random.Philox(BOOTSTRAP_SEED))
    picked = draws.integers(values.size, size=(RESAMPLES, values.size))
    low, high = np.quantile(values[picked].mean(axis=1), [0.025, 0.975])
    return Row(
        label, float(values.mean()), float(low), float(high), int(values.size), BOOTSTRAP, facts
    )
