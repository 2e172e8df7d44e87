"""Curves of a world in all replicates, and the numbers that the definitions read from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

from sim.analysis.statistics import ROUNDING, ols_slope
from sim.analysis.verdict.outcomes import lead

FloatArray = npt.NDArray[np.float64]

# The curve's two nonlinear parameters lie on a grid that scales with the length of the run: from
# a rise within one month to one that has hardly begun when the run stops.
RATES = 40
MIDPOINTS = 60
MIDPOINT_SPAN = 1.5
SLOWEST_RISE = 2.0


@lru_cache(2)
def _curves(months: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means of the curves of the grid, the curves less these means, and their sums of squares."""
    t = np.arange(months, dtype=np.float64)
    rates = np.geomspace(SLOWEST_RISE / months, SLOWEST_RISE, RATES)
    middle = np.linspace((1.0 - MIDPOINT_SPAN) * months, MIDPOINT_SPAN * months, MIDPOINTS)
    grid = rates[:, None, None] * (t - middle[:, None])
    curves: FloatArray = special.expit(grid.reshape(-1, months))
    bent: FloatArray = curves[np.ptp(curves, axis=1) > ROUNDING]
    mean = bent.mean(axis=1)
    centred = bent - mean[:, None]
    return mean, centred, (centred**2).sum(axis=1)


def logistic_ceiling(shares: npt.ArrayLike) -> FloatArray:
    """Ceiling K of ``s_t = a + (K - a) / (1 + exp(-r (t - t0)))`` for each path, at most 1.

    Least squares, linear in a and K for each pair (r, t0) of a grid (variable projection, Golub &
    Pereyra 1973). The rise is kept only if it beats a straight level by the Bayes criterion
    (three more parameters); a path that does not rise has its mean over time as ceiling.

    Parameters
    ----------
    shares
        (R, M) share of one vendor, fractions of one.

    Returns
    -------
    (R,) ceilings.

    Raises
    ------
    ValueError
        If the array is not (R, M) with M >= 5, or not finite.
    """
    s = np.asarray(shares, dtype=np.float64)
    if s.ndim != 2 or s.shape[1] < 5 or not np.isfinite(s).all():
        raise ValueError("shares must be finite, (replicates, months) with at least five months")
    months = s.shape[1]
    level, centred, squares = _curves(months)
    mean = s.mean(axis=1)
    deviations = s - mean[:, None]
    rise = deviations @ centred.T / squares
    total = (deviations**2).sum(axis=1)
    explained = np.where(rise > 0.0, rise**2 * squares, 0.0)
    best = explained.argmax(axis=1)
    rows = np.arange(len(s))
    floor = ROUNDING * (1.0 + total)
    gain = np.log(total + floor) - np.log(np.maximum(total - explained[rows, best], 0.0) + floor)
    rising = months * gain > 3.0 * np.log(months)
    ceiling = mean + rise[rows, best] * (1.0 - level[best])
    ceilings: FloatArray = np.clip(np.where(rising, ceiling, mean), 0.0, 1.0)
    return ceilings


SUM_TOLERANCE = 1e-9
SHORTEST_CURVE = 5


@dataclass(frozen=True, eq=False)
class WorldCurves:
    """One world: R replicates, M months, V vendors.

    Shares are fractions of one; what the vendors lack to one belongs to vendors too small to
    name.

    Raises
    ------
    ValueError
        If shapes disagree, a number is missing, a share lies outside 0..1 or shares add up to
        more than one, a volume is negative, a seed repeats, the two vendors are the same, or
        there is no scenario hash.
    """

    token_share: FloatArray
    """(R, M, V) share of platform tokens."""
    revenue_share: FloatArray
    """(R, M, V) share of full-stack revenue."""
    token_volume: FloatArray
    """(R, M, V) platform tokens, million a month."""
    profit: FloatArray
    """(R, M, V) profit, yuan a month."""
    incumbent: int
    challenger: int
    seeds: npt.NDArray[np.int64]
    """(R,) seed of each replicate."""
    scenario_hash: str
    contest_month: int | None = None
    """Month of the run in which the contest begins; None = after the first base months."""

    def __post_init__(self) -> None:
        for name in ("token_share", "revenue_share", "token_volume", "profit"):
            self._check_array(name)
        if np.shape(self.seeds) != (self.replicates,):
            raise ValueError(f"seeds: one a replicate, {self.replicates} needed")
        if len(np.unique(self.seeds)) != self.replicates:
            raise ValueError("seeds: each replicate needs its own")
        for name in ("token_share", "revenue_share"):
            share = getattr(self, name)
            if share.min() < -SUM_TOLERANCE or share.sum(axis=2).max() > 1.0 + SUM_TOLERANCE:
                raise ValueError(f"{name}: shares lie in 0..1 and add up to at most 1")
        if self.token_volume.min() < 0.0:
            raise ValueError("token_volume: must not be negative")
        vendors = self.token_share.shape[2]
        if not (0 <= self.incumbent < vendors and 0 <= self.challenger < vendors):
            raise ValueError(f"incumbent and challenger must be columns of {vendors} vendors")
        if self.incumbent == self.challenger:
            raise ValueError("incumbent and challenger must be two vendors")
        if not self.scenario_hash:
            raise ValueError("a verdict needs the scenario hash of each world")

    def _check_array(self, name: str) -> None:
        array = getattr(self, name)
        if np.ndim(array) != 3 or np.shape(array) != np.shape(self.token_share):
            raise ValueError(f"{name}: must be (replicates, months, vendors), as token_share")
        if min(np.shape(array)) < 1 or not np.isfinite(array).all():
            raise ValueError(f"{name}: every number must be there and finite")

    @property
    def replicates(self) -> int:
        """Number of replicates R."""
        return int(self.token_share.shape[0])

    @property
    def months(self) -> int:
        """Number of months M."""
        return int(self.token_share.shape[1])

    @cached_property
    def ceiling(self) -> FloatArray:
        """(R,) ceiling of the challenger's token share, NaN in a run too short for a curve."""
        if self.months < SHORTEST_CURVE:
            return np.full(self.replicates, np.nan)
        return logistic_ceiling(self.token_share[:, :, self.challenger])


def check_pair(on: WorldCurves, other: WorldCurves, name: str) -> None:
    """Refuse two worlds that are not pairs, replicate by replicate.

    Raises
    ------
    ValueError
        If seeds, their order, the vendors or the contest differ.
    """
    if not np.array_equal(on.seeds, other.seeds):
        raise ValueError(f"{name}: seeds must be the same, in the same order")
    if on.token_share.shape[2] != other.token_share.shape[2]:
        raise ValueError(f"{name}: must have the same vendors")
    if (on.incumbent, on.challenger) != (other.incumbent, other.challenger):
        raise ValueError(f"{name}: must have the same incumbent and challenger")


@dataclass(frozen=True, eq=False)
class PathFacts:
    """What definitions and classes read from a world; no threshold but the window enters.

    C is the challenger and I the incumbent; "window" is the last months that are judged.
    """

    token_means: FloatArray
    """(R, V) mean token share over the window."""
    revenue_means: FloatArray
    """(R, V) mean revenue share over the window."""
    slope: FloatArray
    """(R,) slope of C's token share over the window, a month."""
    peak: FloatArray
    """(R,) highest token share of C in the window."""
    ceiling: FloatArray
    """(R,) ceiling of C's token share from a logistic curve over the whole run."""
    token_lead: FloatArray
    """(R,) smallest lead of C in tokens over the window."""
    revenue_lead: FloatArray
    """(R,) smallest lead of I in revenue over the window."""
    growth_gap: FloatArray
    """(R,) growth of C's tokens minus I's, a month; NaN where a volume is zero."""
    token_change: FloatArray
    """(R,) C's mean token share over the window less that over the base months."""
    revenue_change: FloatArray
    """(R,) the same of C's revenue share."""
    incumbent_profit: FloatArray
    """(R,) profit of I over the run, yuan."""
    challenger_profit: FloatArray
    """(R,) profit of C over the run, yuan."""


def _growth(volume: FloatArray) -> FloatArray:
    """Slope of log volume a month; NaN for replicates with a month of no volume."""
    served = (volume > 0.0).all(axis=1)
    growth = np.full(len(volume), np.nan)
    growth[served] = ols_slope(np.log(volume[served]))
    return growth


def base_of(world: WorldCurves, window_months: int, base_months: int) -> slice:
    """The months before the contest, at most `base_months`; one at least, none in the window."""
    first = world.months - window_months
    end = base_months if world.contest_month is None else world.contest_month
    end = max(1, min(end, first))
    return slice(max(0, end - base_months), end)


def path_facts(world: WorldCurves, window_months: int, base_months: int) -> PathFacts:
    """Numbers of each replicate over the last `window_months` and over the run.

    Raises
    ------
    ValueError
        If the run is shorter than the window.
    """
    if world.months < window_months:
        raise ValueError(f"run of {world.months} months, window of {window_months}")
    i, c = world.incumbent, world.challenger
    tokens = world.token_share[:, -window_months:]
    revenue = world.revenue_share[:, -window_months:]
    volume = world.token_volume[:, -window_months:]
    path, earned = world.token_share[:, :, c], world.revenue_share[:, :, c]
    base = base_of(world, window_months, base_months)
    return PathFacts(
        token_means=tokens.mean(axis=1),
        revenue_means=revenue.mean(axis=1),
        slope=ols_slope(tokens[:, :, c]),
        peak=tokens[:, :, c].max(axis=1),
        ceiling=world.ceiling,
        token_lead=lead(tokens, c).min(axis=1),
        revenue_lead=lead(revenue, i).min(axis=1),
        growth_gap=_growth(volume[:, :, c]) - _growth(volume[:, :, i]),
        token_change=path[:, -window_months:].mean(axis=1) - path[:, base].mean(axis=1),
        revenue_change=earned[:, -window_months:].mean(axis=1) - earned[:, base].mean(axis=1),
        incumbent_profit=world.profit[:, :, i].sum(axis=1),
        challenger_profit=world.profit[:, :, c].sum(axis=1),
    )


@dataclass(frozen=True, eq=False)
class PairFacts:
    """Differences between the world without the levers and the world with them, by replicate."""

    tau: FloatArray
    """(R,) mean over the window of C's token share OFF minus ON."""
    tau_revenue: FloatArray
    """(R,) the same of C's revenue share."""
    held: FloatArray
    """(R, V) mean over the window of each vendor's token share ON minus OFF: who holds what C
    lacks. Without C's own column it sums to tau, less what vendors too small to name hold."""
    area: FloatArray
    """(R,) sum over all months of C's token share OFF minus ON, share-months."""
    incumbent_profit: FloatArray
    """(R,) profit of I over the run, ON minus OFF, yuan."""


def pair_facts(on: WorldCurves, off: WorldCurves, window_months: int) -> PairFacts:
    """Paired differences of the same seeds.

    Raises
    ------
    ValueError
        If the worlds are not pairs or have different numbers of months.
    """
    check_pair(on, off, "off")
    if on.months != off.months:
        raise ValueError(f"off: {off.months} months, on: {on.months}")
    c, i = on.challenger, on.incumbent
    gap = off.token_share[:, :, c] - on.token_share[:, :, c]
    held = (on.token_share - off.token_share)[:, -window_months:].mean(axis=1)
    revenue_gap = off.revenue_share[:, -window_months:, c] - on.revenue_share[:, -window_months:, c]
    return PairFacts(
        tau=gap[:, -window_months:].mean(axis=1),
        held=held,
        tau_revenue=revenue_gap.mean(axis=1),
        area=gap.sum(axis=1),
        incumbent_profit=(on.profit[:, :, i] - off.profit[:, :, i]).sum(axis=1),
    )


@dataclass(frozen=True, eq=False)
class WorldPair:
    """The worlds that a verdict compares: with the levers and, where they were run, without.

    Raises
    ------
    ValueError
        If the worlds are not pairs, or the longer run is not longer.
    """

    on: WorldCurves
    off: WorldCurves | None = None
    longer: WorldCurves | None = None
    """World `on` run beyond the horizon."""
    longer_off: WorldCurves | None = None
    """World `off` run as far."""

    def __post_init__(self) -> None:
        if self.longer is not None:
            check_pair(self.on, self.longer, "longer")
            if self.longer.months <= self.on.months:
                raise ValueError("longer: must be longer than the run it extends")
        if self.longer_off is not None and (self.longer is None or self.off is None):
            raise ValueError("longer_off: needs the pair and the longer run it belongs to")


@dataclass(frozen=True, eq=False)
class WorldPairFacts:
    """Numbers of all worlds of a pair; no threshold but the window enters."""

    worlds: WorldPair
    path: PathFacts
    pair: PairFacts | None
    longer: PathFacts | None
    longer_pair: PairFacts | None


def facts_of(worlds: WorldPair, window_months: int, base_months: int) -> WorldPairFacts:
    """WorldPairFacts of a world, its pair and its longer run.

    Raises
    ------
    ValueError
        If the worlds are not pairs, or a run is shorter than the window.
    """

    def pair(on: WorldCurves | None, off: WorldCurves | None) -> PairFacts | None:
        return None if on is None or off is None else pair_facts(on, off, window_months)

    return WorldPairFacts(
        worlds,
        path_facts(worlds.on, window_months, base_months),
        pair(worlds.on, worlds.off),
        None if worlds.longer is None else path_facts(worlds.longer, window_months, base_months),
        pair(worlds.longer, worlds.longer_off),
    )
