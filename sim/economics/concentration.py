"""Concentration of a scoreboard of shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, vector

POINTS = 10_000  # HHI points per unit of the index in fractions
ROUNDING = 1e-9


def hhi(shares: ArrayLike) -> float:
    """Herfindahl-Hirschman index ``sum s^2`` in fractions; what shares leave open is atomistic.

    Raises
    ------
    ValueError
        If a share is negative or they sum to more than one.

    Source: Hirschman (1964, AER 54:761-762).
    """
    array = _shares(shares)
    return float(np.add.reduce(array * array))


def hhi_points(shares: ArrayLike) -> float:
    """HHI in points, 0 to 10,000 (US Merger Guidelines 2023: 1,000 and 1,800 are thresholds)."""
    return hhi(shares) * POINTS


def effective_number(shares: ArrayLike) -> float:
    """Number of equal vendors with the same index, ``1 / HHI``."""
    index = hhi(shares)
    if index == 0:
        raise ValueError("the effective number needs a share above zero")
    return 1 / index


def concentration_ratio(shares: ArrayLike, largest: int) -> float:
    """Joint share CRn of the ``largest`` n vendors."""
    if largest < 1:
        raise ValueError(f"largest must be >= 1, got {largest}")
    return float(np.sort(_shares(shares))[::-1][:largest].sum())


def merged(shares: ArrayLike, first: int, second: int) -> Floats:
    """Shares (J-1,) after vendor ``second`` joins ``first``, at unchanged totals."""
    array = _shares(shares)
    if first == second or not (0 <= first < array.size and 0 <= second < array.size):
        raise ValueError(f"need two different vendors below {array.size}, got {first}, {second}")
    joint = array.copy()
    joint[first] += joint[second]
    return np.delete(joint, second)


def merger_delta_hhi(shares: ArrayLike, first: int, second: int) -> float:
    """Rise of the index by a merger, ``2 s_a s_b``, in fractions."""
    return hhi(merged(shares, first, second)) - hhi(shares)


def entropy(shares: ArrayLike) -> float:
    """Shannon entropy ``-sum s ln s`` of the named vendors, nats."""
    array = _shares(shares)
    return float(-(array[array > 0] * np.log(array[array > 0])).sum())


def lead_over_followers(shares: ArrayLike, followers: int = 3) -> float:
    """Leader's share minus the joint share of the next ``followers`` vendors."""
    ranked = np.sort(_shares(shares))[::-1]
    return float(ranked[0] - ranked[1 : 1 + followers].sum())


def _shares(shares: ArrayLike) -> Floats:
    array = np.asarray(shares, dtype=np.float64)
    usual = array.ndim == 1 and array.size > 0
    if usual and np.minimum.reduce(array) >= 0 and np.add.reduce(array) <= 1 + ROUNDING:
        return array
    vector("shares", shares)
    raise ValueError("shares must be >= 0 and sum to at most 1")
