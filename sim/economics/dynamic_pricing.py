"""Forward-looking prices of a duopoly: switching costs and learning by doing."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive, vector

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


class LearningMPE(NamedTuple):
    """Symmetric equilibrium, from the side of vendor 1, over experience levels 1..M.

    Entry ``[i, j]`` holds the state in which vendor 1 has level ``i + 1`` and vendor 2 level
    ``j + 1``; vendor 2 has the transposed entries. ``prices`` and ``values`` (M, M) are in the
    money of the costs, ``win_probability`` (M, M) is vendor 1's chance of the period's sale.
    """

    prices: Floats
    win_probability: Floats
    values: Floats


def learning_by_doing_mpe(cost: ArrayLike, scale: float, discount: float) -> LearningMPE:
    """Prices when each sale moves the winner one step down its cost curve.

    One client buys a unit a period from vendor 1 with ``q = 1 / (1 + exp((p_1 - p_2) / sigma))``;
    the winner's level rises by one up to M and never falls. With the continuation values W of
    winning and losing, ``a = c - beta (W_win - W_lose)``,

    ``p_1 = a_1 + sigma / (1-q)``, ``x + e^x - e^-x = (a_2 - a_1) / sigma``, ``x = ln(q/(1-q))``,
    ``V_1 = beta W_1lose + sigma e^x``,

    solved backwards from (M, M). Where the leader is at level M and wins, the state stays: its
    own value on the right side turns the equation into
    ``x + (1-beta) e^x - e^-x / (1-beta) = const``, whose root is unique as well.

    Parameters
    ----------
    cost
        (M,) unit cost at experience levels 1..M, in money.
    scale
        Logit scale sigma, in money.
    discount
        beta a period, 0 <= beta < 1.

    Raises
    ------
    ValueError
        If the costs are no finite vector, the scale is not positive or the discount not in [0, 1).

    Notes
    -----
    Source: Besanko, Doraszelski, Kryukov & Satterthwaite (2010, Econometrica 78:453-508) without
    forgetting; Cabral & Riordan (1994, Econometrica 62:1115-1140).
    """
    c = vector("cost", cost)
    sigma, beta = positive("scale", scale), fraction("discount", discount, below_one=True)
    prices, chance, values = (np.empty((c.size, c.size)) for _ in range(3))
    for i in reversed(range(c.size)):
        for j in reversed(range(i + 1)):
            x, base = _solve_state(c, sigma, beta, values, i, j)
            for mine, other, odds, net in ((i, j, x, base[0]), (j, i, -x, base[1])):
                prices[mine, other] = net + sigma * (1 + math.exp(odds))
                chance[mine, other] = 1 / (1 + math.exp(-odds))
    return LearningMPE(prices, chance, values)


def expected_concentration(win_probability: ArrayLike, periods: int) -> Floats:
    """Expected HHI of the period's sale, ``E[q^2 + (1-q)^2]``, from both vendors at level 1.

    Entry ``t`` (periods + 1,) is the expectation after ``t`` sales, entry 0 that of the start.

    Parameters
    ----------
    win_probability
        (M, M) vendor 1's chance of a sale by experience levels, as in `LearningMPE`.

    Raises
    ------
    ValueError
        If the chances are no square matrix in [0, 1] or ``periods`` is negative.

    Notes
    -----
    Source: Besanko, Doraszelski, Kryukov & Satterthwaite (2010, Econometrica 78:453-508).
    """
    q = np.asarray(win_probability, dtype=np.float64)
    if q.ndim != 2 or q.shape[0] != q.shape[1] or not ((q >= 0) & (q <= 1)).all():
        raise ValueError(f"win_probability must be square and in [0, 1], got shape {q.shape}")
    if periods < 0:
        raise ValueError(f"periods must be >= 0, got {periods}")
    hhi = q**2 + (1 - q) ** 2
    state = np.zeros_like(q)
    state[0, 0] = 1.0
    path = np.empty(periods + 1)
    for t in range(periods + 1):
        path[t] = (state * hhi).sum()
        first, second = state * q, state * (1 - q)
        state = np.zeros_like(q)
        state[1:] += first[:-1]
        state[-1] += first[-1]
        state[:, 1:] += second[:, :-1]
        state[:, -1] += second[:, -1]
    return path


def _solve_state(
    cost: Floats, sigma: float, beta: float, values: Floats, i: int, j: int
) -> tuple[float, tuple[float, float]]:
    """Log odds of vendor 1 (level i >= j) and both net costs a; writes the two values."""
    top = cost.size - 1
    if j == top:
        values[i, j] = sigma / (1 - beta)
        return 0.0, (float(cost[i]), float(cost[j]))
    lose_1, win_2 = float(values[i, j + 1]), float(values[j + 1, i])
    if i < top:
        base_1 = float(cost[i]) - beta * (float(values[i + 1, j]) - lose_1)
        base_2 = float(cost[j]) - beta * (win_2 - float(values[j, i + 1]))
        x = equilibrium_log_odds((base_2 - base_1) / sigma)
        values[i, j] = beta * lose_1 + sigma * math.exp(x)
        values[j, i] = beta * float(values[j, i + 1]) + sigma * math.exp(-x)
        return x, (base_1, base_2)
    rest = float(cost[j] - cost[i]) - beta * win_2 - beta * (1 - beta) * lose_1
    x = equilibrium_log_odds(rest / sigma, 1 - beta, 1 / (1 - beta))
    values[i, j] = beta * lose_1 + sigma * math.exp(x)
    values[j, i] = sigma * math.exp(-x) / (1 - beta)
    base_1 = float(cost[i]) - beta * (float(values[i, j]) - lose_1)
    base_2 = float(cost[j]) - beta * (win_2 - float(values[j, i]))
    return x, (base_1, base_2)
