"""What a vendor pursues, and what it burns for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards, figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("yuan/month", "vendor")
def objective(model: MarketModel) -> Floats:
    """Profit, and the worth the vendor gives to its share of platform tokens (omega x points)."""
    return figures(model).objective


@measure("yuan/month", "vendor")
def below_cost_burn(model: MarketModel) -> Floats:
    """Unit cost less price paid, where it is positive, x tokens of model calls served."""
    return boards(model).burn
