"""Concentration, growth and published figures of a market."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats
from sim.numeric.arrays import ratio
from sim.numeric.portable import expm1

ROUNDING = 1e-9


def market_shares(volumes: ArrayLike) -> Floats:
    """Shares ``x / sum x`` along the last axis, any shape; all 0 where nothing is sold."""
    amount = np.asarray(volumes, dtype=np.float64)
    return ratio(amount, np.add.reduce(amount, axis=-1, keepdims=True))


def hhi(shares: ArrayLike) -> Floats:
    """Herfindahl-Hirschman index ``sum s^2`` in fractions, along the last axis.

    What shares leave open is atomistic.

    Raises
    ------
    ValueError
        If a share is negative or they sum to more than one.

    Source: Hirschman (1964, AER 54:761-762).
    """
    array = np.asarray(shares, dtype=np.float64)
    whole = np.add.reduce(array, axis=-1)
    if not (array.size and array.min() >= 0 and whole.max() <= 1 + ROUNDING):
        raise ValueError("shares must be >= 0 and sum to at most 1")
    return np.asarray(np.add.reduce(array * array, axis=-1))


MONTHS_OF_YEAR, MONTHS_OF_QUARTER, QUARTERS_OF_YEAR = 12, 3, 4


def fading_age(slowdown: ArrayLike, months: int) -> Floats:
    """(months + 1, n) age of fading growth: the months of full growth that it equals by each month.

    ``(1 - e^(-s t)) / s``, and t where s = 0: the log of a volume grows by ``growth x age`` if its
    rate falls by the part ``slowdown`` s (n,) a month (Gompertz curve).

    Raises
    ------
    ValueError
        If a slowdown is negative or not finite.

    Source: Winsor (1932, PNAS 18:1-8).
    """
    fades, time = np.atleast_1d(np.asarray(slowdown, dtype=np.float64)), np.arange(months + 1.0)
    if not ((fades >= 0.0) & (fades < np.inf)).all():
        raise ValueError(f"a slowdown must be finite and not negative: {fades.tolist()}")
    fading = fades > 0.0
    some = np.where(fading, fades, 1.0)
    return np.where(fading, -expm1(-some * time[:, None]) / some, time[:, None])
