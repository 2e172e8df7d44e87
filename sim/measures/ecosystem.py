"""The open ecosystem: derivatives, capability and windows, research, and what openness costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards, figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("models", "family")
def derivatives(model: MarketModel) -> Floats:
    """Derivative models of each open family."""
    return figures(model).derivatives


@measure("point", "family")
def capability(model: MarketModel) -> Floats:
    """Capability of each family, contributions included, by the tokens asked for by kind."""
    return figures(model).capability


@measure("tokens", "family")
def context_window(model: MarketModel) -> Floats:
    """Context window of each family."""
    return model.state.context


@measure("yuan/month", "vendor")
def research_spending(model: MarketModel) -> Floats:
    """Money put into research."""
    return figures(model).research


@measure("steps", "vendor")
def research_steps(model: MarketModel) -> Floats:
    """Steps up the quality ladder since the start."""
    return figures(model).research_steps


@measure("yuan/month", "vendor")
def cannibalised_margin(model: MarketModel) -> Floats:
    """API margin that an owner misses on tokens of its families that others serve.

    Tokens that clients run themselves or rivals serve x (own price paid - own accounting cost), at
    the owner's present price and volume: lost revenue, not cash, and an upper bound, as not all of
    these tokens would have come to the owner. Negative where the owner sells below cost.
    """
    return boards(model).missed_margin
