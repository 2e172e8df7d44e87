"""Agent platforms: who joins, how agents grow, and what they are worth to clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.agent_platforms import (
    next_agents,
    platform_worth,
    subsidised_builders,
    willing_builders,
)
from sim.market.agent_users import count_agent_users, marks_of
from sim.market.marks import VALUES, bytes_of
from sim.market.population import FIXED_POINT
from sim.market.shared import shared
from sim.market.threads import added, apart, over_ranges
from sim.market.world import World
from sim.strategies.agents.base import SIDES, AgentView, Launch

if TYPE_CHECKING:
    from sim.market.model import MarketModel
    from sim.scenario.schema.scenario import Scenario

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
MILLION = 1e6


@dataclass
class AgentPlatforms:
    """Arrays (V, S) by platform and side (see `SIDES`) unless said otherwise."""

    open: Bools
    agents: Floats
    builders: Floats
    days: Floats  # to build an agent
    portability: Floats
    joining: Floats  # builders that join this month
    users: Floats  # clients whose agent work the platform serves; 0 while no platform is open
    clients: Floats  # (S,) clients that have begun agent work, wherever

    def launch(self, v: int, opened: Launch) -> None:
        """Open sides of a platform; agents and builders are added to what is there."""
        for s in np.flatnonzero(opened.sides):
            self.open[v, s] = True
            self.agents[v, s] += opened.agents
            self.builders[v, s] += opened.builders
            self.portability[v, s] = opened.portability
            if opened.days_to_build is not None:
                self.days[v, s] = opened.days_to_build


def no_platforms(scenario: Scenario, world: World) -> AgentPlatforms:
    """Nobody has opened a platform yet."""
    shape = (world.n_vendors, len(SIDES))
    return AgentPlatforms(
        open=np.zeros(shape, bool),
        agents=np.zeros(shape),
        builders=np.zeros(shape),
        days=np.full(shape, scenario.agents.days_to_build),
        portability=np.zeros(shape),
        joining=np.zeros(shape),
        users=np.zeros(shape),
        clients=np.zeros(len(SIDES)),
    )


def active(model: MarketModel) -> bool:
    """Whether anybody has an agent platform."""
    on = model.scenario.mechanisms.agent_platforms
    return on and bool(np.count_nonzero(model.state.platforms.open))


def side_of_cells(model: MarketModel) -> npt.NDArray[np.int64]:
    """(cells,) place in `SIDES` of the side that serves the clients of each cell; read-only."""
    return shared(model.scenario, "sides", lambda: _side_of_cells(model))


def _side_of_cells(model: MarketModel) -> npt.NDArray[np.int64]:
    creators = model.scenario.agents.creator_segments
    names = ["creators" if s in creators else "enterprises" for s in model.world.segments]
    sides = [SIDES.index(name) for name in names]
    return np.repeat(np.array(sides, np.int64), len(model.world.regions))


def open_platforms(model: MarketModel) -> None:
    """Vendors whose agent strategy begins open what it names."""
    if not model.scenario.mechanisms.agent_platforms:
        return
    for vendor in model.vendors.values():
        if vendor.launched is not vendor.agents:
            vendor.launched = vendor.agents
            opened = vendor.agents.launch()
            if opened is not None:
                model.state.platforms.launch(vendor.index, opened)


def agent_view(model: MarketModel) -> AgentView:
    """Last month's agent platforms as a read-only snapshot."""
    held = model.state.platforms
    names = ("open", "agents", "builders", "users", "portability", "clients")
    arrays = {name: getattr(held, name).copy() for name in names}
    for array in arrays.values():
        array.flags.writeable = False
    return AgentView(month=model.month, **arrays)


def decide_agents(model: MarketModel) -> None:
    """Part of phase `decide`: platforms open, all vendors at once say what they pay builders.

    Who joins follows from last month's users, so that the month's bill is known when it is settled.
    """
    open_platforms(model)
    if not active(model):
        return
    held, table = model.state.platforms, model.scenario.agents
    willing = willing_builders(
        held.builders,
        np.where(held.open, held.users, 0.0),
        table.builders_per_user,
        table.innovation,
        table.imitation,
    )
    held.joining = willing
    paying = [vendor for vendor in model.vendors.values() if vendor.agents.pays]
    if not paying:
        return
    subsidy, budget, view = np.zeros(willing.shape), np.zeros(len(willing)), agent_view(model)
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
    held.joining = joined.builders
    if joined.paid.any():
        model.charge("agents", joined.paid / MILLION)


def grow_agents(model: MarketModel) -> None:
    """Part of phase `grow`: users are counted, agents are made, builders come and go."""
    if not active(model):
        return
    _count_users(model)
    held, table = model.state.platforms, model.scenario.agents
    key = held.open.tobytes(), held.days.tobytes()
    held.agents = next_agents(
        held.agents,
        held.users,
        held.builders,
        model.memo.of(
            "pace of agents", key, lambda: np.where(held.open, table.days_to_build / held.days, 0.0)
        ),
        table.by_users,
        table.by_builders,
        table.retirement,
    )
    held.builders = (1.0 - table.departure) * held.builders + held.joining


def count_users(model: MarketModel) -> None:
    """Clients by the platforms that serve their agent work, and all that have begun any."""
    if active(model):
        _count_users(model)


def _count_users(model: MarketModel) -> None:
    v, spaces = model.world.n_vendors, model.spaces
    by_byte = apart(len(spaces), (len(SIDES), bytes_of(v + 1), VALUES))
    each = apart(len(spaces), (len(SIDES), v + 1))
    marks = shared(model.scenario, "agent marks", lambda: marks_of(model.world, agent_kinds(model)))
    market = model.columns, model.choices, marks, side_of_cells(model)

    def part(p: int, begin: int, end: int) -> None:
        count_agent_users(begin, end, *market, spaces[p].usage, by_byte[p], each[p])

    over_ranges(model.population.n_clients, len(each), part)
    counts = added(each).T
    model.state.platforms.users = counts[:v] / FIXED_POINT
    model.state.platforms.clients = counts[v] / FIXED_POINT


def agent_kinds(model: MarketModel) -> Bools:
    """(K,) kinds of work that agents do."""
    tables, names = model.scenario.kinds, model.world.kinds
    return shared(
        model.scenario,
        "agent kinds",
        lambda: np.array([tables[name].agent_work > 0.0 for name in names], bool),
    )


def agent_weights(model: MarketModel) -> Floats | None:
    """(cells, K, V) phi of each segment, kind of work and platform; None where all are 0."""
    scenario, world = model.scenario, model.world
    if scenario.agents.weight == 0.0 or not scenario.mechanisms.agent_platforms:
        return None
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
    return np.repeat(weights, len(world.regions), axis=0)


def agent_utility(model: MarketModel, weights: Floats) -> Floats:
    """(cells, K, J): phi ln(1 + usable agents / scale) of model calls, 0 of other offers.

    Agents of the other side count by `cross_side`.
    """
    world = model.world
    worth = agent_worth(model).T[side_of_cells(model)]
    out = np.zeros((*weights.shape[:2], world.n_offers))
    platform = world.platform[: world.n_api]
    out[:, :, : world.n_api] = (weights * worth[:, None, :])[:, :, platform]
    return out


def agent_worth(model: MarketModel) -> Floats:
    """(V, S): ln(1 + usable agents / scale) for clients of each side."""
    held, table = model.state.platforms, model.scenario.agents
    if not np.count_nonzero(held.open):
        return np.zeros(held.open.shape)
    return platform_worth(held.agents, held.portability, held.open, table.cross_side, table.scale)
