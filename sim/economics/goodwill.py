"""Goodwill: a stock that campaigns fill and forgetting drains, and whom several stages reach."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive
from sim.numeric.portable import expm1, log1p, power


def next_goodwill(goodwill: ArrayLike, inflow: ArrayLike, decay: ArrayLike) -> Floats:
    """Goodwill after a month, ``A' = (1 - lambda) A + u``; arrays broadcast.

    Source: Nerlove & Arrow (1962, Economica 29:129-142).
    """
    kept = 1 - np.asarray(decay, dtype=np.float64)
    return np.asarray(kept * np.asarray(goodwill, dtype=np.float64) + np.asarray(inflow))


def awareness(
    base: ArrayLike,
    attention: ArrayLike,
    share: ArrayLike,
    goodwill: ArrayLike,
    *,
    share_weight: float,
    goodwill_weight: float,
    scale: float,
) -> Floats:
    """Share of clients that know a vendor, ``1 - exp(-(a0 + n + b s + a1 ln(1 + A / A0)))``.

    Parameters
    ----------
    base, attention, share, goodwill
        a0 without any campaign, n of recent news, s the last token share (word of mouth) and A the
        goodwill in million yuan; arrays broadcast, for example (cells, V) with (V,).
    share_weight, goodwill_weight, scale
        b, a1 and A0 > 0, million yuan.

    Source: Goeree (2008, Econometrica 76:1017-1074) for awareness before choice.
    """
    usual, news, word_of_mouth, stock = (
        np.asarray(x, dtype=np.float64) for x in (base, attention, share, goodwill)
    )
    index = usual + news + share_weight * word_of_mouth
    return np.asarray(-expm1(np.asarray(-(index + goodwill_weight * log1p(stock / scale)))))


def union_reach(reach: ArrayLike, overlap: float) -> Floats:
    """Share of an audience that at least one of m stages reaches.

    ``R = min(1, sum_j r_(j) (1 - o)^j)``, j = 0 ... m-1, stages from the widest to the narrowest.
    The overlap o is the part of the narrower of two audiences that the wider one holds as well;
    given that, stages miss each other independently. So two stages give
    ``r_1 + r_2 - o min(r_1, r_2)``; o = 0 is disjoint, ``min(1, sum r)``; o = 1 is nested,
    ``max r``; and o = r with equal reaches is independence, ``1 - (1 - r)^m``.

    Parameters
    ----------
    reach : array (m, ...)
        Share of each audience that a stage reaches, 0-1; stages along the first axis.
    overlap : float
        o, 0-1.

    Returns
    -------
    array (...)
        Joint reach, 0-1; 0 without stages.

    Raises
    ------
    ValueError
        A reach or the overlap outside [0, 1].
    """
    each = np.atleast_1d(np.asarray(reach, dtype=np.float64))
    if not ((each >= 0) & (each <= 1)).all():
        raise ValueError("reach must lie in [0, 1]")
    missed = 1.0 - fraction("overlap", overlap)
    widest_first = -np.sort(-each, axis=0)
    new = power(missed, np.arange(len(each), dtype=np.float64))
    joint = (new.reshape(-1, *(1,) * (each.ndim - 1)) * widest_first).sum(axis=0)
    return np.asarray(np.minimum(1.0, joint))


def campaign_inflow(
    money: ArrayLike, reach: ArrayLike, overlap: float, elasticity: float, scale: float
) -> Floats:
    """Goodwill that the stages of one month add in each audience.

    ``u = R A0 (E / (R A0))^theta`` with the exposure ``E = sum_s m_s r_s`` and the joint reach
    R of `union_reach`: all who are reached share the exposure evenly, and goodwill answers to what
    each of them sees with elasticity theta. theta = 1 is linear: u = E, whoever sees it.

    Parameters
    ----------
    money : array (m,) or (m, ...)
        Money of each stage per unit of audience, >= 0, million yuan.
    reach : array (m, ...)
        Share of each audience that the stage reaches.
    overlap, elasticity, scale : float
        o in [0, 1]; theta in (0, 1]; A0 > 0, million yuan, where inflow and exposure are equal.

    Returns
    -------
    array (...)
        Inflow of goodwill, million yuan; 0 where nothing is spent or nobody is reached.

    Raises
    ------
    ValueError
        Money below 0, an elasticity outside (0, 1], a scale that is not positive.
    """
    each = np.atleast_1d(np.asarray(reach, dtype=np.float64))
    spent = np.asarray(money, dtype=np.float64)
    if (spent < 0).any():
        raise ValueError("money must be >= 0")
    _check_reach(elasticity)
    spent = spent.reshape(spent.shape + (1,) * (each.ndim - spent.ndim))
    exposure = np.asarray((spent * each).sum(axis=0))
    joint = union_reach(each, overlap)
    depth = np.zeros_like(exposure)
    saturation = joint * positive("scale", scale)
    np.divide(exposure, saturation, out=depth, where=saturation > 0)
    return np.asarray(saturation * power(depth, elasticity))


def _check_reach(elasticity: float) -> float:
    if positive("elasticity", elasticity) > 1:
        raise ValueError(f"elasticity must lie in (0, 1], got {elasticity}")
    return float(elasticity)
