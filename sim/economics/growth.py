"""The identity between growth and shares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats


class GrowthShares(NamedTuple):
    """Shares (V, M) and monthly log growth (V, M-1), of vendors, the market and the shares."""

    shares: Floats
    log_growth: Floats
    market_log_growth: Floats
    share_log_change: Floats


def growth_and_shares(volumes: ArrayLike) -> GrowthShares:
    """Shares and log growth of ``volumes`` (V, M) > 0, vendor by month.

    Identity: ``g_v - g_market = d ln s_v``; so "growth converges to the market's" and "the log
    share is flat" are one test.

    Raises
    ------
    ValueError
        If the array is not (V, M) with positive finite entries.
    """
    amount = np.asarray(volumes, dtype=np.float64)
    if amount.ndim != 2 or amount.size == 0 or not (np.isfinite(amount) & (amount > 0)).all():
        raise ValueError("volumes must be (vendors, months), finite and > 0")
    market = amount.sum(axis=0)
    own, total = np.diff(np.log(amount), axis=1), np.diff(np.log(market))
    return GrowthShares(amount / market, own, total, own - total)


def share_ratio_log_change(volumes: ArrayLike, first: int, second: int) -> Floats:
    """Log change (M-1,) of the share ratio of two vendors, ``g_first - g_second``."""
    growth = growth_and_shares(volumes).log_growth
    if not (0 <= first < len(growth) and 0 <= second < len(growth)):
        raise ValueError(f"vendors must lie below {len(growth)}, got {first}, {second}")
    return np.asarray(growth[first] - growth[second])
