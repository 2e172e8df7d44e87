"""Network effects: how many market outcomes there are and which one a start leads to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sim.economics.arrays import Floats, fraction

CRITICAL_STRENGTH = 2.0  # strength at which, with no quality gap, one outcome becomes three


class NetworkEquilibria(NamedTuple):
    """Shares (E,) that reproduce themselves, lowest first, and whether they attract."""

    shares: Floats
    stable: tuple[bool, ...]


def network_map(share: float, strength: float, quality_gap: float) -> float:
    """Next share ``1 / (1 + exp(-(dv + beta (2 s - 1))))``."""
    from scipy.special import expit

    with np.errstate(under="ignore"):
        return float(expit(quality_gap + strength * (2 * share - 1)))


def network_equilibria(strength: float, quality_gap: float) -> NetworkEquilibria:
    """All fixed points of :func:`network_map`; stable where ``2 beta s (1-s) < 1``.

    Between the turning points ``s (1-s) = 1 / (2 beta)`` the excess is monotone, so each piece
    holds at most one. With no gap there are three if beta > 2, else one.

    Raises
    ------
    ValueError
        If the strength is negative or not finite.

    Source: Brock & Durlauf (2001, RES 68:235-260); Katz & Shapiro (1985, AER 75:424-440).
    """
    from scipy.optimize import brentq

    _check(strength)
    cuts = [0.0, 1.0]
    if strength > CRITICAL_STRENGTH:
        half = np.sqrt(1 - CRITICAL_STRENGTH / strength) / 2
        cuts = [0.0, 0.5 - half, 0.5 + half, 1.0]

    def excess(share: float) -> float:
        return share - network_map(share, strength, quality_gap)

    found = []
    for low, high in pairwise(cuts):
        if excess(low) * excess(high) <= 0:
            found.append(float(brentq(excess, low, high, xtol=1e-15)))
    shares = np.unique(found)
    return NetworkEquilibria(shares, tuple(2 * strength * s * (1 - s) < 1 for s in shares.tolist()))


def network_limit(start: float, strength: float, quality_gap: float) -> float:
    """Share reached from ``start`` by repeating :func:`network_map`.

    The map rises, so the path is monotone and ends at the next fixed point on its way.
    """
    shares = network_equilibria(strength, quality_gap).shares.tolist()
    begin = fraction("start", start)
    if network_map(begin, strength, quality_gap) >= begin:
        return float(shares[min(bisect_left(shares, begin), len(shares) - 1)])
    return float(shares[max(bisect_right(shares, begin) - 1, 0)])


def _check(strength: float) -> None:
    if not (np.isfinite(strength) and strength >= 0):
        raise ValueError(f"strength must be finite and >= 0, got {strength}")
