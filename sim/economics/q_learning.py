"""Quantities of pricing algorithms that learn by Q-learning."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive


def price_grid(nash: float, monopoly: float, points: int, margin: float) -> Floats:
    """Prices (points,) at equal steps around the Nash and the joint-monopoly price.

    From ``p^N - xi (p^M - p^N)`` to ``p^M + xi (p^M - p^N)``, in the units of the two prices.

    Raises
    ------
    ValueError
        If there are fewer than two points, ``margin`` is negative or monopoly <= nash.

    Notes
    -----
    Source: Calvano, Calzolari, Denicolo & Pastorello (2020, AER 110:3267-3297).
    """
    if points < 2 or not margin >= 0 or not monopoly > nash:
        raise ValueError("a price grid needs >= 2 points, a margin >= 0 and monopoly > nash")
    reach = margin * (monopoly - nash)
    return np.linspace(nash - reach, monopoly + reach, points)


def initial_values(profits: ArrayLike, discount: float) -> Floats:
    """Value (A,) of each action against a rival who draws his action at random, for ever.

    ``Q_0(a) = mean_r profit(a, r) / (1 - delta)``, the same in every state.

    Parameters
    ----------
    profits
        (A, R) profit of a period by own and rival action, in money.
    discount
        delta, 0 <= delta < 1.

    Raises
    ------
    ValueError
        If the profits are no matrix or the discount lies outside [0, 1).

    Notes
    -----
    Source: Calvano et al. (2020, AER 110:3267-3297), equation 8.
    """
    table = np.asarray(profits, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"profits must be a matrix, got shape {table.shape}")
    rest = 1 - fraction("discount", discount, below_one=True)
    return np.asarray(table.mean(axis=1) / rest)


def updated_value(
    value: float, reward: float, best_next: float, learning_rate: float, discount: float
) -> float:
    """Value after one experience, ``(1 - a) Q + a (reward + delta max Q')``, in money.

    Raises
    ------
    ValueError
        If the learning rate lies outside [0, 1] or the discount outside [0, 1).

    Notes
    -----
    Source: Watkins & Dayan (1992, Machine Learning 8:279-292).
    """
    rate = fraction("learning_rate", learning_rate)
    delta = fraction("discount", discount, below_one=True)
    return (1 - rate) * value + rate * (reward + delta * best_next)


def profit_gain(profit: float, nash: float, monopoly: float) -> float:
    """Collusion index ``(pi - pi^N) / (pi^M - pi^N)``: 0 at Nash, 1 at joint monopoly.

    Raises
    ------
    ValueError
        If the monopoly profit does not exceed the Nash profit.

    Notes
    -----
    Source: Calvano et al. (2020, AER 110:3267-3297), equation 9.
    """
    if not monopoly > nash:
        raise ValueError(f"monopoly profit {monopoly} must exceed Nash profit {nash}")
    return (profit - nash) / (monopoly - nash)


def exploration_rate(decay: float, period: float) -> float:
    """Chance of a random action in a period, ``exp(-beta t)``.

    Raises
    ------
    ValueError
        If decay or period is negative.
    """
    if not (decay >= 0 and period >= 0):
        raise ValueError(f"decay and period must be >= 0, got {decay} and {period}")
    return float(np.exp(-decay * period))


def exploration_half_life(decay: float) -> float:
    """Periods until half of the actions are random, ``ln 2 / beta``, decay beta > 0."""
    return float(np.log(2) / positive("decay", decay))
