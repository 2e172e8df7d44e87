"""Closed forms of limits that the engine has; nothing in `sim/` uses them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, logsumexp, ndtr, ndtri, softmax, wrightomega

Floats = npt.NDArray[np.float64]
TIPPING_ELASTICITY = 1.0  # app elasticity from which on the market tips to one platform
PRICE_LIMIT = 1e12  # multiple of cost beyond which no optimal price is sought


def switching_matrix(utilities: npt.ArrayLike, switching_cost: float, hazard: float) -> Floats:
    """Monthly transitions ``(1-h) 1[i=j] + h softmax_j(V_j - kappa 1[j != i])``, row = before.

    Source: Dube, Hitsch & Rossi (2010, RAND 41:417-445); Calvo-type review timing.
    """
    values = np.asarray(utilities, dtype=np.float64)
    stay = np.eye(values.size)
    moved = softmax(values - switching_cost * (1 - stay), axis=1)
    return np.asarray((1 - hazard) * stay + hazard * moved)


def stationary_shares(transition: Floats) -> Floats:
    """Stationary distribution ``pi = pi T``."""
    size = len(transition)
    system = np.vstack([transition.T - np.eye(size), np.ones(size)])
    return np.asarray(np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)[0])


def churn(transition: Floats, shares: Floats) -> float:
    """Share of clients who change vendor in a month, ``sum_i s_i (1 - T_ii)``."""
    return float(shares @ (1 - np.diag(transition)))


def shares_after(transition: Floats, start: Floats, months: int) -> Floats:
    """Shares after some months."""
    return np.asarray(start @ np.linalg.matrix_power(transition, months))


def gumbel_joint(utilities: npt.ArrayLike, improved: int, improvement: float) -> Floats:
    """Joint choice (J, J), row before, column after, when two worlds share their Gumbel draws.

    Only moves into the improved alternative can happen: ``P(j, j) = min(s_j, s'_j)``, and what the
    others lose goes to it. Source: Maddison, Tarlow & Minka (2014, NeurIPS).
    """
    values = np.asarray(utilities, dtype=np.float64)
    before, after = (
        softmax(values),
        softmax(values + improvement * (np.arange(values.size) == improved)),
    )
    joint = np.diag(np.minimum(before, after))
    others = np.arange(values.size) != improved
    joint[others, improved] = (before - after)[others]
    return joint


class AuctionOutcome(NamedTuple):
    """Win probability, expected profit and margin given a win, each (J,), and no-deal chance."""

    win_probability: Floats
    expected_profit: Floats
    margin_if_won: Floats
    no_deal: float


def second_score_auction(
    surplus: npt.ArrayLike,
    scale: float,
    incumbent: int | None = None,
    switching_cost: float = 0.0,
    outside: float | None = None,
) -> AuctionOutcome:
    """Outcome when the best surplus wins and earns its lead over the second, Gumbel noise of mu.

    Win chance ``s_j`` is logit, expected profit ``-mu ln(1 - s_j)``. The buyer loses the switching
    cost with anybody but the incumbent; with nobody it loses nothing.

    Source: Miller (2014, IJIO 37:201-208); Brannman & Froeb (2000, REStat 82:283-290).
    """
    bids = np.array(surplus, dtype=np.float64)
    if incumbent is not None:
        bids[np.arange(bids.size) != incumbent] -= switching_cost
    chance = softmax(np.append(bids, -np.inf if outside is None else outside) / scale)
    profit = -scale * np.log1p(-chance[:-1])
    return AuctionOutcome(chance[:-1], profit, profit / chance[:-1], float(chance[-1]))


class IndirectNetwork(NamedTuple):
    """Share of platform A, its app ratio and how much a quality gap is amplified."""

    share: float
    app_ratio: float
    multiplier: float


def indirect_network(
    quality_gap: float, app_elasticity: float, entry_rates: tuple[float, float]
) -> IndirectNetwork:
    """Shares of two platforms whose apps enter in proportion to their users, beta < 1.

    ``N_k = phi_k s_k`` and ``s_A/s_B = exp(delta) (N_A/N_B)^beta`` give
    ``ln(s_A/s_B) = (delta + beta ln(phi_A/phi_B)) / (1 - beta)``.

    Source: Church & Gandal (1992, J. Ind. Econ. 40:85-103); Clements & Ohashi (2005, 53:515-542).
    """
    log_entry = math.log(entry_rates[0] / entry_rates[1])
    multiplier = 1 / (1 - app_elasticity)
    log_ratio = multiplier * (quality_gap + app_elasticity * log_entry)
    return IndirectNetwork(float(expit(log_ratio)), math.exp(log_entry + log_ratio), multiplier)


def entry_rate(
    pace: float,
    by_users: float,
    by_builders: float,
    retirement: float,
    per_user: float,
    innovation: float,
    imitation: float,
    departure: float,
) -> float:
    """Agents per user in the long run, without subsidies: ``phi = pace (e_u + e_b k b) / r``.

    k = builders that a user feeds, and b solves ``(p + q b)(1 - b) = l b``: joining balances
    leaving at rate l.
    """
    p, q = innovation, imitation
    # q b^2 - (q - p - l) b - p = 0, written so that q = 0 and small p lose no digits
    half = q - p - departure
    root = math.sqrt(half**2 + 4.0 * q * p)
    if half > 0.0:
        settled = (half + root) / (2.0 * q)
    else:
        settled = 2.0 * p / (root - half) if p > 0.0 else 0.0
    return pace * (by_users + by_builders * per_user * settled) / retirement


def inertia_adjusted_price(
    quality: float,
    alpha: float,
    eta: float,
    cost: float,
    rivals_mass: float,
    hazard: float,
    discount: float,
) -> float:
    """Stationary price from which no permanent price change pays: an open-loop conjecture.

    ``(p - c)/p = 1/(eta + alpha (1 - S(p)) h/(1 - delta(1-h)))`` with
    ``S(p) = e^a p^-alpha / (e^a p^-alpha + A)``.
    """
    weight = hazard / (1 - discount * (1 - hazard))

    def excess(log_markup: float) -> float:
        share = expit(quality - alpha * (math.log(cost) + log_markup) - math.log(rivals_mass))
        return float((eta + alpha * (1 - share) * weight) * -math.expm1(-log_markup)) - 1

    return cost * math.exp(float(brentq(excess, 0.0, math.log(PRICE_LIMIT), xtol=1e-15)))


def further_margins(churn_rate: float, discount: float) -> float:
    """Discounted margins of a client after this month's, ``delta (1-x) / (1 - delta (1-x))``."""
    kept = discount * (1 - churn_rate)
    return kept / (1 - kept)


def lifetime_lerner(elasticity: float, churn_rate: float, discount: float, weight: float) -> float:
    """Lerner index of a vendor that counts a part of the customer lifetime value.

    With cost ``c - omega CLV`` and ``CLV = (p - c) delta (1-x) / (1 - delta (1-x))`` the rule
    ``(p - c + omega CLV) / p = 1/E`` gives ``1 / (E (1 + omega delta (1-x) / (1 - delta (1-x))))``.
    Source: Gupta & Lehmann (2003, Journal of Interactive Marketing 17:9-24).
    """
    return 1 / (elasticity * (1 + weight * further_margins(churn_rate, discount)))


class LambertReply(NamedTuple):
    """Best price, its share and profit per client."""

    price: float
    share: float
    profit: float


def lambert_best_response(
    quality: float,
    cost: float,
    scale: float,
    rival_quality: npt.ArrayLike = (),
    rival_prices: npt.ArrayLike = (),
    outside: float = 0.0,
) -> LambertReply:
    """Best reply of a single-product logit vendor with linear price.

    ``p* = c + mu (1 + W(exp((a-c)/mu - 1) / A))`` with the mass A of all others; share ``W/(1+W)``,
    profit ``mu W``; W is Wright's omega of the exponent.

    Source: Aravindakshan & Ratchford (2011, QME 9:1-21); Li & Huh (2011, MSOM 13:546-563).
    """
    others = np.append(np.asarray(rival_quality) - np.asarray(rival_prices), outside) / scale
    odds = float(wrightomega((quality - cost) / scale - 1 - logsumexp(others)))
    return LambertReply(cost + scale * (1 + odds), odds / (1 + odds), scale * odds)


def bass_cumulative(times: npt.ArrayLike, p: float, q: float, m: float) -> Floats:
    """Cumulative adopters ``m (1 - e^{-(p+q)t}) / (1 + (q/p) e^{-(p+q)t})`` in continuous time.

    Source: Bass (1969, Management Science 15:215-227).
    """
    decay = np.exp(-(p + q) * np.asarray(times, dtype=np.float64))
    return np.asarray(m * (1 - decay) / (1 + q / p * decay))


def lognormal_gini(sigma: float) -> float:
    """Gini index ``2 Phi(sigma / sqrt 2) - 1`` of lognormal sizes."""
    return float(2 * ndtr(sigma / math.sqrt(2)) - 1)


def lognormal_top_share(top: float, sigma: float) -> float:
    """Share of the total held by the largest fraction, ``Phi(sigma - z_{1-top})``."""
    return float(ndtr(sigma + ndtri(top)))


def surround_gain(
    stages: int, national_reach: float, local_reach: float, overlap: float, elasticity: float
) -> float:
    """Log of the goodwill of k local stages over that of one national stage, at equal budgets.

    ``ln(u_k / u_1) = ln(R / R_1) - theta ln(R / r)`` with the joint reach
    ``R = min(1, r sum_j (1 - o)^j)`` of k stages of reach r.
    """
    joint = min(1.0, local_reach * sum((1 - overlap) ** j for j in range(stages)))
    return math.log(joint / national_reach) - elasticity * math.log(joint / local_reach)
