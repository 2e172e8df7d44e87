"""Bass diffusion: closed form and the monthly recursion."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, positive
from sim.numeric.arrays import Vector
from sim.numeric.compiled import inlined, kernel


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
    given = [np.asarray(x, dtype=np.float64) for x in (cumulative, p, q, m)]
    shape = given[0].shape
    same = given[3].shape == shape and given[1].shape == given[2].shape
    if not (same and given[1].shape in ((), shape)):  # p and q may be numbers for all
        given = [np.asarray(x) for x in np.broadcast_arrays(*given)]
        shape = given[0].shape
    out = np.empty(shape)
    now, first, second, all_ = (x.ravel() for x in given)
    if not _step(now, first, second, all_, out.reshape(-1)):
        raise ValueError("cumulative, p, q and m must be >= 0")
    return out


@inlined
def bass_next(now, p, q, m):  # type: ignore[no-untyped-def]
    """The recursion of :func:`bass_step` for one number, inside compiled loops."""
    known = now / m if m > 0.0 else 0.0
    hazard = min(max(p + q * known, 0.0), 1.0)
    return now + hazard * max(m - now, 0.0)


@kernel
def _step(
    now: Vector[np.float64],
    p: Vector[np.float64],
    q: Vector[np.float64],
    m: Vector[np.float64],
    out: Vector[np.float64],
) -> bool:
    """The recursion for each of the numbers; False where one is negative."""
    for i in range(now.shape[0]):
        own = i if len(p) > 1 else 0
        if now[i] < 0.0 or p[own] < 0.0 or q[own] < 0.0 or m[i] < 0.0:
            return False
        out[i] = bass_next(now[i], p[own], q[own], m[i])
    return True


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
