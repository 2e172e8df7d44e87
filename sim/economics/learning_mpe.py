"""Markov perfect prices of a duopoly that learns by doing."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive, vector
from sim.economics.dynamic_pricing import equilibrium_log_odds


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
