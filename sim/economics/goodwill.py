"""Goodwill: a stock that advertising fills and forgetting drains."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, positive, vector


def next_goodwill(goodwill: ArrayLike, inflow: ArrayLike, decay: ArrayLike) -> Floats:
    """Goodwill after a month, ``A' = (1 - lambda) A + u``; arrays broadcast.

    Source: Nerlove & Arrow (1962, Economica 29:129-142).
    """
    kept = 1 - np.asarray(decay, dtype=np.float64)
    return np.asarray(kept * np.asarray(goodwill, dtype=np.float64) + np.asarray(inflow))


def goodwill_path(start: float, inflow: ArrayLike, decay: float) -> Floats:
    """Goodwill (M+1,) from ``start`` under the monthly ``inflow`` (M,)."""
    spend = vector("inflow", inflow)
    _check(decay)
    path = np.empty(spend.size + 1)
    path[0] = start
    for month, amount in enumerate(spend):
        path[month + 1] = next_goodwill(path[month], amount, decay)
    return path


def steady_goodwill(inflow: float, decay: float) -> float:
    """Goodwill ``u / lambda`` at constant inflow."""
    return inflow * long_run_multiplier(decay)


def long_run_multiplier(decay: float) -> float:
    """Goodwill a constant unit of inflow sustains, ``1 / lambda``."""
    return 1 / _check(decay)


def goodwill_half_life(decay: float) -> float:
    """Months until half of a burst is forgotten, ``ln 2 / -ln(1 - lambda)``; 0 if decay is 1."""
    return float(np.log(2) / -np.log1p(-decay)) if _check(decay) < 1 else 0.0


def short_run_elasticity(response_exponent: float, decay: float) -> float:
    """Elasticity ``theta lambda`` of demand ``A^theta`` to one month's spend, in steady state."""
    return response_exponent * _check(decay)


def total_response(goodwill: ArrayLike, response_exponent: float) -> float:
    """Demand response summed over months, ``sum_t A_t^theta``."""
    stock = vector("goodwill", goodwill)
    if (stock < 0).any():
        raise ValueError("goodwill must be >= 0")
    return float((stock**response_exponent).sum())


def _check(decay: float) -> float:
    if positive("decay", decay) > 1:
        raise ValueError(f"decay must lie in (0, 1], got {decay}")
    return float(decay)
