"""A full house costs more: opportunity cost of serving near capacity."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, positive
from sim.numeric.portable import power


def scarcity_factor(utilisation: ArrayLike, threshold: float, exponent: float) -> Floats:
    """Factor ``max(1, (u / threshold)^exponent)`` on accounting cost.

    Parameters
    ----------
    utilisation
        Load over capacity, any shape, >= 0; may exceed 1.
    threshold
        Utilisation from which a unit costs more, > 0.
    exponent
        Steepness; the smooth congestion form of the Bureau of Public Roads (1964).

    Raises
    ------
    ValueError
        If a utilisation is negative or the threshold is not positive.
    """
    load = np.asarray(utilisation, dtype=np.float64)
    if load.size and np.minimum.reduce(load, axis=None) < 0:
        raise ValueError("utilisation must be >= 0")
    return np.maximum(1.0, power(load / positive("threshold", threshold), exponent))


def served_fraction(load: ArrayLike, capacity: ArrayLike) -> Floats:
    """Pro-rata rationing ``min(1, capacity / load)``; 1 where nothing is asked for."""
    asked = np.asarray(load, dtype=np.float64)
    there = np.asarray(capacity, dtype=np.float64)
    out = np.ones(np.broadcast(asked, there).shape)
    np.divide(there, asked, out=out, where=asked > there)
    return np.maximum(out, 0.0)
