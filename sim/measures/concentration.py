"""Concentration of the three scoreboards (Hirschman-Herfindahl, 0 to 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards, figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("-")
def hhi_platform_tokens(model: MarketModel) -> Floats:
    """HHI of platform tokens."""
    return boards(model).scope_index


@measure("-")
def hhi_family_tokens(model: MarketModel) -> Floats:
    """HHI of model-family tokens."""
    return boards(model).family_index


@measure("-")
def hhi_revenue(model: MarketModel) -> Floats:
    """HHI of full-stack revenue."""
    return figures(model).revenue_index
