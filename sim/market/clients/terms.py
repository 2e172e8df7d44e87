"""What the scenario says of choices, and room for the tables of a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.concentration import fading_age
from sim.economics.demand import price_term
from sim.market.clients.columns import MonthTerms
from sim.market.clients.presence import agent_side
from sim.market.ecosystem.agents import agent_weights
from sim.market.world import API, HOST, NONE, World

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TermRules:
    """What the scenario says of choices: (K,) by kind of work, (J,) by offer."""

    rents: npt.NDArray[np.bool_]  # (V + 2,) platforms that rent accelerators
    always: npt.NDArray[np.bool_]  # (cells, J) offers that the rules of a segment let it take
    while_open: npt.NDArray[np.bool_]  # (cells, J) the same only of open families
    constant: Floats  # (cells, J) appeals, sector roots, control and privacy
    theta: Floats  # (cells, K) weight of capability
    gamma: Floats  # (cells,) weight of communities
    agents: Floats  # (cells, K, V) weight of agents, empty where all are 0
    side: npt.NDArray[np.int64]  # (cells,) of agent platforms
    growing: Floats  # (months + 1, K) log growth of demand
    n0: Floats
    discount: Floats
    hazard: Floats  # (2, J) ordinary clients, key accounts
    hours_kind: npt.NDArray[np.bool_]
    triggers: bool
    reliability: float
    outside: float
    reference: float  # price term of the reference price of postponing
    reference_rent: float
    reference_price: float
    rent_factor: Floats  # (V + 1,) on the market rent, own machines last
    lowest_price: float
    card_hours: float
    host_use: float  # utilisation that clients reach on cards of their own
    price_shift: float
    box_cox: float
    triggered: float
    price_rise: float
    level: float


def new_terms(scenario: Scenario, world: World) -> MonthTerms:
    """Room for the tables of a month; what does not change is there."""
    demand, on = scenario.demand, scenario.mechanisms
    c, k, j = world.n_cells, len(world.kinds), world.n_offers
    kinds = [scenario.kinds[name] for name in world.kinds]
    rho = demand.nest_correlation
    return MonthTerms(
        open=np.zeros((c, j), bool),
        base=np.zeros((c, k, j)),
        unit_price=np.zeros(j),
        price=np.zeros(j),
        home_bonus=_home_bonus(scenario, world),
        switching=_switching_costs(scenario, world),
        log_context=np.zeros(j),
        cut_up=np.array([t.cut_up_penalty if on.long_documents else 0.0 for t in kinds]),
        awareness=np.ones((c, world.n_vendors)),
        host_cost=np.zeros(j),
        operations=demand.self_hosting.operations_cost,
        none_base=np.zeros((c, k)),
        none_slope=np.zeros(k),
        hours_kind=_hours_kind(scenario, world),
        rho=np.array([rho.api, rho.host, rho.rent, 0.0]),
        adopted=np.zeros(k),
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


def term_rules(scenario: Scenario, world: World) -> TermRules:
    """The scenario's rules of choice."""
    demand, on = scenario.demand, scenario.mechanisms
    segments = [scenario.segments[name] for name in world.segments]
    kinds = [scenario.kinds[name] for name in world.kinds]
    outside, usage, review = demand.outside, demand.usage, demand.review
    hours_kind = _hours_kind(scenario, world)
    capability = np.array([segment.capability_factor for segment in segments])
    theta = np.outer(capability, [kind.capability_weight for kind in kinds])
    tables = [scenario.vendors[name] for name in world.vendors]
    rents, factors = [t.rents for t in tables], [t.rent_factor for t in tables]
    always, while_open = _eligibility(scenario, world)
    sides = [agent_side(scenario, name) for name in world.segments]
    return TermRules(
        rents=np.array([*rents, True, True], bool),
        always=always,
        while_open=while_open,
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
        rent_factor=np.array([*factors, demand.self_hosting.own_machine_factor]),
        lowest_price=scenario.decisions.lowest_price,
        card_hours=scenario.supply.card_hours,
        host_use=demand.self_hosting.utilisation,
        price_shift=demand.price_shift,
        box_cox=demand.box_cox,
        triggered=review.triggered,
        price_rise=review.price_rise_trigger,
        level=review.reliability_trigger,
    )


def _hours_kind(scenario: Scenario, world: World) -> npt.NDArray[np.bool_]:
    """(K,) kinds of work that rent accelerators."""
    kinds = [scenario.kinds[name] for name in world.kinds]
    return np.array([kind.unit == "accelerator_hours" for kind in kinds], bool)


def _home_bonus(scenario: Scenario, world: World) -> Floats:
    """(V + 1, J) what a client's home cloud adds to the offers of its platform, by home + 1."""
    bonus = np.zeros((world.n_vendors + 1, world.n_offers))
    if scenario.mechanisms.home_cloud:
        eta = scenario.demand.home_bonus
        for v, name in enumerate(world.vendors):
            pull = scenario.vendors[name].stack.integration
            by_channel = eta.api * pull.api, eta.host * pull.host, eta.rent * pull.rent, 0.0
            own = world.platform == v
            bonus[v + 1, own] = np.array(by_channel)[world.channel[own]]
    return bonus


def _switching_costs(scenario: Scenario, world: World) -> Floats:
    """(J + 1, J) utility lost by moving, by offer left + 1: row 0 is of clients without one.

    The cost of the new offer's channel on another platform, and that of another family; nothing
    from or to postponing.
    """
    kappa, channel = scenario.demand.switching_cost, world.channel
    by_channel = np.array([kappa.api, kappa.host, kappa.rent, 0.0])[channel]
    cost = by_channel * (world.platform[:, None] != world.platform)
    cost += kappa.family * (world.family[:, None] != world.family)
    if not scenario.mechanisms.switching_costs:
        cost[:] = 0.0
    cost[channel == NONE] = 0.0
    return np.vstack([np.zeros(world.n_offers), cost])


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


def _eligibility(
    scenario: Scenario, world: World
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(cells, J) offers that clients may take at all times, and those only of open families."""
    cells = [(segment, region) for segment in world.segments for region in world.regions]
    always = np.ones((len(cells), world.n_offers), bool)
    while_open = np.zeros_like(always)
    for c, (segment, region) in enumerate(cells):
        rules = scenario.segments[segment].rules
        for j in range(world.n_offers - 1):
            v = world.platform[j]
            if v < world.n_vendors:
                table = scenario.vendors[world.vendors[v]]
                excluded = world.vendors[v] in scenario.regions[region].excluded_vendors
                foreign = table.foreign or table.model_company
                if excluded or ("data_residency" in rules and foreign):
                    always[c, j] = False
            if "open_weights_only" in rules and world.channel[j] == API and always[c, j]:
                always[c, j], while_open[c, j] = False, True
    return always, while_open
