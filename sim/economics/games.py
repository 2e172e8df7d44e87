"""Nash equilibria of two-player matrix games."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Bools, Floats

TOLERANCE = 1e-9  # probabilities below and payoff gaps (relative to their range) within count as 0
SINGULAR = 1e-11  # smallest over largest singular value of a system without a solution of its own
MOST_BASES = 200_000


class NashEquilibrium(NamedTuple):
    """Mixed strategies of the row (m,) and column (n,) player and both expected payoffs."""

    row: Floats
    col: Floats
    payoffs: tuple[float, float]


def bases(rows: int, columns: int) -> int:
    """Systems of equations that `nash_equilibria` solves for either player: ``C(m+n, n)``."""
    return comb(rows + columns, columns)


def nash_equilibria(row_payoffs: ArrayLike, col_payoffs: ArrayLike) -> list[NashEquilibrium]:
    """All extreme equilibria, of degenerate games too; every equilibrium is a mean of such.

    With payoffs scaled to positive A and B, the best-response polytopes are
    ``P = {x >= 0: B'x <= 1}`` and ``Q = {y >= 0: Ay <= 1}``. A point of P has the label of each row
    it does not play and of each column that is a best reply to it, a point of Q the other way
    round. Pairs of vertices that carry all m + n labels, scaled to probabilities, are the extreme
    equilibria. A vertex is known by its labels, so that one that several bases describe counts
    once. Pure equilibria come first.

    Parameters
    ----------
    row_payoffs, col_payoffs
        (m, n) payoffs of the two players.

    Raises
    ------
    ValueError
        If the payoffs are no finite matrices of one shape, or `bases` exceeds 200,000 (10 x 10
        actions are the largest square game).

    Notes
    -----
    Source: Nash (1950, PNAS 36:48-49); Winkels (1979), An algorithm to determine all equilibrium
    points of a bimatrix game; Avis, Rosenberg, Savani & von Stengel (2010, Economic Theory
    42:9-37).
    """
    a, b = _payoffs(row_payoffs, col_payoffs)
    if bases(*a.shape) > MOST_BASES:
        raise ValueError(f"{a.shape[0]} x {a.shape[1]} actions are too many to enumerate")
    xs, unplayed_rows, best_cols = _vertices(_positive(b).T)
    ys, unplayed_cols, best_rows = _vertices(_positive(a))
    # A pair misses a label where a row or column is played and is no best reply.
    missing = (~unplayed_rows).astype(np.int16) @ (~best_rows).T.astype(np.int16)
    missing += (~best_cols).astype(np.int16) @ (~unplayed_cols).T.astype(np.int16)
    found = []
    for i, j in np.argwhere(missing == 0):
        x, y = xs[i] / xs[i].sum(), ys[j] / ys[j].sum()
        found.append(NashEquilibrium(x, y, (float(x @ a @ y), float(x @ b @ y))))
    return sorted(found, key=lambda one: -(one.row.max() + one.col.max()))


def _payoffs(row_payoffs: ArrayLike, col_payoffs: ArrayLike) -> tuple[Floats, Floats]:
    a = np.asarray(row_payoffs, dtype=np.float64)
    b = np.asarray(col_payoffs, dtype=np.float64)
    if a.ndim != 2 or a.size == 0 or a.shape != b.shape:
        raise ValueError(f"payoffs must be two matrices of one shape, got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("payoffs must be finite")
    return a, b


def _positive(payoffs: Floats) -> Floats:
    low, high = payoffs.min(), payoffs.max()
    return np.asarray(1.0 + (payoffs - low) / (high - low if high > low else 1.0))


def _vertices(c: Floats) -> tuple[Floats, Bools, Bools]:
    """Vertices (k, d) of ``{z >= 0: Cz <= 1}`` but the origin, C (e, d) positive.

    With them which of their coordinates are 0, (k, d), and which of the inequalities of C are
    tight, (k, e).
    """
    many, size = c.shape
    points = []
    for count in range(1, min(many, size) + 1):
        tight = np.array(list(combinations(range(many), count)))
        free = np.array(list(combinations(range(size), count)))
        system = c[tight[:, None, :, None], free[None, :, None, :]].reshape(-1, count, count)
        spread = np.linalg.svd(system, compute_uv=False)
        regular = np.flatnonzero(spread[:, -1] > SINGULAR * spread[:, 0])
        values = np.linalg.solve(system[regular], np.ones((count, 1)))[..., 0]
        inside = (values > TOLERANCE).all(axis=1)
        z = np.zeros((int(inside.sum()), size))
        np.put_along_axis(z, free[regular[inside] % len(free)], values[inside], axis=1)
        points.append(z[(z @ c.T <= 1.0 + TOLERANCE).all(axis=1)])
    found = np.concatenate(points)
    labels = np.concatenate([found == 0.0, found @ c.T >= 1.0 - TOLERANCE], axis=1)
    labels, first = np.unique(labels, axis=0, return_index=True)
    return found[first], labels[:, :size], labels[:, size:]
