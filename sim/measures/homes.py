"""Where the clients' home clouds are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure
from sim.measures.tokens import figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("share", "vendor")
def home_share(model: MarketModel) -> Floats:
    """Clients whose home cloud it is, of all clients."""
    return figures(model).home_share


@measure("clients/month", "vendor")
def home_gain(model: MarketModel) -> Floats:
    """Clients that made it their home cloud this month, less those that left it."""
    return figures(model).home_gain
