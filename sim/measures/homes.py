"""Where the clients' home clouds are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("share", "vendor")
def home_share(model: MarketModel) -> Floats:
    """Clients whose home cloud it is, of all clients."""
    count = model.homes.count
    total = float(np.add.reduce(count))
    return count[:-1] / total if total else np.zeros(model.world.n_vendors)


@measure("clients/month", "vendor")
def home_gain(model: MarketModel) -> Floats:
    """Clients that made it their home cloud this month, less those that left it."""
    moved = model.homes.moved
    gained = np.add.reduce(moved) - np.add.reduce(moved, axis=1)[:-1]
    return model.counted(np.asarray(gained))
