"""What a vendor pursues, and what it burns for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MILLION = 1e6
POINTS = 100.0  # share points in the whole market


@measure("yuan/month", "vendor")
def objective(model: MarketModel) -> Floats:
    """Profit, and the worth the vendor gives to its share of platform tokens (omega x points)."""
    tables, names = model.scenario.vendors, model.world.vendors
    omega = model.fixed(
        "omega",
        lambda: np.array([tables[name].objective.share_point for name in names]),
    )
    return (model.account.profit + omega * POINTS * model.state.token_share) * MILLION


@measure("yuan/month", "vendor")
def below_cost_burn(model: MarketModel) -> Floats:
    """Unit cost less price paid, where it is positive, x tokens of model calls served."""
    return boards(model).burn
