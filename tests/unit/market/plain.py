"""Sums of a month in plain NumPy, against which the compiled ones are held; stages of kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.market.model import MarketModel
from sim.market.recorder import Floats, measures
from sim.market.supply.costs import UnitCosts, planned_costs, unit_costs


def read(model: MarketModel, name: str) -> Any:
    """A measure of the market as it is now."""
    return measures()[name].read(model)


def costs(model: MarketModel) -> UnitCosts:
    """What serving costs as the market is now."""
    planned = planned_costs(model.supply, model.state)
    return unit_costs(model.supply, model.month, model.world, planned, model.state)


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


def cards_of_offers(model: MarketModel) -> Floats:
    """(J,) card-months that what is served needs on its platform."""
    world, volumes, hours = model.world, model.volumes, model.scenario.supply.card_hours
    cards = np.zeros(world.n_offers)
    cards[: world.n_api] = volumes.served[: world.n_api] * costs(model).cards
    hosts = world.hosting & (world.platform < world.n_vendors)
    cards[hosts] = volumes.host_hours[hosts] / hours
    cards[world.renting] = volumes.served[world.renting] / hours
    return cards


def shares(values: Floats) -> Floats:
    """Parts of the whole; all 0 where there is nothing."""
    total = values.sum()
    return values / total if total > 0 else np.zeros_like(values)


def by_vendor(model: MarketModel, values: Floats) -> Floats:
    """(V,) sums of offers by platform."""
    v = model.world.n_vendors
    return np.bincount(model.world.platform, weights=values, minlength=v + 2)[:v]
