"""Arithmetic on published market figures: discounts, conversion, implied elasticity."""

from __future__ import annotations

import numpy as np

from sim.economics.arrays import positive


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
