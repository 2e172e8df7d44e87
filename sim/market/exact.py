"""Sums inside kernels that depend on no order: the same bits as `math.fsum`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.market.compiled import kernel

ROOM = 64  # parts that a sum of doubles can need: 2098 bits of range by 53 of precision, and spare


def exact_sums(rows: npt.NDArray[np.float64]) -> list[float]:
    """Sum of each row, rounded once: what `math.fsum` gives."""
    out = np.empty(len(rows))
    add_rows(rows, np.empty(ROOM), out)
    sums: list[float] = out.tolist()
    return sums


@kernel
def add_rows(rows, parts, out):  # type: ignore[no-untyped-def]
    """Sums of rows into `out`; `parts` is room for `ROOM` numbers.

    Parts that do not overlap are kept, the largest last: Shewchuk (1997, Discrete & Computational
    Geometry 18:305-363), as in CPython. Halves go to the even neighbour.
    """
    for row in range(len(rows)):
        n = 0
        for i in range(rows.shape[1]):
            x, kept = rows[row, i], 0
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
        out[row] = high
