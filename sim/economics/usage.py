"""How many clients adopt, and how token use answers to price."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive
from sim.numeric.compiled import inlined


class BassPeak(NamedTuple):
    """Time, adoption rate and cumulative adopters at the peak of the adoption rate."""

    time: float
    rate: float
    cumulative: float


def bass_cumulative(times: ArrayLike, p: float, q: float, m: float) -> Floats:
    """Cumulative adopters ``m (1 - e^{-(p+q)t}) / (1 + (q/p) e^{-(p+q)t})``, t >= 0.

    ``p`` > 0 innovation and ``q`` >= 0 imitation per period, ``m`` > 0 adopters in the end.

    Source: Bass (1969, Management Science 15:215-227).
    """
    _check(p, q, m)
    time = np.asarray(times, dtype=np.float64)
    if not (time >= 0).all():
        raise ValueError("times must be >= 0")
    with np.errstate(under="ignore"):
        decay = np.exp(-(p + q) * time)
        return np.asarray(-m * np.expm1(-(p + q) * time) / (1 + q / p * decay))


def bass_peak(p: float, q: float, m: float) -> BassPeak:
    """Peak of the adoption rate: ``t* = ln(q/p)/(p+q)``, rate ``m (p+q)^2 / 4q``.

    With q <= p the rate falls from the start: time 0, rate ``m p``.
    """
    _check(p, q, m)
    if q <= p:
        return BassPeak(0.0, m * p, 0.0)
    return BassPeak(
        float(np.log(q / p) / (p + q)), m * (p + q) ** 2 / (4 * q), m * (q - p) / (2 * q)
    )


def bass_step(cumulative: ArrayLike, p: ArrayLike, q: ArrayLike, m: ArrayLike) -> Floats:
    """Adopters after one period, ``N' = N + (p + q N/m)(m - N)``, kept within [N, m].

    Arrays broadcast; an empty market (m = 0) stays empty, adopters above m stay where they are.

    Raises
    ------
    ValueError
        If p, q, m or N is negative.
    """
    now, innovation, imitation, most = (
        np.asarray(x, dtype=np.float64) for x in (cumulative, p, q, m)
    )
    least = np.minimum(np.minimum(now, most), np.minimum(innovation, imitation))
    if (least < 0.0).any():
        raise ValueError("cumulative, p, q and m must be >= 0")
    shape = np.broadcast(now, most).shape
    known = np.divide(now, most, out=np.zeros(shape), where=most > 0.0)
    hazard = np.minimum(innovation + imitation * known, 1.0)
    return np.asarray(now + hazard * np.maximum(most - now, 0.0))


@inlined
def bass_next(now, p, q, m):  # type: ignore[no-untyped-def]
    """The recursion of :func:`bass_step` for one number, inside compiled loops."""
    known = now / m if m > 0.0 else 0.0
    hazard = min(max(p + q * known, 0.0), 1.0)
    return now + hazard * max(m - now, 0.0)


def bass_path(p: float, q: float, m: float, periods: int, start: float = 0.0) -> Floats:
    """Cumulative adopters (periods+1,) by :func:`bass_step` from ``start``."""
    _check(p, q, m)
    if periods < 0:
        raise ValueError(f"periods must be >= 0, got {periods}")
    path = np.empty(periods + 1)
    path[0] = start
    for period in range(periods):
        path[period + 1] = bass_step(path[period], p, q, m)
    return path


def _check(p: float, q: float, m: float) -> None:
    positive("p", p)
    positive("m", m)
    if not (np.isfinite(q) and q >= 0):
        raise ValueError(f"q must be finite and >= 0, got {q}")


class Rebound(NamedTuple):
    """What a price cut does to use and spending; multipliers against before the cut."""

    tokens_per_client: float
    spend_per_client: float
    adoption_after: float
    total_tokens: float
    total_revenue: float
    elasticity_before: float
    elasticity_after: float

    @property
    def jevons_in_spend(self) -> bool:
        """Whether total spending rises although the price falls (Jevons 1865)."""
        return self.total_revenue > 1


def price_cut_rebound(
    eta: float, price_cut: float, adoption_alpha: float, adoption: float
) -> Rebound:
    """Effects of cutting the price by the fraction ``price_cut``.

    Tokens per client change by ``(1-x)^(-eta)``; adoption by
    ``logit(s') = logit(s) - alpha ln(1-x)``; the local elasticity of total tokens is
    ``eta + alpha (1 - s)``. A negative ``price_cut`` is a rise.

    Raises
    ------
    ValueError
        If price_cut >= 1 or adoption is not in (0, 1).
    """
    from scipy.special import expit, logit

    if not (np.isfinite(price_cut) and price_cut < 1):
        raise ValueError(f"price_cut must be below 1, got {price_cut}")
    if not 0 < fraction("adoption", adoption) < 1:
        raise ValueError("adoption must lie strictly between 0 and 1")
    log_price = float(np.log1p(-price_cut))
    per_client = float(np.exp(-eta * log_price))
    spend = float(np.exp((1 - eta) * log_price))
    after = float(expit(logit(adoption) - adoption_alpha * log_price))
    growth = after / adoption
    return Rebound(
        per_client,
        spend,
        after,
        per_client * growth,
        spend * growth,
        eta + adoption_alpha * (1 - adoption),
        eta + adoption_alpha * (1 - after),
    )


class TokenGrowth(NamedTuple):
    """Parts of the log growth of tokens; they add up to it exactly."""

    price: float
    adoption: float
    growth: float

    @property
    def total(self) -> float:
        """ln(T_1 / T_0)."""
        return self.price + self.adoption + self.growth


def token_growth_parts(
    tokens: ArrayLike, price: ArrayLike, adopted: ArrayLike, usage_elasticity: ArrayLike
) -> TokenGrowth:
    """Which part of token growth is due to price, to adoption, and to growth per workload.

    By kind k, ``ln(T_k1/T_k0) = -eta_k ln(p_1/p_0) + ln(a_k1/a_k0) + rest_k``; kinds are added up
    with logarithmic-mean weights ``L(T_k1, T_k0) / L(T_1, T_0)``, which leaves no residual
    (Ang 2004, Energy Policy 32:1131-1139: LMDI-I). The rest holds growth of work per workload,
    capability and the lag of use behind price. Tokens had prices stood: ``T_1 e^-price``.

    Parameters
    ----------
    tokens
        (2, K) first and last, > 0; million tokens a month.
    price
        (2,) mean price of both months, > 0, or (2, K).
    adopted
        (2, K) adopted shares, > 0.
    usage_elasticity
        (K,) eta.

    Raises
    ------
    ValueError
        If shapes differ or an entry is not positive and finite.
    """
    from scipy.special import exprel

    volume, share = np.asarray(tokens, dtype=np.float64), np.asarray(adopted, dtype=np.float64)
    paid = np.asarray(price, dtype=np.float64)
    paid = paid[:, None] if paid.ndim == 1 else paid
    if volume.ndim != 2 or len(volume) != 2 or share.shape != volume.shape or len(paid) != 2:
        raise ValueError("tokens and adopted must be (2, kinds), price (2,) or (2, kinds)")
    for name, array in (("tokens", volume), ("price", paid), ("adopted", share)):
        if not (np.isfinite(array) & (array > 0)).all():
            raise ValueError(f"{name} must be finite and > 0")
    first, change = volume[0], np.log(volume[1] / volume[0])
    total = float(np.log(volume[1].sum() / first.sum()))
    # the logarithmic mean (b - a) / ln(b / a) is a (e^x - 1) / x with x = ln(b / a)
    weight = first * exprel(change) / (first.sum() * exprel(total))
    by_price = -np.asarray(usage_elasticity, dtype=np.float64) * np.log(paid[1] / paid[0])
    by_adoption = np.log(share[1] / share[0])
    price_part, adoption_part = float(weight @ by_price), float(weight @ by_adoption)
    return TokenGrowth(price_part, adoption_part, total - price_part - adoption_part)
