"""Agent platforms: who joins, how agents grow, and what they are worth to clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.networks import add_usable, agents_after, platform_worth, subsidised_builders
from sim.economics.usage import bass_next
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.presence import Presence
from sim.market.world import World
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel, step
from sim.numeric.elementary import log1p
from sim.strategies.agents import SIDES, AgentView, Launch

if TYPE_CHECKING:
    from sim.market.model import MarketModel
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
MILLION = 1e6


class AgentPlatforms(Bundle):
    """Arrays (V, S) by platform and side (see `SIDES`) unless said otherwise."""

    open: Matrix[np.bool_]
    agents: Matrix[np.float64]
    builders: Matrix[np.float64]
    days: Matrix[np.float64]  # to build an agent
    portability: Matrix[np.float64]
    joining: Matrix[np.float64]  # builders that join this month
    users: Matrix[np.float64]  # clients whose agent work it serves; 0 while none is open
    clients: Vector[np.float64]  # (S,) clients that have begun agent work, wherever

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


class AgentRules(Bundle):
    """What the scenario says of agent platforms."""

    on: bool
    builders_per_user: float
    innovation: float
    imitation: float
    departure: float
    days_to_build: float
    by_users: float
    by_builders: float
    retirement: float
    cross_side: float
    scale: float


def agent_rules(model: MarketModel) -> AgentRules:
    """The scenario's rules of agent platforms."""
    table = model.scenario.agents
    names = AgentRules._fields[1:]
    on = model.scenario.mechanisms.agent_platforms
    return AgentRules(on, *(float(getattr(table, name)) for name in names))


def active(model: MarketModel) -> bool:
    """Whether anybody has an agent platform."""
    return model.agent_rules.on and bool(np.count_nonzero(model.state.platforms.open))


@step
def any_open(rules, held):  # type: ignore[no-untyped-def]
    """`active`."""
    found = False
    for v in range(held.open.shape[0]):
        for s in range(held.open.shape[1]):
            found |= held.open[v, s]
    return rules.on and found


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
    welcome_willing(model.agent_rules, held)
    paying = [vendor for vendor in model.vendors.values() if vendor.agents.pays]
    if not paying:
        return
    willing, view = held.joining.copy(), agent_view(model)
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
    held.joining = joined.builders
    if joined.paid.any():
        model.charge("agents", joined.paid / MILLION)


@kernel
def welcome_willing(rules: AgentRules, held: AgentPlatforms) -> None:
    """Builders that join by themselves, as `sim.economics.networks.willing_builders`."""
    for v in range(held.open.shape[0]):
        for s in range(held.open.shape[1]):
            users, now = held.users[v, s] if held.open[v, s] else 0.0, held.builders[v, s]
            potential = rules.builders_per_user * users
            grown = bass_next(now, rules.innovation, rules.imitation, potential)
            held.joining[v, s] = grown - now


@step
def count_users(presence, held):  # type: ignore[no-untyped-def]
    """Clients by the platforms that serve their agent work, and all that have begun any."""
    vendors = held.users.shape[0]
    for s in range(held.users.shape[1]):
        for v in range(vendors):
            held.users[v, s] = presence.agent_users[s, v] / FIXED_POINT
        held.clients[s] = presence.agent_users[s, vendors] / FIXED_POINT


@step
def grow_agents(rules, presence, held):  # type: ignore[no-untyped-def]
    """Part of phase `grow`: users are counted, agents are made, builders come and go."""
    if not any_open(rules, held):
        return
    count_users(presence, held)
    makes = rules.by_users, rules.by_builders, rules.retirement
    for v in range(held.open.shape[0]):
        for s in range(held.open.shape[1]):
            pace = rules.days_to_build / held.days[v, s] if held.open[v, s] else 0.0
            users, builders = held.users[v, s], held.builders[v, s]
            held.agents[v, s] = agents_after(held.agents[v, s], users, builders, pace, *makes)
            held.builders[v, s] = (1.0 - rules.departure) * builders + held.joining[v, s]


@kernel
def count_users_alone(rules: AgentRules, presence: Presence, held: AgentPlatforms) -> None:
    """`count_users`, where anybody has an agent platform."""
    if any_open(rules, held):
        count_users(presence, held)


def agent_weights(scenario: Scenario, world: World) -> Floats:
    """(cells, K, V) phi of each segment, kind of work and platform; empty where all are 0."""
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
    return np.repeat(weights, len(world.regions), axis=0)


def agent_utility(model: MarketModel, weights: Floats) -> Floats:
    """(cells, K, J): phi ln(1 + usable agents / scale) of model calls, 0 of other offers.

    Agents of the other side count by `cross_side`.
    """
    world, held, table = model.world, model.state.platforms, model.scenario.agents
    facts = held.agents, held.portability, held.open
    worth = platform_worth(*facts, table.cross_side, table.scale).T[model.marks.side]
    out = np.zeros((*weights.shape[:2], world.n_offers))
    platform = world.platform[: world.n_api]
    out[:, :, : world.n_api] = (weights * worth[:, None, :])[:, :, platform]
    return out


@step
def fill_worth(rules, held, usable, out):  # type: ignore[no-untyped-def]
    """(V, S): ln(1 + usable agents / scale) for clients of each side; `usable` is room."""
    usable[:] = 0.0
    add_usable(held.agents, held.portability, held.open, usable)
    sides = out.shape[1]
    for v in range(out.shape[0]):
        for s in range(sides):
            counted = usable[v, s] + rules.cross_side * usable[v, sides - 1 - s]
            out[v, s] = log1p(counted / rules.scale)
