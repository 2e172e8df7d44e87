"""R&D on a quality ladder."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.economics.arrays import fraction, positive


class Investment(NamedTuple):
    """Best investment, its success probability and its net value."""

    investment: float
    success: float
    value: float


def success_probability(investment: float, effectiveness: float) -> float:
    """Chance ``a x / (1 + a x)`` of one step up the ladder."""
    if not investment >= 0:
        raise ValueError(f"investment must be >= 0, got {investment}")
    reach = positive("effectiveness", effectiveness) * investment
    return reach / (1 + reach)


def best_investment(effectiveness: float, discount: float, value_gain: float) -> Investment:
    """Investment that maximises ``delta p(x) dV - x``: ``(sqrt(delta a dV) - 1) / a`` or 0.

    Source: Pakes & McGuire (1994, RAND 25:555-589); Ericson & Pakes (1995, RES 62:53-82).
    """
    rate = positive("effectiveness", effectiveness)
    prize = fraction("discount", discount) * max(value_gain, 0.0)
    spend = max(0.0, (float(np.sqrt(prize * rate)) - 1) / rate)
    chance = success_probability(spend, rate)
    return Investment(spend, chance, prize * chance - spend)
