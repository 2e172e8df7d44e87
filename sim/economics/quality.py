"""R&D on a quality ladder, and the imitation of what others have shown."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive
from sim.numeric.portable import expm1

LN2 = 0.6931471805599453  # ln 2


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


def closing_share(half_life: ArrayLike, speed: ArrayLike = 1.0) -> Floats:
    """Part ``1 - 2^(-speed / half_life)`` of a gap that closes in a period; inf never closes.

    Raises
    ------
    ValueError
        If a half-life is not positive or a speed is negative.

    Source: adoption of rivals' techniques at a constant hazard, Mansfield (1961, Econometrica
    29:741-766).
    """
    life, pace = np.asarray(half_life, np.float64), np.asarray(speed, np.float64)
    if not ((life > 0).all() and (pace >= 0).all()):
        raise ValueError("half_life must be > 0 and speed >= 0")
    with np.errstate(under="ignore"):
        return np.asarray(-expm1(-LN2 * pace / life))


def imitated_levels(levels: ArrayLike, closing: ArrayLike, seen: npt.NDArray[np.bool_]) -> Floats:
    """Levels after a period in which each follower closes part of its best gap.

    ``q_f' = q_f + max_g closing_fg max(0, q_g - q_f)`` over the models g that f can see. All move
    from the same levels, and nobody passes whom it imitates.

    Parameters
    ----------
    levels
        (F, K) by model and attribute.
    closing
        (F, F) part of the gap of follower f to model g that closes (:func:`closing_share`).
    seen
        (F, F) whether f can imitate g.
    """
    now = np.asarray(levels, np.float64)
    share = np.where(seen, np.asarray(closing, np.float64), 0.0)
    gap = np.maximum(now[None, :, :] - now[:, None, :], 0.0)
    return np.asarray(now + (share[:, :, None] * gap).max(axis=1, initial=0.0))
