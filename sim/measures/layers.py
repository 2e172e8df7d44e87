"""Layers beside the full-stack scope: applications, and the vendors' own apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure
from sim.measures.tokens import figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("yuan/month", "vendor")
def application_revenue(model: MarketModel) -> Floats:
    """Revenue of applications built on the platform's model calls (outside full-stack revenue)."""
    return figures(model).applications


@measure("million tokens/month", "vendor")
def own_app_tokens(model: MarketModel) -> Floats:
    """Tokens of the vendor's own consumer apps (in no scoreboard of enterprise tokens)."""
    return model.state.app_tokens
