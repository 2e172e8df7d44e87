"""Path dependence: the growth of derivative models by preferential attachment."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, positive
from sim.numeric import portable

SUM_TOLERANCE = 1e-8  # of a total against its parts, each rounded
STIRLING_FROM = 16.0  # the terms left out are below the last digit


def attachment_exponent(new_probability: float) -> float:
    """Tail exponent ``rho = 1 / (1 - a)`` of sizes when a new family comes with chance a.

    Source: Simon (1955, Biometrika 42:425-440).
    """
    if not 0 <= new_probability < 1:
        raise ValueError(f"new_probability must lie in [0, 1), got {new_probability}")
    return 1 / (1 - new_probability)


def attached_sizes(sizes: ArrayLike, total: float, added: float, new_probability: float) -> Floats:
    """Expected sizes of lineages after `added` more models, by Simon's rule.

    Each new model begins a lineage of its own with probability a, else joins one of the `total`
    models' lineages in proportion to size. Then ``E[k'] = k prod_{t=T}^{T+n-1} (1 + (1-a)/t)
    = k B(T, 1-a) / B(T+n, 1-a)``, exactly; the same whether n come at once or in parts. Sizes grow
    as ``(T+n)/T`` to the power 1 - a, which gives the tail of :func:`attachment_exponent`.

    Parameters
    ----------
    sizes
        Models of some lineages (L,), >= 0; `total` > 0 counts all models, of others too.
    added
        New models, >= 0, not necessarily whole.

    Raises
    ------
    ValueError
        If a size or `added` is negative, the total is less than the sizes, or a is not in [0, 1).

    Source: Simon (1955, Biometrika 42:425-440).
    """
    held, rate = np.asarray(sizes, dtype=np.float64), 1 / attachment_exponent(new_probability)
    models = positive("total", total)
    if not ((held >= 0).all() and added >= 0):
        raise ValueError("sizes and added must be >= 0")
    if held.sum() > models * (1 + SUM_TOLERANCE):
        raise ValueError(f"total must count all models, got {total} for {held.sum()}")
    return np.asarray(held * growth_of_lineages(models, float(added), rate))


def growth_of_lineages(total: float, added: float, joining: float) -> float:
    """Factor ``B(T, r) / B(T + n, r)`` by which expected lineages grow, ``r = 1 - a``.

    T > 0 models are there, n >= 0 are added, and each joins a lineage with probability r.
    """
    return portable.exp(_log_rise(total + added, joining) - _log_rise(total, joining))


def _log_rise(x: float, r: float) -> float:
    """``ln Gamma(x + r) - ln Gamma(x)`` for x > 0 and r >= 0, without the loss of digits of a
    difference of two large logarithms (Stirling's series from 16 on, the recurrence below)."""
    below = 0.0
    while x < STIRLING_FROM:
        below += portable.ln((x + r) / x)
        x += 1.0
    y = x + r
    ahead = (x - 0.5) * portable.log1p(r / x) + r * (portable.ln(y) - 1.0)
    return ahead + _rest(y) - _rest(x) - below


def _rest(x: float) -> float:
    """What Stirling's formula leaves of ln Gamma(x) (Abramowitz & Stegun 1964, 6.1.41)."""
    z = 1.0 / (x * x)
    return (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z / 1188)))) / x
