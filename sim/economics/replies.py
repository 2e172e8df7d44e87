"""Closed-form logit price replies and the path of myopic best replies."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, positive, vector
from sim.economics.demand import logsum

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
