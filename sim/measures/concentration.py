"""Concentration of the three scoreboards (Hirschman-Herfindahl, 0 to 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.economics.concentration import hhi
from sim.measures.money import full_stack_revenue_share
from sim.measures.registry import measure
from sim.measures.tokens import family_token_share, platform_token_share

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("-")
def hhi_platform_tokens(model: MarketModel) -> float:
    """HHI of platform tokens."""
    return hhi(platform_token_share(model))


@measure("-")
def hhi_family_tokens(model: MarketModel) -> float:
    """HHI of model-family tokens."""
    return hhi(family_token_share(model))


@measure("-")
def hhi_revenue(model: MarketModel) -> float:
    """HHI of full-stack revenue."""
    return hhi(full_stack_revenue_share(model))
