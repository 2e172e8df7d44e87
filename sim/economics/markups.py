"""Markups, closed-form price replies, and what a client is worth beyond today's sale."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive, vector
from sim.economics.demand import logsum
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


UpdateOrder = Literal["simultaneous", "sequential"]


class LambertReply(NamedTuple):
    """Best price, its share and profit per client."""

    price: float
    share: float
    profit: float


def lambert_best_response(
    quality: float,
    cost: float,
    scale: float,
    rival_quality: ArrayLike = (),
    rival_prices: ArrayLike = (),
    outside: float = 0.0,
) -> LambertReply:
    """Best reply of a single-product logit vendor with linear price, in closed form.

    ``p* = c + mu (1 + W(exp((a-c)/mu - 1) / A))`` with
    ``A = exp(a_0/mu) + sum_r exp((a_r - p_r)/mu)``; share ``W/(1+W)``, profit ``mu W``. W is
    taken as Wright's omega of the exponent, which cannot overflow.

    Raises
    ------
    ValueError
        If scale <= 0 or the rivals' vectors differ in length.

    Source: Aravindakshan & Ratchford (2011, QME 9:1-21); Li & Huh (2011, MSOM 13:546-563).
    """
    from scipy.special import wrightomega

    mu = positive("scale", scale)
    rivals = np.asarray(rival_quality, dtype=np.float64)
    offered = np.asarray(rival_prices, dtype=np.float64)
    if rivals.shape != offered.shape or rivals.ndim != 1:
        raise ValueError("rival_quality and rival_prices must be vectors of one length")
    log_rest = float(logsum(np.append(rivals - offered, outside) / mu))
    odds = float(wrightomega((quality - cost) / mu - 1 - log_rest))
    return LambertReply(cost + mu * (1 + odds), odds / (1 + odds), mu * odds)


def best_response_path(
    quality: ArrayLike,
    cost: ArrayLike,
    scale: float,
    start: ArrayLike,
    steps: int,
    order: UpdateOrder = "simultaneous",
    outside: float = 0.0,
) -> Floats:
    """Prices (steps+1, J) when single-product logit vendors reply myopically.

    ``simultaneous``: all answer last period's prices; ``sequential``: in order 0, 1, ..., each
    sees the moves before it. Logit pricing is supermodular, so both reach the same limit.

    Raises
    ------
    ValueError
        Bad shapes, steps < 0 or an unknown order.

    Source: Milgrom & Roberts (1990, Econometrica 58:1255-1277).
    """
    values = vector("quality", quality)
    costs = vector("cost", cost, values.size)
    if steps < 0:
        raise ValueError(f"steps must be >= 0, got {steps}")
    if order not in ("simultaneous", "sequential"):
        raise ValueError(f"order must be 'simultaneous' or 'sequential', got {order!r}")
    path = np.empty((steps + 1, values.size))
    path[0] = vector("start", start, values.size)
    for step in range(steps):
        path[step + 1] = path[step]
        seen = path[step] if order == "simultaneous" else path[step + 1]
        for j in range(values.size):
            rest = np.arange(values.size) != j
            reply = lambert_best_response(
                values[j], costs[j], scale, values[rest], seen[rest], outside
            )
            path[step + 1, j] = reply.price
    return path


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


def customer_lifetime_value(margin: float, churn: float, discount: float) -> float:
    """Value of a client after today's sale, ``CLV = m delta (1-x) / (1 - delta (1-x))``.

    In the money of the monthly margin ``m``; errors of :func:`further_months`.
    """
    return margin * further_months(churn, discount)


def lifetime_lerner(elasticity: float, churn: float, discount: float, weight: float) -> float:
    """Lerner index of a vendor whose price holds for good and who counts a part of the CLV.

    With cost ``c - omega CLV`` and ``m = p - c`` the rule ``(p - c + omega CLV) / p = 1/E`` gives
    ``L = 1 / (E (1 + omega delta (1-x) / (1 - delta (1-x))))``: never below cost.

    Raises
    ------
    ValueError
        As :func:`further_months`, or if the elasticity is not above 0 or the weight negative.
    """
    if not (elasticity > 0 and weight >= 0):
        raise ValueError(f"need elasticity > 0 and weight >= 0, got {elasticity} and {weight}")
    return 1 / (elasticity * (1 + weight * further_months(churn, discount)))
