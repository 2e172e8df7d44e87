"""Markups, closed-form price replies, and what a client is worth beyond today's sale."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive
from sim.economics.mixed import Demand

ROOT_TOLERANCE = 1e-7  # of the Lerner index


def price_from_elasticity(cost: ArrayLike, elasticity: ArrayLike) -> Floats:
    """Price ``c / (1 - 1/E)`` of a vendor with own elasticity E > 1, in the units of cost.

    The Lerner index ``(p - c)/p`` is then ``1/E``.

    Raises
    ------
    ValueError
        If an elasticity is <= 1: no finite price is optimal.

    Source: Lerner (1934, RES 1:157-175).
    """
    own = np.asarray(elasticity, dtype=np.float64)
    if not (own > 1).all():
        raise ValueError("own elasticity must exceed 1 for a finite optimal price")
    return np.asarray(np.asarray(cost, dtype=np.float64) / (1 - 1 / own))


def common_lerner(
    demand: Demand,
    own: ArrayLike,
    prices: ArrayLike,
    cost: ArrayLike,
    least: float,
    *,
    choice_weight: float = 1.0,
    lifetime: float = 1.0,
    room: float = 1.0,
) -> float | None:
    """Best common Lerner index of one platform's offers, rivals held; None if E < ``least``.

    The root L of ``L E(L) = 1`` with E the elasticity of :meth:`Demand.elasticity_of` at the prices
    ``c / (1 - L)``, times ``lifetime``: the number of margins that a unit sold today is worth.
    ``L E(L) - 1`` rises through its root, which is found by bracketing.

    Parameters
    ----------
    own : (n,) int
        Columns of the platform.
    prices : (J,) float
    cost : (n,) float
        Unit cost of the own columns, less what a unit is worth beside its price.
    room : float
        Unit cost over that net cost, >= 1: prices are sought up to the same ceiling
        ``unit cost / (1 - 1/least)`` whatever the net cost is.
    """
    from scipy.optimize import brentq

    columns, trial = np.asarray(own), np.array(prices, dtype=np.float64)
    costs, mine = np.asarray(cost, dtype=np.float64), np.zeros(trial.size, bool)
    mine[columns] = True

    def excess(lerner: float) -> float:
        trial[columns] = costs / (1.0 - lerner)
        return lerner * lifetime * demand.elasticity_of(mine, trial, choice_weight) - 1.0

    highest = 1.0 / least if room == 1.0 else 1.0 - (1.0 - 1.0 / least) / room
    if excess(highest) < 0.0:
        return None
    return float(brentq(excess, 0.0, highest, xtol=ROOT_TOLERANCE))


def choice_margin_weight(review_hazard: float, discount: float) -> float:
    """Weight ``h / (1 - delta (1 - h))`` of the choice margin when a fraction h reviews a month.

    1 without inertia (h = 1) and h for a myopic vendor (delta = 0).

    Raises
    ------
    ValueError
        If h is not in (0, 1] or delta not in [0, 1].
    """
    hazard = positive("review_hazard", fraction("review_hazard", review_hazard))
    return hazard / (1 - fraction("discount", discount) * (1 - hazard))


def further_months(churn: float, discount: float) -> float:
    """Discounted months that a client stays after this one, ``delta (1-x) / (1 - delta (1-x))``.

    Parameters
    ----------
    churn
        x: share of clients lost in a month, 0 to 1.
    discount
        delta a month, 0 <= delta < 1.

    Raises
    ------
    ValueError
        If the churn lies outside [0, 1] or the discount outside [0, 1).

    Source: Gupta & Lehmann (2003, Journal of Interactive Marketing 17:9-24).
    """
    kept = fraction("discount", discount, below_one=True) * (1 - fraction("churn", churn))
    return kept / (1 - kept)
