"""Outcome classes of one run: mutually exclusive, exhaustive, first match wins."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import ols_slope

FloatArray = npt.NDArray[np.float64]


class PathClass(StrEnum):
    """What the paths of one world alone can say, in the order in which the rules are tried."""

    FRAGMENTATION = "fragmentation"
    THIRD_PARTY_LEAD = "third_party_lead"
    DISPLACEMENT = "displacement"
    BREAKOUT = "breakout"
    INCUMBENT_ROLLBACK = "incumbent_rollback"
    PLATEAU = "plateau"
    CONTESTED = "contested"


class OutcomeClass(StrEnum):
    """Outcome of a run; a plateau is split by its pair into containment and stand-off."""

    FRAGMENTATION = "fragmentation"
    THIRD_PARTY_LEAD = "third_party_lead"
    DISPLACEMENT = "displacement"
    BREAKOUT = "breakout"
    INCUMBENT_ROLLBACK = "incumbent_rollback"
    CONTAINMENT = "containment"
    STAND_OFF = "stand_off"
    CONTESTED = "contested"


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of classes and definitions, fixed before a run.

    Shares and points are fractions of one.

    Raises
    ------
    ValueError
        Names every field outside its range.
    """

    window_months: int = 12
    """W: last months that are judged."""
    lead_margin: float = 0.02
    """m: lead in share that counts."""
    ceiling_share: float = 0.60
    """kappa: token share that a contained challenger never reaches."""
    slope_tolerance: float = 0.0025
    """eps: slope of share, a month, that counts as flat."""
    minimum_effect: float = 0.03
    """delta_min: smallest effect on the challenger's token share that counts."""
    fragmentation_share: float = 0.35
    """f: below this largest token share the market is fragmented."""
    growth_tolerance: float = 0.01
    """eps_g: gap of growth rates, a month, that counts as none."""
    conversion_limit: float = 0.5
    """chi: revenue points per token point below which tokens do not become revenue."""
    conversion_minimum_change: float = 0.02
    """Smallest change of token share for which conversion is judged."""
    majority: float = 0.5
    """Frequency of a property over replicates above which it is the rule."""
    confidence: float = 0.95
    """Two-sided confidence of every interval."""
    robust_share: float = 0.8
    """Part of a threshold grid, or of longer runs, that must give the same answer."""
    settled_months: int = 36
    """A shorter run is judged, with a warning in its notes."""
    event_months: int = 3
    """Months in a row in which a state must hold to begin, and fail to end."""
    horizon_months: int = 24
    """Months by which a longer run goes on."""

    def __post_init__(self) -> None:
        # Written so that NaN fails too.
        wrong = [f"{n} must lie in 0..1" for n in SHARES if not 0.0 <= getattr(self, n) <= 1.0]
        wrong += [f"{n} must be 0 or more" for n in RATES if not getattr(self, n) >= 0.0]
        if not self.window_months >= 2:
            wrong.append("window_months must be at least 2")
        wrong += [f"{n} must be at least 1" for n in COUNTS if not getattr(self, n) >= 1]
        if not 0.5 < self.confidence < 1.0:
            wrong.append("confidence must lie between 0.5 and 1")
        if wrong:
            raise ValueError("thresholds: " + "; ".join(wrong))


SHARES = (
    "lead_margin",
    "ceiling_share",
    "minimum_effect",
    "fragmentation_share",
    "conversion_minimum_change",
    "majority",
    "robust_share",
)
RATES = ("slope_tolerance", "growth_tolerance", "conversion_limit", "settled_months")
COUNTS = ("event_months", "horizon_months")


def lead(shares: npt.ArrayLike, vendor: int) -> FloatArray:
    """Lead of a vendor: its share minus the best other share, along the last axis (vendors).

    Raises
    ------
    ValueError
        If there are fewer than two vendors or the index is out of range.
    """
    s = np.asarray(shares, dtype=np.float64)
    if s.ndim < 1 or s.shape[-1] < 2 or not 0 <= vendor < s.shape[-1]:
        raise ValueError(f"a lead needs two vendors or more and an index among them, got {vendor}")
    others = np.delete(s, vendor, axis=-1).max(axis=-1)
    return np.asarray(s[..., vendor] - others, dtype=np.float64)


def classify_means(
    token_means: FloatArray,
    revenue_means: FloatArray,
    slope: FloatArray,
    incumbent: int,
    challenger: int,
    thresholds: Thresholds,
) -> list[PathClass]:
    """Class of every replicate from its window means.

    Parameters
    ----------
    token_means, revenue_means
        (R, V) means over the window.
    slope
        (R,) slope of the challenger's token share, a month.

    Returns
    -------
    list of PathClass
        First rule that holds: fragmentation, third-party lead, displacement, breakout, rollback,
        plateau, contested.
    """
    m = thresholds.lead_margin
    challenger_leads = lead(token_means, challenger) >= m
    duel = np.maximum(token_means[:, incumbent], token_means[:, challenger])
    escapes = (token_means[:, challenger] >= thresholds.ceiling_share) | (
        slope > thresholds.slope_tolerance
    )
    rules = [
        token_means.max(axis=1) < thresholds.fragmentation_share,
        token_means.max(axis=1) > duel,
        challenger_leads & (lead(revenue_means, challenger) >= m),
        challenger_leads & escapes,
        lead(token_means, incumbent) >= m,
        challenger_leads & (lead(revenue_means, incumbent) >= m),
        np.ones(len(token_means), dtype=bool),
    ]
    order = list(PathClass)
    return [order[int(first)] for first in np.argmax(np.stack(rules), axis=0)]


def split_plateau(path: PathClass, tau: float | None, minimum_effect: float) -> OutcomeClass:
    """Outcome of a path: a plateau is containment if its pair shows the effect.

    Parameters
    ----------
    tau
        Mean over the window of the challenger's token share without the levers minus with them,
        same seed; None if no such world was run, and a plateau then is a stand-off.
    """
    if path is not PathClass.PLATEAU:
        return OutcomeClass(path.value)
    if tau is not None and tau >= minimum_effect:
        return OutcomeClass.CONTAINMENT
    return OutcomeClass.STAND_OFF


@dataclass(frozen=True, eq=False)
class PathSummary:
    """What the classes look at: means over the window, leads and the challenger's slope."""

    path_class: PathClass
    token_means: FloatArray
    revenue_means: FloatArray
    slope: float
    token_lead_challenger: float
    token_lead_incumbent: float
    revenue_lead_challenger: float
    revenue_lead_incumbent: float


def summarise(
    token_share: npt.ArrayLike,
    revenue_share: npt.ArrayLike,
    incumbent: int,
    challenger: int,
    thresholds: Thresholds | None = None,
) -> PathSummary:
    """Window means, leads, slope and path class of one run.

    Parameters
    ----------
    token_share, revenue_share
        (M, V) platform token shares and full-stack revenue shares; what is missing to one
        belongs to vendors too small to name.
    incumbent, challenger
        Columns of the two vendors in contest.

    Raises
    ------
    ValueError
        If shapes differ, the run is shorter than the window, or the two columns are the same.
    """
    limits = thresholds or Thresholds()
    tokens = np.asarray(token_share, dtype=np.float64)
    revenue = np.asarray(revenue_share, dtype=np.float64)
    if tokens.ndim != 2 or tokens.shape != revenue.shape:
        raise ValueError("token_share and revenue_share must both be (months, vendors)")
    if len(tokens) < limits.window_months:
        raise ValueError(f"run of {len(tokens)} months, window of {limits.window_months}")
    if incumbent == challenger:
        raise ValueError("incumbent and challenger must be two vendors")
    if not (np.isfinite(tokens).all() and np.isfinite(revenue).all()):
        raise ValueError("shares must be finite")
    window = tokens[-limits.window_months :]
    token_means, revenue_means = window.mean(axis=0), revenue[-limits.window_months :].mean(axis=0)
    leads = (
        float(lead(means, vendor))
        for means in (token_means, revenue_means)
        for vendor in (challenger, incumbent)
    )
    slope = ols_slope(window[:, challenger])
    path = classify_means(
        token_means[None], revenue_means[None], slope[None], incumbent, challenger, limits
    )
    return PathSummary(path[0], token_means, revenue_means, float(slope), *leads)


def classify(
    token_share: npt.ArrayLike,
    revenue_share: npt.ArrayLike,
    incumbent: int,
    challenger: int,
    tau: float | None = None,
    thresholds: Thresholds | None = None,
) -> OutcomeClass:
    """Outcome class of one run; see `summarise` for the arrays and `split_plateau` for tau.

    Raises
    ------
    ValueError
        As `summarise`.
    """
    limits = thresholds or Thresholds()
    summary = summarise(token_share, revenue_share, incumbent, challenger, limits)
    return split_plateau(summary.path_class, tau, limits.minimum_effect)
