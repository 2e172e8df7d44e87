"""Forward-looking duopoly prices to one logit client who carries a switching cost."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.economics.arrays import fraction, positive

RELATIVE_TOLERANCE = 4 * float(np.finfo(np.float64).eps)  # the finest that brentq accepts
ABSOLUTE_TOLERANCE = 1e-15


class SwitchingCostMPE(NamedTuple):
    """Markov perfect equilibrium of two vendors that compete for one attached client.

    Prices and values are in the money of the marginal cost; values are discounted sums from the
    next sale on.
    """

    stay: float
    incumbent_price: float
    entrant_price: float
    incumbent_value: float
    entrant_value: float
    average_price: float


def equilibrium_log_odds(gap: float, own: float = 1.0, rival: float = 1.0) -> float:
    """Log odds x of a sale at equilibrium: the root of ``x + own e^x - rival e^-x = gap``.

    Two logit vendors with prices ``p = a + mu / (1 - s)`` and a client who buys from one of them
    give ``own = rival = 1`` with ``gap`` the first one's advantage ``(a_2 - a_1) / mu`` (plus any
    utility gap over mu). The left side rises in x, so the root is unique.

    Raises
    ------
    ValueError
        If ``own`` or ``rival`` is not positive or ``gap`` not finite.
    """
    from scipy.optimize import brentq

    positive("own", own)
    positive("rival", rival)
    if not math.isfinite(gap):
        raise ValueError(f"gap must be finite, got {gap}")
    # Root without the term x; the true one lies between it and zero.
    bound = math.asinh(gap / (2 * math.sqrt(own * rival))) + math.log(rival / own) / 2
    if bound == 0:
        return 0.0

    def excess(x: float) -> float:
        return x + own * math.exp(x) - rival * math.exp(-x) - gap

    # Rounding may spoil the sign at an end only if that end is the root.
    low, high = sorted((0.0, bound))
    if excess(low) >= 0:
        return low
    if excess(high) <= 0:
        return high
    return float(brentq(excess, low, high, xtol=ABSOLUTE_TOLERANCE, rtol=RELATIVE_TOLERANCE))


def switching_cost_mpe(
    switching_cost: float, scale: float, discount: float, marginal_cost: float
) -> SwitchingCostMPE:
    """Prices when both vendors look ahead and the winner of a sale becomes the incumbent.

    The client stays with ``q = 1 / (1 + exp((p_I - p_E - s) / mu))``. With ``x = ln(q/(1-q))``
    and the value of the attachment ``D = V_I - V_E = 2 mu sinh(x)``:
    ``x + 2 sinh(x) = s / mu``, ``p_I = c - delta D + mu / (1-q)``, ``p_E = c - delta D + mu / q``,
    ``V_E = mu e^-x / (1 - delta)``, ``V_I = V_E + D``; average price ``q p_I + (1-q) p_E``.

    Parameters
    ----------
    switching_cost, scale
        s and the logit scale mu, in money.
    discount
        delta a period, 0 <= delta < 1.
    marginal_cost
        c a sale, in money.

    Raises
    ------
    ValueError
        If the scale is not positive, the discount not in [0, 1) or another number not finite.

    Notes
    -----
    Source: structure of Cabral (2016, RED 20:43-62); Dube, Hitsch & Rossi (2009, JMR 46:435-445).
    """
    mu, delta = positive("scale", scale), fraction("discount", discount, below_one=True)
    if not math.isfinite(marginal_cost):
        raise ValueError(f"marginal_cost must be finite, got {marginal_cost}")
    x = equilibrium_log_odds(switching_cost / mu)
    odds = math.exp(x)
    stay = 1 / (1 + math.exp(-x))
    attachment = 2 * mu * math.sinh(x)
    base = marginal_cost - delta * attachment
    entrant_value = mu / odds / (1 - delta)
    return SwitchingCostMPE(
        stay=stay,
        incumbent_price=base + mu * (1 + odds),
        entrant_price=base + mu * (1 + 1 / odds),
        incumbent_value=entrant_value + attachment,
        entrant_value=entrant_value,
        average_price=base + mu * (odds + 1 / odds),
    )


def small_switching_cost_slope(discount: float) -> float:
    """Slope of the average price in the switching cost at zero, ``-2 delta / 3``.

    Small switching costs lower prices if vendors look ahead at all.

    Raises
    ------
    ValueError
        If the discount is not in [0, 1).
    """
    return -2 * fraction("discount", discount, below_one=True) / 3
