"""Outcome classes of single runs: every run has exactly one, the first rule that holds."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import ols_slope
from sim.scenario.schema.scenario import Containment

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


def class_name(kind: object) -> str:
    """An outcome class as people read it: `stand_off` is stand-off."""
    return str(kind).replace("_", "-")


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
    limits: Containment,
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
    m = limits.lead_margin
    challenger_leads = lead(token_means, challenger) >= m
    duel = np.maximum(token_means[:, incumbent], token_means[:, challenger])
    escapes = (token_means[:, challenger] >= limits.ceiling_share) | (
        slope > limits.slope_tolerance
    )
    rules = [
        token_means.max(axis=1) < limits.fragmentation_share,
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


def outcomes_of(
    paths: Sequence[PathClass], tau: FloatArray | None, minimum_effect: float
) -> list[OutcomeClass]:
    """Outcome of each path; ``tau`` (R,) is its effect, None without a pair."""
    effects = [None] * len(paths) if tau is None else tau.tolist()
    return [split_plateau(*one, minimum_effect) for one in zip(paths, effects, strict=True)]


def classify(
    token_share: npt.ArrayLike,
    revenue_share: npt.ArrayLike,
    incumbent: int,
    challenger: int,
    tau: FloatArray | None = None,
    limits: Containment | None = None,
) -> list[OutcomeClass]:
    """Outcome of each run.

    Parameters
    ----------
    token_share, revenue_share
        (R, M, V) platform token shares and full-stack revenue shares; what is missing to one
        belongs to vendors too small to name.
    incumbent, challenger
        Columns of the two vendors in contest.
    tau
        (R,) see `split_plateau`.

    Raises
    ------
    ValueError
        If shapes differ, a run is shorter than the window, or the two columns are the same.
    """
    limits = limits or Containment()
    tokens = np.asarray(token_share, dtype=np.float64)
    revenue = np.asarray(revenue_share, dtype=np.float64)
    if tokens.ndim != 3 or tokens.shape != revenue.shape:
        raise ValueError("token_share and revenue_share must both be (runs, months, vendors)")
    if tokens.shape[1] < limits.window_months:
        raise ValueError(f"run of {tokens.shape[1]} months, window of {limits.window_months}")
    if incumbent == challenger:
        raise ValueError("incumbent and challenger must be two vendors")
    if not (np.isfinite(tokens).all() and np.isfinite(revenue).all()):
        raise ValueError("shares must be finite")
    window = tokens[:, -limits.window_months :]
    paths = classify_means(
        window.mean(axis=1),
        revenue[:, -limits.window_months :].mean(axis=1),
        ols_slope(window[:, :, challenger]),
        incumbent,
        challenger,
        limits,
    )
    return outcomes_of(paths, tau, limits.minimum_effect)
