"""Bass diffusion: closed form and the monthly recursion."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, positive


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
    now, innovate, imitate, size = (np.asarray(x, dtype=np.float64) for x in (cumulative, p, q, m))
    if ((now < 0) | (innovate < 0) | (imitate < 0) | (size < 0)).any():
        raise ValueError("cumulative, p, q and m must be >= 0")
    shape = np.broadcast(now, size).shape
    known = np.divide(now, size, out=np.zeros(shape), where=size > 0)
    hazard = np.minimum(np.maximum(innovate + imitate * known, 0.0), 1.0)
    return np.asarray(now + hazard * np.maximum(size - now, 0.0))


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
