"""The open ecosystem: derivatives, capability and windows, research, and what openness costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MILLION = 1e6


@measure("models", "family")
def derivatives(model: MarketModel) -> Floats:
    """Derivative models of each open family."""
    return model.state.derivatives * model.state.weights_open


@measure("point", "family")
def capability(model: MarketModel) -> Floats:
    """Capability of each family, contributions included, by the tokens asked for by kind."""
    asked = model.state.tokens_by_kind
    weight = asked if asked.any() else np.ones(len(asked))
    weighted = model.capability * (weight / np.add.reduce(weight))
    return np.asarray(np.add.reduce(weighted, axis=1))


@measure("tokens", "family")
def context_window(model: MarketModel) -> Floats:
    """Context window of each family."""
    return model.state.context


@measure("yuan/month", "vendor")
def research_spending(model: MarketModel) -> Floats:
    """Money put into research."""
    return model.state.research * MILLION


@measure("steps", "vendor")
def research_steps(model: MarketModel) -> Floats:
    """Steps up the quality ladder since the start."""
    return model.state.research_steps.astype(float)


@measure("yuan/month", "vendor")
def cannibalised_margin(model: MarketModel) -> Floats:
    """API margin that an owner misses on tokens of its families that others serve.

    Tokens that clients run themselves or rivals serve x (own price paid - own accounting cost), at
    the owner's present price and volume: lost revenue, not cash, and an upper bound, as not all of
    these tokens would have come to the owner. Negative where the owner sells below cost.
    """
    return boards(model).missed_margin
