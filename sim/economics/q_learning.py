"""Pricing algorithms that learn by Q-learning."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, Ints, fraction
from sim.numeric.arrays import Cube, Vector
from sim.numeric.jit import inline, kernel


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


@inline
def updated_value(
    value: float, reward: float, best_next: float, learning_rate: float, discount: float
) -> float:
    """Value after one experience, ``(1 - a) Q + a (reward + delta max Q')``, in money.

    Compiled into the training loop; Python may call it too.

    Source: Watkins & Dayan (1992, Machine Learning 8:279-292).
    """
    return (1.0 - learning_rate) * value + learning_rate * (reward + discount * best_next)


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


CYCLES = 64  # rounds through all states over which greedy play is averaged


class Trained(NamedTuple):
    """What two learners know after their training.

    ``actions`` (2, A x A): greedy action of each learner by last period's actions, state
    ``a_0 A + a_1``; ``profits`` (2,) of greedy play from the last state on, a period; ``settled``:
    the last period in which a greedy action changed.
    """

    actions: Ints
    profits: Floats
    settled: int


def train_duopoly(
    profits: ArrayLike,
    steps: int,
    rng: np.random.Generator,
    *,
    discount: float,
    learning_rate: float,
    exploration_decay: float,
) -> Trained:
    """Let two Q-learners with one period's memory set prices against each other.

    Both act at once; with chance ``exp(-beta t)`` at random, else greedily on
    ``Q <- (1-a) Q + a (profit + delta max Q')``. Q starts at the value of each action against a
    rival who acts at random (:func:`sim.economics.q_learning.initial_values`).

    Parameters
    ----------
    profits : (2, A, A) float
        Profit of each learner by the actions of the first (rows) and the second (columns).
    steps : int
        Periods.
    discount, learning_rate, exploration_decay
        delta in [0, 1), a in [0, 1], beta >= 0 a period.

    Raises
    ------
    ValueError
        For another shape, no step, or settings out of range.

    Notes
    -----
    Source: Calvano, Calzolari, Denicolo & Pastorello (2020, AER 110:3267-3297).
    """
    table = np.ascontiguousarray(profits, dtype=np.float64)
    if table.ndim != 3 or table.shape[0] != 2 or table.shape[1] != table.shape[2]:
        raise ValueError(f"profits must have shape (2, A, A), got {table.shape}")
    if steps < 1 or not exploration_decay >= 0 or not np.isfinite(table).all():
        raise ValueError("need finite profits, steps >= 1 and exploration_decay >= 0")
    delta = fraction("discount", discount, below_one=True)
    rate = fraction("learning_rate", learning_rate)
    size = table.shape[1]
    values = np.empty((2, size * size, size))
    values[0] = initial_values(table[0], delta)
    values[1] = initial_values(table[1].T, delta)
    keep = exploration_rate(exploration_decay, 1.0)
    state, settled = _learn(values, table, steps, rng, delta, rate, keep)
    actions = values.argmax(axis=2)
    return Trained(actions, _greedy_profits(actions, table, int(state)), int(settled))


def _greedy_profits(actions: Ints, profits: Floats, state: int) -> Floats:
    """(2,) mean profit of greedy play; the walk is in its cycle after one visit to all states."""
    size, states = profits.shape[1], actions.shape[1]
    total = np.zeros(2)
    for period in range((CYCLES + 1) * states):
        first, second = actions[0, state], actions[1, state]
        if period >= states:
            total += profits[:, first, second]
        state = int(first * size + second)
    return np.asarray(total / (CYCLES * states))


@kernel
def _best(row: Vector[np.float64]) -> int:
    """First action of the highest value."""
    best = 0
    for action in range(1, row.shape[0]):
        if row[action] > row[best]:
            best = action
    return best


@kernel
def _learn(
    values: Cube[np.float64],
    profits: Cube[np.float64],
    steps: int,
    rng: np.random.Generator,
    discount: float,
    rate: float,
    keep: float,
) -> tuple[int, int]:
    """Write the learned values; returns the last state and the last change of a greedy action."""
    size = profits.shape[1]
    chosen = np.zeros(2, np.int64)
    state = np.int64(rng.random() * size) * size + np.int64(rng.random() * size)
    explore, settled = 1.0, 0
    for step in range(steps):
        for player in range(2):
            if rng.random() < explore:
                chosen[player] = np.int64(rng.random() * size)
            else:
                chosen[player] = _best(values[player, state])
        following = chosen[0] * size + chosen[1]
        for player in range(2):
            row = values[player, state]
            before = _best(row)
            ahead = values[player, following]
            reward, now = profits[player, chosen[0], chosen[1]], row[chosen[player]]
            best_next = ahead[_best(ahead)]
            row[chosen[player]] = updated_value(now, reward, best_next, rate, discount)
            if _best(row) != before:
                settled = step
        state = following
        explore *= keep
    return state, settled
