"""Token prices and markups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("yuan/million tokens", "vendor")
def price_index(model: MarketModel) -> Floats:
    """Token-weighted mean price paid for model calls."""
    return boards(model).price


@measure("yuan/million tokens")
def mean_price(model: MarketModel) -> float:
    """Token-weighted mean price of all model calls."""
    return float(model.state.mean_price)


@measure("yuan/million tokens", "vendor")
def unit_cost(model: MarketModel) -> Floats:
    """Token-weighted mean accounting cost of model calls."""
    return boards(model).unit_cost


@measure("share", "vendor")
def lerner_index(model: MarketModel) -> Floats:
    """(price - accounting cost) / price of model calls; 0 without sales."""
    return boards(model).lerner


@measure("yuan/million tokens", "offer")
def list_price(model: MarketModel) -> Floats:
    """List price of each model-call offer; 0 where it is not on sale."""
    return np.where(model.state.hosting, model.state.list_price, 0.0)
