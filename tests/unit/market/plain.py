"""Sums of a month in plain NumPy, against which the compiled ones are held."""

from __future__ import annotations

import numpy as np

from sim.market.model import MarketModel
from sim.measures.registry import Floats


def shares_of_rows(values: Floats) -> Floats:
    """(n, m) parts of the whole of each row; all 0 where there is nothing."""
    total = values.sum(axis=1, keepdims=True)
    out = np.zeros_like(values)
    np.divide(values, total, out=out, where=total > 0)
    return out


def calls_of_rows(model: MarketModel, rows: Floats) -> Floats:
    """(n, V) sums of model calls by platform, of (n, J) rows."""
    world, n = model.world, len(rows)
    size = world.n_vendors + 2
    places = (np.arange(n)[:, None] * size + world.platform).ravel()
    calls = np.where(world.calls, rows, 0.0).ravel()
    sums = np.bincount(places, weights=calls, minlength=n * size).reshape(n, size)
    return np.asarray(sums[:, : world.n_vendors], dtype=np.float64)
