"""Agent platforms and the open ecosystem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.concentration import market_shares
from sim.market.recorder import Floats, curve
from sim.measures.money import MILLION, unit_margin
from sim.measures.tokens import by_platform, family_tokens_of_offers
from sim.numeric.arrays import ratio, sums_by_group

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario


CREATORS, ENTERPRISES = 0, 1


def agent_kinds(scenario: Scenario, world: MarketLayout) -> npt.NDArray[np.bool_]:
    """(K,) kinds of work that agents do."""
    kinds = scenario.kinds
    return np.array([kinds[name].agent_work > 0.0 for name in world.kinds])


@curve("agents", "vendor")
def agents(model: BaseMarket) -> Floats:
    """Agents on each platform, both sides."""
    return model.state.platforms.agents.sum(axis=-1)


@curve("agents", "vendor")
def creator_agents(model: BaseMarket) -> Floats:
    """Agents on the creators' side of each platform."""
    return model.state.platforms.agents[..., CREATORS]


@curve("agents", "vendor")
def enterprise_agents(model: BaseMarket) -> Floats:
    """Agents on the enterprises' side of each platform."""
    return model.state.platforms.agents[..., ENTERPRISES]


@curve("builders", "vendor")
def builders(model: BaseMarket) -> Floats:
    """Builders of agents on each platform, both sides."""
    return model.state.platforms.builders.sum(axis=-1)


@curve("clients", "vendor")
def agent_users(model: BaseMarket) -> Floats:
    """Clients whose agent work the platform serves; 0 while no agent platform is open."""
    return model.state.platforms.users.sum(axis=-1)


@curve("share", "vendor")
def agent_token_share(model: BaseMarket) -> Floats:
    """Share of the platform tokens asked for by agent work.

    All 0 where there is none.
    """
    agents = model.rules(agent_kinds)
    asked = model.volumes.by_kind[..., agents, : model.world.n_api].sum(axis=-2)
    return market_shares(by_platform(model, asked))


@curve("yuan/month", "vendor")
def agent_subsidies(model: BaseMarket) -> Floats:
    """Money paid to new builders."""
    return model.account.subsidies * MILLION


@curve("models", "family")
def derivatives(model: BaseMarket) -> Floats:
    """Derivative models of each open family."""
    return model.state.derivatives * model.state.weights_open


@curve("point", "family")
def capability(model: BaseMarket) -> Floats:
    """Capability of each family, contributions included, by the tokens asked for by kind."""
    asked = model.state.tokens_by_kind
    weight = ratio(asked, asked.sum(axis=-1, keepdims=True), 1.0 / asked.shape[-1])
    return (model.capability * weight[..., None, :]).sum(axis=-1)


@curve("tokens", "family")
def context_window(model: BaseMarket) -> Floats:
    """Context window of each family."""
    return model.state.context


@curve("yuan/month", "vendor")
def research_spending(model: BaseMarket) -> Floats:
    """Money put into research."""
    return model.state.research * MILLION


@curve("steps", "vendor")
def research_steps(model: BaseMarket) -> Floats:
    """Steps up the quality ladder since the start."""
    return model.state.research_steps.astype(np.float64)


@curve("yuan/month", "vendor")
def cannibalised_margin(model: BaseMarket) -> Floats:
    """API margin that an owner misses on tokens of its families that others serve.

    Tokens that clients run themselves or rivals serve x (own price paid - own accounting cost), at
    the owner's present price and volume: lost revenue, not cash, and an upper bound, as not all of
    these tokens would have come to the owner. Negative where the owner sells below cost.
    """
    world, n, end = model.world, model.world.n_api, model.world.rent_start
    family, families = world.family[:end], len(world.families)
    own = (world.calls & (world.platform == world.family_owner))[:end]
    elsewhere = sums_by_group(np.where(own, 0.0, family_tokens_of_offers(model)), family, families)
    sold = own[:n] & model.state.hosting[..., :n]  # at most one call of each family
    margin = sums_by_group(np.where(sold, unit_margin(model), 0.0), family[:n], families)
    return sums_by_group(elsewhere * margin, world.owner, world.n_vendors)
