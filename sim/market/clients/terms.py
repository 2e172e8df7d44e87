"""The tables of a month from which every choice is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.concentration import fading_age
from sim.economics.demand import price_term
from sim.market.clients.columns import Layout, Terms
from sim.market.clients.presence import agent_side
from sim.market.clients.tables import (
    ALWAYS,
    WHILE_OPEN,
    fill_calls,
    fill_hazard,
    fill_hosting,
    fill_open,
    fill_progress,
    fill_utilities,
)
from sim.market.ecosystem.agents import AgentRules, agent_weights, fill_worth
from sim.market.ecosystem.communities import Communities, CommunityRules, fill_communities
from sim.market.state import MarketState
from sim.market.supply.costs import CostRules
from sim.market.world import API, HOST, NONE, World
from sim.numeric.arrays import Cube, Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel
from sim.numeric.elementary import log1p

if TYPE_CHECKING:
    from sim.market.model import MarketModel
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]


class TermRules(Bundle):
    """What the scenario says of choices: (K,) by kind of work, (J,) by offer."""

    rents: Vector[np.bool_]  # (V + 2,) platforms that rent accelerators
    eligible: Matrix[np.int8]  # (cells, J) 0 never, else `ALWAYS` or `WHILE_OPEN`
    constant: Matrix[np.float64]  # (cells, J) appeals, sector roots, control and privacy
    theta: Matrix[np.float64]  # (cells, K) weight of capability
    gamma: Vector[np.float64]  # (cells,) weight of communities
    agents: Cube[np.float64]  # (cells, K, V) weight of agents, empty where all are 0
    side: Vector[np.int64]  # (cells,) of agent platforms
    growing: Matrix[np.float64]  # (months + 1, K) log growth of demand
    n0: Vector[np.float64]
    discount: Vector[np.float64]
    hazard: Matrix[np.float64]  # (2, J) ordinary clients, key accounts
    hours_kind: Vector[np.bool_]
    triggers: bool
    reliability: float
    outside: float
    reference: float  # price term of the reference price of postponing
    reference_rent: float
    reference_price: float
    own_rent: float  # of own machines, part of the market rent
    lowest_price: float
    card_hours: float
    host_use: float  # utilisation that clients reach on cards of their own
    price_shift: float
    box_cox: float
    triggered: float
    price_rise: float
    level: float


class TermRoom(Bundle):
    """Room for what the terms are made from."""

    known: Matrix[np.float64]  # (R, F) ln(1 + D / scale)
    usable: Matrix[np.float64]  # (V, S)
    worth: Matrix[np.float64]  # (V, S)
    lead: Matrix[np.float64]  # (K, J) capability over the mean
    near: Vector[np.float64]  # (J,) worth of the community, of one cell
    relied: Vector[np.float64]  # (J,) worth of the platform's reliability


class TermsBuilder:
    """Keeps what does not change in a run and fills in the rest each month.

    Attributes
    ----------
    rules
        What the scenario says.
    terms
        The tables of the month, filled in place.
    """

    def __init__(self, model: MarketModel) -> None:
        self.model = model
        self.rules = model.fixed("term rules", lambda: term_rules(model.scenario, model.world))
        self.terms = new_terms(model, self.rules)
        world, held = model.world, model.state.platforms
        known, lead = (len(world.regions), len(world.families)), (len(world.kinds), world.n_offers)
        sizes = known, held.open.shape, held.open.shape, lead, world.n_offers, world.n_offers
        self.room = TermRoom(*(np.zeros(size) for size in sizes))

    def build(self) -> Terms:
        """The tables of this month as the market is now."""
        model = self.model
        rules = self.rules, model.cost_rules, model.community_rules, model.agent_rules
        market = model.layout, model.state, model.communities
        self.terms.auctions = model.bidding.open
        fill_terms(model.month, *rules, *market, self.room, self.terms)
        return self.terms


def new_terms(model: MarketModel, rules: TermRules) -> Terms:
    """Room for the tables of a month; what does not change is there."""
    world, demand, on = model.world, model.scenario.demand, model.scenario.mechanisms
    c, k, j = world.n_cells, len(world.kinds), world.n_offers
    kinds = [model.scenario.kinds[name] for name in world.kinds]
    kappa, rho = demand.switching_cost, demand.nest_correlation
    costs = np.array([kappa.api, kappa.host, kappa.rent, 0.0])[world.channel]
    return Terms(
        open=np.zeros((c, j), bool),
        base=np.zeros((c, k, j)),
        price=np.zeros(j),
        home_bonus=_home_bonus(model),
        platform_cost=(1.0 if on.switching_costs else 0.0) * costs,
        family_cost=kappa.family if on.switching_costs else 0.0,
        log_context=np.zeros(j),
        cut_up=np.array([t.cut_up_penalty if on.long_documents else 0.0 for t in kinds]),
        awareness=model.awareness,
        host_cost=np.zeros(j),
        operations=demand.self_hosting.operations_cost,
        none_base=np.zeros((c, k)),
        none_slope=np.zeros(k),
        hours_kind=rules.hours_kind,
        rho=np.array([rho.api, rho.host, rho.rent, 0.0]),
        adopted=model.state.adopted,
        hazard=np.zeros((2, j)),
        price_shift=demand.price_shift,
        box_cox=demand.box_cox,
        mean_price_term=0.0,
        welfare=np.zeros((c, k)),
        log_price_ratio=np.zeros(j),
        elasticity=np.array([t.usage_elasticity if on.usage_response else 0.0 for t in kinds]),
        log_growth=np.zeros(k),
        adjustment=demand.usage.adjustment,
        unit_hours=np.zeros(j),
        auctions=False,
    )


@kernel
def fill_terms(
    month: int,
    rules: TermRules,
    costs: CostRules,
    communities: CommunityRules,
    agents: AgentRules,
    layout: Layout,
    state: MarketState,
    met: Communities,
    room: TermRoom,
    terms: Terms,
) -> None:
    """All tables of a month."""
    fill_communities(communities, state, met)
    for f in range(room.known.shape[1]):
        for r in range(room.known.shape[0]):
            room.known[r, f] = log1p(met.met[r, f] / communities.scale)
    if len(rules.agents) > 0:
        fill_worth(agents, state.platforms, room.usable, room.worth)
    fill_open(rules, layout, state, terms)
    fill_calls(rules, layout, state, terms)
    hours = rules.card_hours / (costs.throughput[month] * rules.host_use)
    fill_hosting(rules, layout, state, hours, met.ease, terms)
    fill_progress(rules, month, state, terms)
    fill_utilities(rules, layout, state, room, terms.base)
    fill_hazard(rules, layout, state, terms.hazard)


def term_rules(scenario: Scenario, world: World) -> TermRules:
    """The scenario's rules of choice."""
    demand, on = scenario.demand, scenario.mechanisms
    segments = [scenario.segments[name] for name in world.segments]
    kinds = [scenario.kinds[name] for name in world.kinds]
    outside, usage, review = demand.outside, demand.usage, demand.review
    hours_kind = np.array([kind.unit == "accelerator_hours" for kind in kinds], bool)
    capability = np.array([segment.capability_factor for segment in segments])
    theta = np.outer(capability, [kind.capability_weight for kind in kinds])
    rents = [scenario.vendors[name].rents for name in world.vendors]
    sides = [agent_side(scenario, name) for name in world.segments]
    return TermRules(
        rents=np.array([*rents, True, True], bool),
        eligible=_eligibility(scenario, world),
        constant=_constants(scenario, world),
        theta=np.repeat(theta, len(world.regions), axis=0),
        gamma=_community_weights(scenario, world),
        agents=agent_weights(scenario, world),
        side=np.repeat(np.array(sides, np.int64), len(world.regions)),
        growing=_growth(scenario, world),
        n0=np.where(hours_kind, outside.rent_n0, outside.n0),
        discount=np.where(hours_kind, 0.0, outside.discount),
        hazard=_hazards(scenario, world),
        hours_kind=hours_kind,
        triggers=on.triggers,
        reliability=demand.reliability_weight if on.reliability else 0.0,
        outside=outside.discount,
        reference=float(price_term(outside.reference_price, demand.box_cox, demand.price_shift)),
        reference_rent=usage.reference_rent,
        reference_price=usage.reference_price,
        own_rent=demand.self_hosting.own_machine_factor,
        lowest_price=scenario.decisions.lowest_price,
        card_hours=scenario.supply.card_hours,
        host_use=demand.self_hosting.utilisation,
        price_shift=demand.price_shift,
        box_cox=demand.box_cox,
        triggered=review.triggered,
        price_rise=review.price_rise_trigger,
        level=review.reliability_trigger,
    )


def _home_bonus(model: MarketModel) -> Floats:
    """(J,) what a client's home cloud adds, by channel and by the vendor's integration."""
    world, eta = model.world, model.scenario.demand.home_bonus
    home = np.array([eta.api, eta.host, eta.rent, 0.0])[world.channel]
    pull = np.ones((world.n_vendors + 2, 4))
    for v, name in enumerate(world.vendors):
        table = model.scenario.vendors[name].stack.integration
        pull[v, :3] = table.api, table.host, table.rent
    home = home * pull[world.platform, world.channel]
    return home if model.scenario.mechanisms.home_cloud else np.zeros_like(home)


def _hazards(scenario: Scenario, world: World) -> Floats:
    """(2, J) review hazards of ordinary clients and key accounts."""
    review, channel = scenario.demand.review, world.channel
    hazard = np.array([review.api, review.host, review.rent, review.none])[channel]
    return np.stack([hazard, np.where(channel == NONE, review.none, review.key_account)])


def _community_weights(scenario: Scenario, world: World) -> Floats:
    """(cells,) gamma."""
    gamma = scenario.demand.community_weight if scenario.mechanisms.communities else 0.0
    segments = [gamma * scenario.segments[name].community_factor for name in world.segments]
    near = [scenario.regions[name].community_factor for name in world.regions]
    return np.repeat(segments, len(near)) * np.tile(near, len(segments))


def _growth(scenario: Scenario, world: World) -> Floats:
    """(months + 1, K) log of the volume against that of the first month."""
    kinds = [scenario.kinds[name] for name in world.kinds]
    growth = np.array([kind.growth for kind in kinds])
    slowdown = [kind.growth_slowdown for kind in kinds]
    return growth * fading_age(slowdown, scenario.calendar.months)


def _constants(scenario: Scenario, world: World) -> Floats:
    """(cells, J): platform and family constants, sector roots, control and privacy."""
    cells = [name for name in world.segments for _ in world.regions]
    out = np.zeros((len(cells), world.n_offers))
    for c, segment in enumerate(cells):
        for j in range(world.n_offers - 1):
            v, f, channel = world.platform[j], world.family[j], world.channel[j]
            value = 0.0
            if v < world.n_vendors:
                table = scenario.vendors[world.vendors[v]]
                value = (table.appeal.api, table.appeal.host, table.appeal.rent)[channel]
                value += table.roots.get(segment, 0.0)
            if channel == HOST:
                value += scenario.demand.self_hosting.appeal
                value += scenario.segments[segment].self_host_appeal
            if channel == API and world.owner[f] == v:
                value += scenario.families[world.families[f]].appeal
            out[c, j] = value
    return out


def _eligibility(scenario: Scenario, world: World) -> npt.NDArray[np.int8]:
    """(cells, J) whether the rules of a segment let its clients take an offer."""
    cells = [(segment, region) for segment in world.segments for region in world.regions]
    out = np.full((len(cells), world.n_offers), ALWAYS, np.int8)
    for c, (segment, region) in enumerate(cells):
        rules = scenario.segments[segment].rules
        for j in range(world.n_offers - 1):
            v = world.platform[j]
            if v < world.n_vendors:
                table = scenario.vendors[world.vendors[v]]
                if world.vendors[v] in scenario.regions[region].excluded_vendors:
                    out[c, j] = 0
                if "data_residency" in rules and (table.foreign or table.model_company):
                    out[c, j] = 0
            if "open_weights_only" in rules and world.channel[j] == API and out[c, j]:
                out[c, j] = WHILE_OPEN
    return out
