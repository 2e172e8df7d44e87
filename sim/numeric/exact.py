"""Sums inside kernels: the bits of `math.fsum`, whatever the order, and those of `numpy.sum`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.numeric.arrays import Matrix, Vector
from sim.numeric.compiled import inlined, kernel, step

ROOM = 64  # parts that a sum of doubles can need: 2098 bits of range by 53 of precision, and spare
LANES = 8


def exact_sums(rows: npt.NDArray[np.float64]) -> list[float]:
    """Sum of each row, rounded once: what `math.fsum` gives."""
    out = np.empty(len(rows))
    add_rows(rows, np.empty(ROOM), out)
    sums: list[float] = out.tolist()
    return sums


@step
def exact_sum(row, parts):  # type: ignore[no-untyped-def]
    """Sum of a row, rounded once; `parts` is room for `ROOM` numbers.

    Parts that do not overlap are kept, the largest last: Shewchuk (1997, Discrete & Computational
    Geometry 18:305-363), as in CPython. Halves go to the even neighbour.
    """
    n = 0
    for i in range(len(row)):
        x, kept = row[i], 0
        for p in range(n):
            y = parts[p]
            if abs(x) < abs(y):
                x, y = y, x
            high = x + y
            low = y - (high - x)
            if low != 0.0:
                parts[kept] = low
                kept += 1
            x = high
        parts[kept] = x
        n = kept + 1
    high, low = 0.0, 0.0
    while n > 0 and low == 0.0:
        n -= 1
        x = high
        high = x + parts[n]
        low = parts[n] - (high - x)
    if n > 0 and (low > 0.0) == (parts[n - 1] > 0.0):
        x = high + low * 2.0
        if low * 2.0 == x - high:
            high = x
    return high


@kernel
def add_rows(rows: Matrix[np.float64], parts: Vector[np.float64], out: Vector[np.float64]) -> None:
    """Sums of rows into `out`, each by `exact_sum`."""
    for row in range(len(rows)):
        out[row] = exact_sum(rows[row], parts)


@inlined
def plain_sum(row):  # type: ignore[no-untyped-def]
    """Sum of a row as NumPy adds up to 128 numbers: in eight lanes from eight on."""
    lanes = len(row) // LANES * LANES
    total = 0.0
    if lanes:
        a, b, c, d, e, f, g, h = row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]
        for i in range(LANES, lanes, LANES):
            a, b, c, d = a + row[i], b + row[i + 1], c + row[i + 2], d + row[i + 3]
            e, f, g, h = e + row[i + 4], f + row[i + 5], g + row[i + 6], h + row[i + 7]
        total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(lanes, len(row)):
        total += row[i]
    return total
