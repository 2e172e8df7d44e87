"""Markups from elasticities: Lerner rule, discrete-continuous demand, inertia."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive
from sim.economics.mixed import Demand
from sim.economics.pricing import NoEquilibrium

ROOT_TOLERANCE = 1e-7  # of the Lerner index
PRICE_LIMIT = 1e12  # multiple of cost beyond which no optimal price is sought


class InertialPrice(NamedTuple):
    """Stationary price of a vendor whose clients review rarely, with its share and markup."""

    price: float
    share: float
    lerner: float
    effective_elasticity: float
    choice_weight: float


def lerner_from_elasticity(elasticity: ArrayLike) -> Floats:
    """Optimal Lerner index ``L = (p - c)/p = 1/E`` for own elasticity E > 1 (Lerner 1934).

    Raises
    ------
    ValueError
        If an elasticity is <= 1: no finite price is optimal.
    """
    own = np.asarray(elasticity, dtype=np.float64)
    if not (own > 1).all():
        raise ValueError("own elasticity must exceed 1 for a finite optimal price")
    return np.asarray(1 / own)


def price_from_elasticity(cost: ArrayLike, elasticity: ArrayLike) -> Floats:
    """Price ``c / (1 - 1/E)``; units of cost, errors of :func:`lerner_from_elasticity`."""
    return np.asarray(np.asarray(cost, dtype=np.float64) / (1 - lerner_from_elasticity(elasticity)))


def own_token_elasticity(eta: ArrayLike, alpha: ArrayLike, share: ArrayLike) -> Floats:
    """Own elasticity of tokens ``E = eta + alpha (1 - s)`` under log price, single product.

    Source: Anderson, de Palma & Thisse (1987, Economics Letters 24:139-140).
    """
    return np.asarray(np.asarray(eta) + np.asarray(alpha) * (1 - np.asarray(share)))


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


def inertia_adjusted_lerner(
    eta: float, alpha: float, share: float, review_hazard: float, discount: float
) -> float:
    """Lerner index ``L = 1 / (eta + alpha (1-s) h/(1 - delta(1-h)))`` at a given share."""
    weight = choice_margin_weight(review_hazard, discount)
    return 1 / (eta + alpha * (1 - fraction("share", share)) * weight)


def inertia_adjusted_price(
    quality: float,
    alpha: float,
    eta: float,
    cost: float,
    rivals_mass: float,
    review_hazard: float,
    discount: float,
) -> InertialPrice:
    """Stationary price from which no permanent price change pays.

    Solves ``(p - c)/p = 1/(eta + alpha (1 - S(p)) w)`` with
    ``S(p) = e^a p^-alpha / (e^a p^-alpha + A)``, ``A = rivals_mass`` (sum of exp of the other
    utilities, the outside option included) and w from :func:`choice_margin_weight`. An open-loop
    conjecture, not a Markov-perfect equilibrium.

    Raises
    ------
    ValueError
        If cost, alpha or rivals_mass is not positive.
    NoEquilibrium
        If the effective elasticity stays at or below 1: harvesting has no finite price.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    positive("cost", cost)
    positive("alpha", alpha)
    log_rivals = float(np.log(positive("rivals_mass", rivals_mass)))
    weight = choice_margin_weight(review_hazard, discount)

    def share_at(log_price: float) -> float:
        return float(expit(quality - alpha * log_price - log_rivals))

    def gap(log_markup: float) -> float:
        elasticity = eta + alpha * (1 - share_at(np.log(cost) + log_markup)) * weight
        return float(elasticity * -np.expm1(-log_markup)) - 1

    top = float(np.log(PRICE_LIMIT))
    if gap(top) <= 0:
        raise NoEquilibrium("effective elasticity is at most 1: no finite price is optimal")
    log_price = float(np.log(cost) + brentq(gap, 0.0, top, xtol=1e-15))
    share = share_at(log_price)
    lerner = inertia_adjusted_lerner(eta, alpha, share, review_hazard, discount)
    return InertialPrice(float(np.exp(log_price)), share, lerner, 1 / lerner, weight)
