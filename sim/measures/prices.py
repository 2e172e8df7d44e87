"""Token prices and markups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure, read_once
from sim.measures.tokens import by_vendor

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@read_once
def _weights(model: MarketModel) -> Floats:
    """(J,) tokens of the model calls on sale; 1 on a platform that sells none yet."""
    on_sale = model.world.calls & model.available()
    tokens = np.where(on_sale, model.volumes.served, 0.0)
    sold = by_vendor(model, tokens)
    weight = np.where(sold[np.minimum(model.world.platform, len(sold) - 1)] > 0, tokens, 1.0)
    return np.where(on_sale, weight, 0.0)


def _mean_of_calls(model: MarketModel, values: Floats) -> Floats:
    """(V,) token-weighted mean over a platform's model calls; plain mean before any is sold."""
    weight = _weights(model)
    mass = by_vendor(model, weight)
    out = np.zeros(model.world.n_vendors)
    np.divide(by_vendor(model, weight * values), mass, out=out, where=mass > 0)
    return out


@measure("yuan/million tokens", "vendor")
def price_index(model: MarketModel) -> Floats:
    """Token-weighted mean price paid for model calls."""
    return _mean_of_calls(model, model.paid)


@measure("yuan/million tokens")
def mean_price(model: MarketModel) -> float:
    """Token-weighted mean price of all model calls."""
    return float(model.state.mean_price)


@measure("yuan/million tokens", "vendor")
def unit_cost(model: MarketModel) -> Floats:
    """Token-weighted mean accounting cost of model calls."""
    cost = np.zeros(model.world.n_offers)
    cost[: model.world.n_api] = model.account.unit_cost
    return _mean_of_calls(model, cost)


@measure("share", "vendor")
def lerner_index(model: MarketModel) -> Floats:
    """(price - accounting cost) / price of model calls; 0 without sales."""
    price, cost = price_index(model), unit_cost(model)
    out = np.zeros_like(price)
    np.divide(price - cost, price, out=out, where=price > 0)
    return out


@measure("yuan/million tokens", "offer")
def list_price(model: MarketModel) -> Floats:
    """List price of each model-call offer; 0 where it is not on sale."""
    return np.where(model.world.calls & model.available(), model.state.list_price, 0.0)
