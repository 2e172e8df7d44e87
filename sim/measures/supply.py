"""Accelerators and how well they serve, agent platforms, research, the open ecosystem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.concentration import market_shares
from sim.market.recorder import Floats, curve
from sim.market.supply.serving import platform_sums
from sim.market.vendors.information import MILLION
from sim.measures.money import unit_margin
from sim.measures.tokens import by_platform, family_tokens_of_offers
from sim.numeric.arrays import ratio, sums_by_group
from sim.numeric.portable import exp

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario

CREATORS, ENTERPRISES = 0, 1


def by_vendor(model: BaseMarket, values: Floats) -> Floats:
    """(..., V) sums by platform of a number for each offer (..., J)."""
    return platform_sums(model.world, values)[..., : model.world.n_vendors]


@curve("cards", "vendor")
def own_cards(model: BaseMarket) -> Floats:
    """Self-made accelerators."""
    return model.state.own_cards


@curve("cards", "vendor")
def external_cards(model: BaseMarket) -> Floats:
    """Bought accelerators."""
    return model.state.external_cards


@curve("share", "vendor")
def utilisation(model: BaseMarket) -> Floats:
    """Customers' load over the cards there are for them, at most 1."""
    return model.state.utilisation


@curve("share", "vendor")
def reliability(model: BaseMarket) -> Floats:
    """Remembered served / demanded."""
    return model.state.reliability


@curve("million tokens or card-hours/month", "vendor")
def unserved_demand(model: BaseMarket) -> Floats:
    """Asked of the platform, served by nobody."""
    return by_vendor(model, model.volumes.lost)


@curve("-", "vendor")
def attention(model: BaseMarket) -> Floats:
    """Attention left from events."""
    return model.state.attention


@curve("million tokens", "vendor")
def experience(model: BaseMarket) -> Floats:
    """Tokens served, forgotten over time."""
    return model.state.experience


@curve("developers", "family")
def developers(model: BaseMarket) -> Floats:
    """Developers of each open family, in all regions."""
    state = model.state
    return (state.developers + state.developers_in.sum(axis=-1)) * state.weights_open


@curve("yuan/card-month")
def external_card_price(model: BaseMarket) -> Floats | float:
    """Cost of a bought card: the base, its dated factor and the random shock."""
    factor = model.state.external_cost_factor * exp(model.state.supply_shock)
    return model.scenario.supply.external_card_cost * factor


@curve("share")
def external_availability(model: BaseMarket) -> Floats | float:
    """Bought cards to be had against orders."""
    return model.state.obtainable


@curve("cards/month", "vendor")
def cards_ordered(model: BaseMarket) -> Floats:
    """Cards ordered this month, self-made and bought (0 where capacity does not limit)."""
    return model.state.ordered


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
