"""How many clients adopt, and how token use answers to price."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats


def bass_step(cumulative: ArrayLike, p: ArrayLike, q: ArrayLike, m: ArrayLike) -> Floats:
    """Adopters after one period, ``N' = N + (p + q N/m)(m - N)``, kept within [N, m].

    Arrays broadcast; an empty market (m = 0) stays empty, adopters above m stay where they are.

    Raises
    ------
    ValueError
        If p, q, m or N is negative.
    """
    now, innovation, imitation, most = (
        np.asarray(x, dtype=np.float64) for x in (cumulative, p, q, m)
    )
    least = np.minimum(np.minimum(now, most), np.minimum(innovation, imitation))
    if (least < 0.0).any():
        raise ValueError("cumulative, p, q and m must be >= 0")
    shape = np.broadcast(now, most).shape
    known = np.divide(now, most, out=np.zeros(shape), where=most > 0.0)
    hazard = np.minimum(innovation + imitation * known, 1.0)
    return np.asarray(now + hazard * np.maximum(most - now, 0.0))
