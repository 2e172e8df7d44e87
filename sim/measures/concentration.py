"""Concentration of the three scoreboards (Hirschman-Herfindahl, 0 to 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.economics.concentration import hhi_of_rows
from sim.measures.money import full_stack_revenue_share
from sim.measures.registry import measure, read_once
from sim.measures.tokens import family_token_share, platform_token_share

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@read_once
def indices(model: MarketModel) -> list[float]:
    """HHI of platform tokens, of family tokens and of revenue."""
    boards = platform_token_share(model), family_token_share(model)
    return hhi_of_rows(np.array([*boards, full_stack_revenue_share(model)]))


@measure("-")
def hhi_platform_tokens(model: MarketModel) -> float:
    """HHI of platform tokens."""
    return indices(model)[0]


@measure("-")
def hhi_family_tokens(model: MarketModel) -> float:
    """HHI of model-family tokens."""
    return indices(model)[1]


@measure("-")
def hhi_revenue(model: MarketModel) -> float:
    """HHI of full-stack revenue."""
    return indices(model)[2]
