"""Concentration, growth and published figures of a market."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, positive, vector
from sim.numeric.portable import expm1

POINTS = 10_000  # HHI points per unit of the index in fractions
ROUNDING = 1e-9


def market_shares(volumes: ArrayLike) -> Floats:
    """Shares ``x / sum x`` along the last axis, any shape; all 0 where nothing is sold."""
    amount = np.asarray(volumes, dtype=np.float64)
    whole = np.add.reduce(amount, axis=-1, keepdims=True)
    return np.divide(amount, whole, out=np.zeros(amount.shape), where=whole > 0.0)


def hhi(shares: ArrayLike) -> float:
    """Herfindahl-Hirschman index ``sum s^2`` in fractions; what shares leave open is atomistic.

    Raises
    ------
    ValueError
        If a share is negative or they sum to more than one.

    Source: Hirschman (1964, AER 54:761-762).
    """
    array = _shares(shares)
    return float(np.add.reduce(array * array))


def hhi_points(shares: ArrayLike) -> float:
    """HHI in points, 0 to 10,000 (US Merger Guidelines 2023: 1,000 and 1,800 are thresholds)."""
    return hhi(shares) * POINTS


def effective_number(shares: ArrayLike) -> float:
    """Number of equal vendors with the same index, ``1 / HHI``."""
    index = hhi(shares)
    if index == 0:
        raise ValueError("the effective number needs a share above zero")
    return 1 / index


def concentration_ratio(shares: ArrayLike, largest: int) -> float:
    """Joint share CRn of the ``largest`` n vendors."""
    if largest < 1:
        raise ValueError(f"largest must be >= 1, got {largest}")
    return float(np.sort(_shares(shares))[::-1][:largest].sum())


def merged(shares: ArrayLike, first: int, second: int) -> Floats:
    """Shares (J-1,) after vendor ``second`` joins ``first``, at unchanged totals."""
    array = _shares(shares)
    if first == second or not (0 <= first < array.size and 0 <= second < array.size):
        raise ValueError(f"need two different vendors below {array.size}, got {first}, {second}")
    joint = array.copy()
    joint[first] += joint[second]
    return np.delete(joint, second)


def merger_delta_hhi(shares: ArrayLike, first: int, second: int) -> float:
    """Rise of the index by a merger, ``2 s_a s_b``, in fractions."""
    return hhi(merged(shares, first, second)) - hhi(shares)


def entropy(shares: ArrayLike) -> float:
    """Shannon entropy ``-sum s ln s`` of the named vendors, nats."""
    array = _shares(shares)
    return float(-(array[array > 0] * np.log(array[array > 0])).sum())


def lead_over_followers(shares: ArrayLike, followers: int = 3) -> float:
    """Leader's share minus the joint share of the next ``followers`` vendors."""
    ranked = np.sort(_shares(shares))[::-1]
    return float(ranked[0] - ranked[1 : 1 + followers].sum())


def _shares(shares: ArrayLike) -> Floats:
    array = np.asarray(shares, dtype=np.float64)
    usual = array.ndim == 1 and array.size > 0
    if usual and np.minimum.reduce(array) >= 0 and np.add.reduce(array) <= 1 + ROUNDING:
        return array
    vector("shares", shares)
    raise ValueError("shares must be >= 0 and sum to at most 1")


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


def implied_average_price(price: float, discount: float) -> float:
    """Average price ``p / (1 - d)`` behind "d below the average", in the units of ``price``."""
    if not discount < 1:
        raise ValueError(f"discount must be below 1, got {discount}")
    return price / (1 - discount)


def bid_discount(winning_bid: float, losing_bid: float, side_payment: float = 0.0) -> float:
    """Discount ``1 - (winner - side payment) / loser`` of a bid that comes with an investment."""
    return 1 - (winning_bid - side_payment) / positive("losing_bid", losing_bid)


def token_to_revenue_conversion(revenue_share: float, token_share: float) -> float:
    """Revenue share per token share: below one, tokens do not become revenue."""
    return revenue_share / positive("token_share", token_share)


def growth_multiple(first: float, last: float) -> float:
    """Multiple ``last / first``."""
    return last / positive("first", first)


def monthly_growth_rate(multiple: float, months: float) -> float:
    """Constant monthly rate ``multiple^(1/months) - 1``."""
    return float(positive("multiple", multiple) ** (1 / positive("months", months)) - 1)


def arc_elasticity(multiple: float, price_cut: float) -> float:
    """Elasticity ``ln(multiple) / ln(1/(1-cut))`` if the cut alone explained the growth.

    Raises
    ------
    ValueError
        If the cut is not strictly between 0 and 1.
    """
    if not 0 < price_cut < 1:
        raise ValueError(f"price_cut must lie strictly between 0 and 1, got {price_cut}")
    return float(np.log(positive("multiple", multiple)) / -np.log1p(-price_cut))
