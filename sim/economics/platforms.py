"""Two-sided platforms: prices to both sides, and indirect network effects through apps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.economics.arrays import positive

TIPPING_ELASTICITY = 1.0  # app elasticity from which on the market tips to one platform


class TwoSidedPrices(NamedTuple):
    """Prices to the two groups and the profit of each of two equal platforms."""

    group1: float
    group2: float
    profit: float


class IndirectNetwork(NamedTuple):
    """Share of platform A, its app ratio and how much a quality gap is amplified."""

    share: float
    app_ratio: float
    multiplier: float


def two_sided_duopoly(
    costs: tuple[float, float], transport: tuple[float, float], benefits: tuple[float, float]
) -> TwoSidedPrices:
    """Symmetric duopoly in which both groups join one platform.

    ``p1 = f1 + t1 - a2``, ``p2 = f2 + t2 - a1``, profit ``(t1 + t2 - a1 - a2) / 2``; ``a1`` is the
    benefit of a group-1 member per group-2 member.

    Raises
    ------
    ValueError
        If a transport cost is not positive or ``4 t1 t2 <= (a1 + a2)^2``: the market tips.

    Source: Armstrong (2006, RAND 37:668-691), Proposition 2.
    """
    f1, f2 = costs
    t1, t2 = (positive("transport", t) for t in transport)
    a1, a2 = benefits
    if 4 * t1 * t2 <= (a1 + a2) ** 2:
        raise ValueError("cross-group benefits are too strong for a shared market")
    return TwoSidedPrices(f1 + t1 - a2, f2 + t2 - a1, (t1 + t2 - a1 - a2) / 2)


def indirect_network(
    quality_gap: float, app_elasticity: float, entry_rates: tuple[float, float]
) -> IndirectNetwork:
    """Shares of two platforms whose apps enter in proportion to their users.

    ``N_k = phi_k s_k`` and ``s_A/s_B = exp(delta) (N_A/N_B)^beta`` give
    ``ln(s_A/s_B) = (delta + beta ln(phi_A/phi_B)) / (1 - beta)``.

    Raises
    ------
    ValueError
        If an entry rate is not positive or beta is not in [0, 1): from 1 on the market tips.

    Source: Church & Gandal (1992, J. Ind. Econ. 40:85-103); Clements & Ohashi (2005, 53:515-542).
    """
    from scipy.special import expit

    if not 0 <= app_elasticity < TIPPING_ELASTICITY:
        raise ValueError(f"app_elasticity must lie in [0, 1), got {app_elasticity}")
    log_entry = float(
        np.log(positive("entry_rates", entry_rates[0]) / positive("entry_rates", entry_rates[1]))
    )
    multiplier = 1 / (1 - app_elasticity)
    log_ratio = multiplier * (quality_gap + app_elasticity * log_entry)
    return IndirectNetwork(
        float(expit(log_ratio)), float(np.exp(log_entry + log_ratio)), multiplier
    )
