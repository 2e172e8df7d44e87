"""The identity between growth and shares, and growth that fades."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats
from sim.numeric.portable import expm1

MONTHS_OF_YEAR, MONTHS_OF_QUARTER, QUARTERS_OF_YEAR = 12, 3, 4


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


def year_on_year(monthly: ArrayLike) -> Floats:
    """Growth ``x_t / x_{t-12} - 1`` of monthly amounts (M, ...), as (M - 12, ...).

    The first twelve months have no year before them and are left out.

    Raises
    ------
    ValueError
        If there are no more than twelve months, or an amount to compare with is not positive.
    """
    amount = np.asarray(monthly, dtype=np.float64)
    if amount.ndim == 0 or len(amount) <= MONTHS_OF_YEAR:
        raise ValueError("growth over a year needs more than twelve months")
    return _growth(amount, MONTHS_OF_YEAR)


def quarters_of_growth(monthly: ArrayLike, least: float = 1.0) -> int:
    """Longest run of quarters whose amount grew by at least ``least`` on the year.

    ``least = 1`` is triple-digit growth (100 %). Quarters are counted from the first month; a
    last one that is not full is left out.

    Parameters
    ----------
    monthly
        (M,) amounts of months, at least 15: five quarters.

    Raises
    ------
    ValueError
        If there are fewer than five quarters or an amount to compare with is not positive.
    """
    amount = np.asarray(monthly, dtype=np.float64)
    quarters = len(amount) // MONTHS_OF_QUARTER if amount.ndim == 1 else 0
    if quarters <= QUARTERS_OF_YEAR:
        raise ValueError("quarterly growth over a year needs one row of at least fifteen months")
    sums = amount[: quarters * MONTHS_OF_QUARTER].reshape(quarters, -1).sum(axis=1)
    longest = run = 0
    for grew in _growth(sums, QUARTERS_OF_YEAR) >= least:
        run = run + 1 if grew else 0
        longest = max(longest, run)
    return longest


def fading_age(slowdown: ArrayLike, months: int) -> Floats:
    """(months + 1, n) months of full growth that growth which fades has made by each month.

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


def _growth(amount: Floats, steps: int) -> Floats:
    before = amount[:-steps]
    if not (np.isfinite(amount).all() and (before > 0).all()):
        raise ValueError("amounts must be finite, those to compare with > 0")
    return np.asarray(amount[steps:] / before - 1.0)
