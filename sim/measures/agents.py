"""Agent platforms and the open ecosystem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards, figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


CREATORS, ENTERPRISES = 0, 1
MILLION = 1e6


@measure("agents", "vendor")
def agents(model: MarketModel) -> Floats:
    """Agents on each platform, both sides."""
    return figures(model).agents


@measure("agents", "vendor")
def creator_agents(model: MarketModel) -> Floats:
    """Agents on the creators' side of each platform."""
    return model.state.platforms.agents[:, CREATORS]


@measure("agents", "vendor")
def enterprise_agents(model: MarketModel) -> Floats:
    """Agents on the enterprises' side of each platform."""
    return model.state.platforms.agents[:, ENTERPRISES]


@measure("builders", "vendor")
def builders(model: MarketModel) -> Floats:
    """Builders of agents on each platform, both sides."""
    return figures(model).builders


@measure("clients", "vendor")
def agent_users(model: MarketModel) -> Floats:
    """Clients whose agent work the platform serves; 0 while no agent platform is open."""
    return figures(model).agent_users


@measure("share", "vendor")
def agent_token_share(model: MarketModel) -> Floats:
    """Share of the platform tokens asked for by agent work.

    All 0 where there is none.
    """
    return boards(model).agent_share


@measure("yuan/month", "vendor")
def agent_subsidies(model: MarketModel) -> Floats:
    """Money paid to new builders."""
    paid = model.account.spending.get("agents")
    return np.zeros(model.world.n_vendors) if paid is None else paid * MILLION


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
