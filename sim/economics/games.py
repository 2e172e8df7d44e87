"""Nash equilibria, regrets and values of two-player matrix games."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats

TOLERANCE = 1e-9  # probabilities below and payoff gaps (relative to their range) within count as 0


class NashEquilibrium(NamedTuple):
    """Mixed strategies of the row (m,) and column (n,) player and both expected payoffs."""

    row: Floats
    col: Floats
    payoffs: tuple[float, float]


def nash_equilibria(row_payoffs: ArrayLike, col_payoffs: ArrayLike) -> list[NashEquilibrium]:
    """All equilibria with supports of equal size, which is all of them if none is degenerate.

    For every pair of supports the rival's mix makes the player indifferent over his own:
    ``A_S y = v 1``, ``1'y = 1``; kept if both mixes are positive on their supports and no action
    outside pays more. Pure equilibria come first. The number of pairs is ``C(m+n, n) - 1``:
    games beyond about 9 x 9 are slow.

    Parameters
    ----------
    row_payoffs, col_payoffs
        (m, n) payoffs of the two players.

    Raises
    ------
    ValueError
        If the payoffs are no finite matrices of one shape.

    Notes
    -----
    Source: Nash (1950, PNAS 36:48-49); support enumeration as in Nisan, Roughgarden, Tardos &
    Vazirani (2007, Algorithmic Game Theory), section 3.2.
    """
    a, b = _payoffs(row_payoffs, col_payoffs)
    scaled_a, scaled_b = _unit_range(a), _unit_range(b)
    found = []
    for rows, cols in _support_pairs(*a.shape):
        y = _indifferent_mix(scaled_a, rows, cols)
        x = None if y is None else _indifferent_mix(scaled_b.T, cols, rows)
        if x is None or y is None:
            continue
        pays_row, pays_col = scaled_a @ y, x @ scaled_b
        if (
            pays_row.max() <= pays_row[rows].min() + TOLERANCE
            and pays_col.max() <= pays_col[cols].min() + TOLERANCE
        ):
            found.append(NashEquilibrium(x, y, (float(x @ a @ y), float(x @ b @ y))))
    return found


def regrets(
    row_payoffs: ArrayLike, col_payoffs: ArrayLike, row: ArrayLike, col: ArrayLike
) -> tuple[float, float]:
    """Each player's gain from the best action against the other's mix; (0, 0) in equilibrium.

    ``max_i (A y)_i - x'A y`` and ``max_j (x'B)_j - x'B y``, in the units of the payoffs.

    Raises
    ------
    ValueError
        If shapes disagree or a mix is no probability vector.
    """
    a, b = _payoffs(row_payoffs, col_payoffs)
    x, y = _mix("row", row, a.shape[0]), _mix("col", col, a.shape[1])
    against_col, against_row = a @ y, x @ b
    return (
        float(against_col.max() - x @ against_col),
        float(against_row.max() - against_row @ y),
    )


def _payoffs(row_payoffs: ArrayLike, col_payoffs: ArrayLike) -> tuple[Floats, Floats]:
    a = np.asarray(row_payoffs, dtype=np.float64)
    b = np.asarray(col_payoffs, dtype=np.float64)
    if a.ndim != 2 or a.size == 0 or a.shape != b.shape:
        raise ValueError(f"payoffs must be two matrices of one shape, got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("payoffs must be finite")
    return a, b


def _mix(name: str, values: ArrayLike, size: int) -> Floats:
    mix = np.asarray(values, dtype=np.float64)
    if mix.shape != (size,) or not (mix >= 0).all() or abs(mix.sum() - 1) > TOLERANCE:
        raise ValueError(f"{name} must be {size} probabilities that add to one")
    return mix


def _unit_range(payoffs: Floats) -> Floats:
    low, high = payoffs.min(), payoffs.max()
    return np.asarray((payoffs - low) / (high - low if high > low else 1.0))


def _support_pairs(m: int, n: int) -> Iterator[tuple[list[int], list[int]]]:
    for size in range(1, min(m, n) + 1):
        for rows in combinations(range(m), size):
            for cols in combinations(range(n), size):
                yield list(rows), list(cols)


def _indifferent_mix(payoffs: Floats, own: list[int], rival: list[int]) -> Floats | None:
    """Rival's mix over ``rival`` that equalises the payoffs of ``own``; None if there is none."""
    size = len(own)
    system = np.zeros((size + 1, size + 1))
    system[:size, :size] = payoffs[np.ix_(own, rival)]
    system[:size, size] = -1.0
    system[size, :size] = 1.0
    try:
        inside = np.linalg.solve(system, np.append(np.zeros(size), 1.0))[:size]
    except np.linalg.LinAlgError:
        return None
    if not (inside > TOLERANCE).all() or np.linalg.matrix_rank(system) <= size:
        return None
    mix = np.zeros(payoffs.shape[1])
    mix[rival] = inside / inside.sum()
    return mix
