"""Agent platforms: agents, builders, users, tokens of agent work, subsidies."""

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
