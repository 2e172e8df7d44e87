"""Extreme equilibria of integer games in exact arithmetic, against those that are computed.

`python -m tests.theory.exact_games 2000` draws games of up to 6 x 6 actions, a third of them
zero-sum, many with ties, and prints each in which an equilibrium is missed or invented.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np
import numpy.typing as npt

from sim.economics.games import nash_equilibria

Mix = tuple[Fraction, ...]
Table = Sequence[Sequence[Fraction]]
RANGES = (1, 2, 5, 20)  # of payoffs; small ones make ties
CLOSE = 1e-9


def solution(system: list[list[Fraction]]) -> list[Fraction] | None:
    """Of square equations, right-hand side last; None if they are singular."""
    size = len(system)
    for column in range(size):
        pivot = next((r for r in range(column, size) if system[r][column]), None)
        if pivot is None:
            return None
        system[column], system[pivot] = system[pivot], system[column]
        head = system[column][column]
        system[column] = [value / head for value in system[column]]
        for row in range(size):
            factor = system[row][column]
            if row != column and factor:
                pairs = zip(system[row], system[column], strict=True)
                system[row] = [value - factor * other for value, other in pairs]
    return [row[size] for row in system]


def vertices(table: Table) -> dict[Mix, tuple[set[int], set[int]]]:
    """Of {z >= 0: Cz <= 1} but the origin, as probabilities: places that are 0, rows tight."""
    many, size = len(table), len(table[0])
    found = {}
    for count in range(1, min(many, size) + 1):
        for tight in combinations(range(many), count):
            for free in combinations(range(size), count):
                values = solution([[*(table[i][j] for j in free), Fraction(1)] for i in tight])
                if values is None or min(values) <= 0:
                    continue
                z = [Fraction(0)] * size
                for place, value in zip(free, values, strict=True):
                    z[place] = value
                sums = [sum(c * v for c, v in zip(row, z, strict=True)) for row in table]
                if max(sums) <= 1:
                    zeros = {j for j in range(size) if not z[j]}
                    ones = {i for i in range(many) if sums[i] == 1}
                    found[tuple(v / sum(z) for v in z)] = (zeros, ones)
    return found


def extreme_equilibria(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> set[Mix]:
    """Mixes of both players, one after the other."""
    m, n = a.shape
    positive = [[[Fraction(int(v - p.min() + 1)) for v in row] for row in p] for p in (a, b.T)]
    rows, columns = vertices(positive[1]), vertices(positive[0])
    return {
        x + y
        for x, (unplayed, replies) in rows.items()
        for y, (others, best) in columns.items()
        if len(unplayed | best) == m and len(others | replies) == n
    }


def wrong(games: int, largest: int, seed: int) -> list[tuple[int, int, object, object]]:
    """Games whose computed equilibria are not the exact ones: counts of both, payoffs."""
    draws = np.random.default_rng(seed)
    found = []
    for number in range(games):
        shape, span = tuple(draws.integers(1, largest + 1, 2)), int(draws.choice(RANGES))
        a = draws.integers(-span, span + 1, shape)
        b = draws.integers(-span, span + 1, shape) if number % 3 else -a
        exact = np.array([[float(v) for v in mix] for mix in extreme_equilibria(a, b)])
        computed = np.array([[*one.row, *one.col] for one in nash_equilibria(a, b)])
        far = np.abs(exact[:, None] - computed[None]).max(axis=2)
        if len(exact) != len(computed) or far.min(axis=1).max() > CLOSE:
            found.append((len(exact), len(computed), a.tolist(), b.tolist()))
    return found


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    misses = wrong(count, largest=6, seed=20_261_128)
    for miss in misses:
        print(*miss)
    print(f"{count} games, {len(misses)} with equilibria missed or invented")
    sys.exit(bool(misses))
