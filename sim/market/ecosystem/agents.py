"""Agent platforms: who joins, how agents grow, and what they are worth to clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.networks import (
    next_agents,
    platform_worth,
    subsidised_builders,
    willing_builders,
)
from sim.market.clients.presence import masks_of
from sim.market.world import MarketLayout
from sim.strategies.agents import AgentView

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]
MILLION = 1e6


def active(model: BaseMarket) -> bool:
    """Whether anybody has an agent platform."""
    on = model.scenario.mechanisms.agent_platforms
    return on and bool(np.count_nonzero(model.state.platforms.open))


def open_platforms(model: BaseMarket) -> None:
    """Vendors whose agent strategy begins open what it names."""
    if not model.scenario.mechanisms.agent_platforms:
        return
    for vendor in model.vendors.values():
        if vendor.launched is not vendor.agents:
            vendor.launched = vendor.agents
            opened = vendor.agents.launch()
            if opened is not None:
                model.state.platforms.launch(vendor.index, opened)


def agent_view(model: BaseMarket) -> AgentView:
    """Last month's agent platforms as a read-only snapshot."""
    held = model.state.platforms
    names = ("open", "agents", "builders", "users", "portability", "clients")
    arrays = {name: getattr(held, name).copy() for name in names}
    for array in arrays.values():
        array.flags.writeable = False
    return AgentView(month=model.month, **arrays)


def decide_agents(model: BaseMarket) -> None:
    """Part of phase `decide`: platforms open, all vendors at once say what they pay builders.

    Who joins follows from last month's users, so that the month's bill is known when it is settled.
    """
    open_platforms(model)
    if not active(model):
        return
    held, table = model.state.platforms, model.scenario.agents
    users = np.where(held.open, held.users, 0.0)
    rates = table.builders_per_user, table.innovation, table.imitation
    willing = willing_builders(held.builders, users, *rates)
    held.joining[:] = willing
    paying = [vendor for vendor in model.vendors.values() if vendor.agents.pays]
    if not paying:
        return
    view = agent_view(model)
    subsidy, budget = np.zeros(willing.shape), np.zeros(len(willing))
    for vendor in paying:
        offer = vendor.agents.funded(view, vendor.agent_books())
        subsidy[vendor.index], budget[vendor.index] = offer.per_builder, offer.budget
    there = held.builders + willing
    left = np.maximum(table.builders_per_user * held.clients - there, 0.0)
    joined = subsidised_builders(
        willing,
        np.where(held.open, left, 0.0),
        subsidy,
        budget * MILLION,
        table.subsidy_reach,
        table.subsidy_scale,
    )
    held.joining[:] = joined.builders
    if joined.paid.any():
        model.charge("agents", joined.paid / MILLION)


def count_users(model: BaseMarket) -> None:
    """Clients by the platforms that serve their agent work, and all that have begun any."""
    if active(model):
        counted = model.counted(model.presence.agent_users)
        model.state.platforms.users[:] = counted[:, :-1].T
        model.state.platforms.clients[:] = counted[:, -1]


def grow_agents(model: BaseMarket) -> None:
    """Part of phase `grow`: users are counted, agents are made, builders come and go."""
    if not active(model):
        return
    count_users(model)
    held, table = model.state.platforms, model.scenario.agents
    pace = np.where(held.open, table.days_to_build / held.days, 0.0)
    rates = table.by_users, table.by_builders, table.retirement
    held.agents[:] = next_agents(held.agents, held.users, held.builders, pace, *rates)
    held.builders[:] = (1.0 - table.departure) * held.builders + held.joining


def agent_weights(scenario: Scenario, world: MarketLayout) -> Floats:
    """(cells, K, n_api) phi of a segment, kind of work and call's platform; empty if all are 0."""
    if scenario.agents.weight == 0.0 or not scenario.mechanisms.agent_platforms:
        return np.zeros((0, 0, 0))
    work = np.array([scenario.kinds[name].agent_work for name in world.kinds])
    fit = np.array(
        [
            [
                scenario.segments[s].agent_factor * scenario.vendors[v].agent_fit.get(s, 1.0)
                for v in world.vendors
            ]
            for s in world.segments
        ]
    )
    weights = scenario.agents.weight * work[None, :, None] * fit[:, None, :]
    return np.repeat(weights, len(world.regions), axis=0)[:, :, world.platform[: world.n_api]]


def agent_utility(model: BaseMarket, weights: Floats) -> Floats:
    """(cells, K, n_api): phi ln(1 + usable agents / scale) of model calls.

    Agents of the other side count by `cross_side`.
    """
    world, held, table = model.world, model.state.platforms, model.scenario.agents
    facts = held.agents, held.portability, held.open
    worth = platform_worth(*facts, table.cross_side, table.scale).T
    side, platform = model.rules(masks_of).side, world.platform[: world.n_api]
    return weights * worth[side[:, None], platform][:, None, :]
