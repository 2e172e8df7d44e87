"""How many clients adopt, and how token use answers to price."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, everywhere
from sim.numeric.arrays import ratio


def bass_step(cumulative: ArrayLike, p: ArrayLike, q: ArrayLike, m: ArrayLike) -> Floats:
    """Adopters after one period, ``N' = N + (p + q N/m)(m - N)``, kept within [N, m].

    Arrays broadcast; an empty market (m = 0) stays empty, adopters above m stay where they are.

    Raises
    ------
    ValueError
        If p, q, m or N is negative.
    """
    now, most = np.asarray(cumulative, np.float64), np.asarray(m, np.float64)
    innovation, imitation = np.asarray(p, np.float64), np.asarray(q, np.float64)
    least = np.minimum(np.minimum(now, most), np.minimum(innovation, imitation))
    if not everywhere(least >= 0.0):
        raise ValueError("cumulative, p, q and m must be >= 0")
    hazard = np.minimum(innovation + imitation * ratio(now, most), 1.0)
    return np.asarray(now + hazard * np.maximum(most - now, 0.0))
