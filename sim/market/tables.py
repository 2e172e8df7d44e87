"""The tables of a month from which every choice is computed, and what the scenario says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.concentration import fading_age
from sim.economics.demand import box_cox_term, cross_channel_utility, price_term
from sim.economics.networks import network_benefit
from sim.market.clients.columns import MonthTerms
from sim.market.clients.presence import agent_side
from sim.market.ecosystem.agents import agent_utility, agent_weights
from sim.market.ecosystem.communities import communities, community_rules
from sim.market.world import API, HOST, NONE, MarketLayout
from sim.numeric.portable import ln, log2

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]
LINES = ("calls", "agents", "hosting", "rent")  # of business, for demand across channels


@dataclass(frozen=True)
class TermRules:
    """What the scenario says of choices: (K,) by kind of work, (J,) by offer."""

    always: npt.NDArray[np.bool_]  # (cells, J) offers that the rules of a segment let it take
    while_open: npt.NDArray[np.bool_]  # (cells, J) the same only of open families
    constant: Floats  # (cells, J) appeals, sector roots, control and privacy
    theta: Floats  # (cells, K) weight of capability
    gamma: Floats  # (cells,) weight of communities
    agents: Floats  # (cells, K, n_api) weight of agents, empty where all are 0
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
    shift_follows: bool  # p0 follows the price level
    price_shift: float  # p0, or its share of the mean price
    box_cox: float
    triggered: Floats  # (2, J) hazard where something has triggered a review
    price_rise: float
    level: float


def new_terms(scenario: Scenario, world: MarketLayout) -> MonthTerms:
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
        line=lines_of_business(scenario, world),
        cross=_cross_channel(scenario),
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


def term_rules(scenario: Scenario, world: MarketLayout) -> TermRules:
    """The scenario's rules of choice."""
    demand, on = scenario.demand, scenario.mechanisms
    segments = [scenario.segments[name] for name in world.segments]
    kinds = [scenario.kinds[name] for name in world.kinds]
    outside, usage, review = demand.outside, demand.usage, demand.review
    follows = demand.price_shift_rule == "price_level"
    shift = demand.price_shift_share if follows else demand.price_shift
    first_shift = shift * outside.reference_price if follows else shift
    hours_kind = _hours_kind(scenario, world)
    capability = np.array([segment.capability_factor for segment in segments])
    theta = np.outer(capability, [kind.capability_weight for kind in kinds])
    factors = [scenario.vendors[name].rent_factor for name in world.vendors]
    always, while_open = _eligibility(scenario, world)
    sides = [agent_side(scenario, name) for name in world.segments]
    hazard = _hazards(scenario, world)
    return TermRules(
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
        hazard=hazard,
        hours_kind=hours_kind,
        triggers=on.triggers,
        reliability=demand.reliability_weight if on.reliability else 0.0,
        outside=outside.discount,
        reference=float(price_term(outside.reference_price, demand.box_cox, first_shift)),
        reference_rent=usage.reference_rent,
        reference_price=usage.reference_price,
        rent_factor=np.array([*factors, demand.self_hosting.own_machine_factor]),
        lowest_price=scenario.decisions.lowest_price,
        card_hours=scenario.supply.card_hours,
        host_use=demand.self_hosting.utilisation,
        shift_follows=follows,
        price_shift=shift,
        box_cox=demand.box_cox,
        triggered=np.maximum(hazard, review.triggered),
        price_rise=review.price_rise_trigger,
        level=review.reliability_trigger,
    )


def _hours_kind(scenario: Scenario, world: MarketLayout) -> npt.NDArray[np.bool_]:
    """(K,) kinds of work that rent accelerators."""
    kinds = [scenario.kinds[name] for name in world.kinds]
    return np.array([kind.unit == "accelerator_hours" for kind in kinds], bool)


def _home_bonus(scenario: Scenario, world: MarketLayout) -> Floats:
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


def lines_of_business(scenario: Scenario, world: MarketLayout) -> npt.NDArray[np.int64]:
    """(K, J) place in LINES of each offer to each kind of work; 0 of postponing, which has none."""
    line = np.array([LINES.index(name) for name in ("calls", "hosting", "rent", "calls")])
    out = np.tile(line[world.channel], (len(world.kinds), 1))
    for k, name in enumerate(world.kinds):
        if scenario.kinds[name].agent_work > 0.0:
            out[k, world.calls] = LINES.index("agents")
    return out


def _cross_channel(scenario: Scenario) -> Floats:
    """(lines, 2^lines) what the lines that a platform serves add to each line."""
    table = scenario.demand.cross_channel
    weight = table.weight if scenario.mechanisms.cross_channel else 0.0
    factors = np.zeros((len(LINES), len(LINES)))
    for a, first in enumerate(LINES):
        for b, then in enumerate(LINES):
            if a != b:
                factors[a, b] = getattr(table, f"{first}_to_{then}")
    return cross_channel_utility(weight * factors)


def _switching_costs(scenario: Scenario, world: MarketLayout) -> Floats:
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


def _hazards(scenario: Scenario, world: MarketLayout) -> Floats:
    """(2, J) review hazards of ordinary clients and key accounts."""
    review, channel = scenario.demand.review, world.channel
    hazard = np.array([review.api, review.host, review.rent, review.none])[channel]
    return np.stack([hazard, np.where(channel == NONE, review.none, review.key_account)])


def _community_weights(scenario: Scenario, world: MarketLayout) -> Floats:
    """(cells,) gamma."""
    gamma = scenario.demand.community_weight if scenario.mechanisms.communities else 0.0
    segments = [gamma * scenario.segments[name].community_factor for name in world.segments]
    near = [scenario.regions[name].community_factor for name in world.regions]
    return np.repeat(segments, len(near)) * np.tile(near, len(segments))


def _growth(scenario: Scenario, world: MarketLayout) -> Floats:
    """(months + 1, K) log of the volume against that of the first month."""
    kinds = [scenario.kinds[name] for name in world.kinds]
    growth = np.array([kind.growth for kind in kinds])
    slowdown = [kind.growth_slowdown for kind in kinds]
    return growth * fading_age(slowdown, scenario.calendar.months)


def _constants(scenario: Scenario, world: MarketLayout) -> Floats:
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
    scenario: Scenario, world: MarketLayout
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


LEAST = float(np.finfo(np.float64).tiny)  # stands for a price where nothing is on sale


def fill_terms(model: BaseMarket) -> MonthTerms:
    """The tables of this month as the market is now; the same arrays every month."""
    terms, rules, paid = model.terms, model.rules(term_rules), model.paid
    met = communities(model.rules(community_rules), model.state)
    terms.auctions = model.bidding.open
    terms.adopted[:], terms.awareness[:] = model.state.adopted, model.state.awareness
    opened = model.opened
    np.logical_or(rules.always, rules.while_open & opened, out=terms.open)
    terms.open &= model.available(opened)
    fill_prices(model, rules, paid, met.ease, terms)
    fill_progress(model, rules, terms)
    fill_utilities(model, rules, met.met, terms)
    terms.hazard[:] = review_hazards(model, rules, paid)
    return terms


def fill_prices(
    model: BaseMarket, rules: TermRules, paid: Floats, ease: Floats, terms: MonthTerms
) -> None:
    """Price terms against the market's mean price, and logs of prices over the reference.

    Model calls cost their token price. Running a family oneself costs `host_cost` yuan per million
    tokens at skill 1, for `unit_hours` card-hours; own machines cost `own_rent` of the market rent.
    Rented accelerators cost the rent.
    """
    world, state = model.world, model.state
    calls, with_card = slice(0, world.n_api), slice(world.host_start, world.none)
    hosts, rents = slice(world.host_start, world.rent_start), slice(world.rent_start, world.none)
    rent = state.market_rent * rules.rent_factor
    rent[:-1] *= state.rent_premium
    hours = rules.card_hours / (model.supply.throughput[model.month] * rules.host_use)
    family = world.family[hosts]
    terms.unit_hours[hosts] = hours * state.serving_cost[family] * ease[family]
    per_hour = rent / rules.card_hours
    terms.host_cost[hosts] = terms.unit_hours[hosts] * per_hour[world.platform[hosts]]

    per_hour[-1] = 0.0  # nobody is paid for own machines
    terms.unit_price[calls] = paid[calls]
    terms.unit_price[with_card] = per_hour[world.platform[with_card]]

    level = max(state.mean_price, LEAST)
    terms.price_shift = rules.price_shift * level if rules.shift_follows else rules.price_shift
    terms.mean_price_term = box_cox_term(level + terms.price_shift, rules.box_cox)
    shown = price_term(np.maximum(paid[calls], LEAST), rules.box_cox, terms.price_shift)
    terms.price[calls] = shown - terms.mean_price_term
    terms.price[rents] = ln(rent[:-1] / state.market_rent)

    ratio = terms.log_price_ratio[: world.none]
    ratio[calls], ratio[hosts], ratio[rents] = paid[calls], terms.host_cost[hosts], rent[:-1]
    tokens = ratio[: world.rent_start]
    tokens[:] = np.maximum(tokens, rules.lowest_price) / rules.reference_price
    ratio[rents] /= rules.reference_rent
    ratio[:] = ln(ratio)
    with_family = slice(0, world.rent_start)
    terms.log_context[with_family] = log2(state.context)[world.family[with_family]]


def fill_progress(model: BaseMarket, rules: TermRules, terms: MonthTerms) -> None:
    """What postponing is worth, and how far demand has grown, by kind of work.

    `welfare` (cells, K): theta x mean capability. `none_base` (cells, K): n0 - discount x welfare,
    discounted for token work alone. `none_slope` (K,), which multiplies alpha: outside x
    (b(reference) - b(mean price)), or the same of the market rent for accelerator-hours.
    """
    state = model.state
    token_term = rules.reference - terms.mean_price_term
    hours_term = ln(rules.reference_rent / state.market_rent)
    terms.none_slope[:] = rules.outside * np.where(rules.hours_kind, hours_term, token_term)
    terms.log_growth[:] = rules.growing[model.month] + state.log_shift
    terms.welfare[:] = rules.theta * state.mean_capability
    terms.none_base[:] = rules.n0 - rules.discount * terms.welfare


def fill_utilities(model: BaseMarket, rules: TermRules, met: Floats, terms: MonthTerms) -> None:
    """(cells, K, J): constant + theta x lead + gamma x community + reliability + agents.

    Lead in capability and community are 0 of offers without a family.
    """
    world, state = model.world, model.state
    base, family = terms.base, world.family[: world.rent_start]
    lead = (model.capability - state.mean_capability).T
    known = network_benefit(met, model.rules(community_rules).scale)
    gamma = rules.gamma.reshape(len(world.segments), len(world.regions), 1)
    near = (gamma * known).reshape(world.n_cells, -1)
    # own machines and postponing never fail
    relied = world.of_platforms(rules.reliability * (state.reliability - 1.0), 0.0)
    base[:, :, world.rent_start :] = 0.0
    leads = lead.take(family, axis=1)
    np.multiply(rules.theta[:, :, None], leads, out=base[:, :, : world.rent_start])
    base += rules.constant[:, None, :]
    base[:, :, : world.rent_start] += near.take(family, axis=1)[:, None, :]
    base += relied
    if len(rules.agents):
        base[:, :, : world.n_api] += agent_utility(model, rules.agents)


def review_hazards(model: BaseMarket, rules: TermRules, paid: Floats) -> Floats:
    """(2, J) review hazards of ordinary clients and key accounts.

    At least `triggered` where the price `paid` (J,) has risen by more than the share `price_rise`,
    or where the platform's reliability has fallen below the `level`.
    """
    world, state = model.world, model.state
    if not rules.triggers:
        return rules.hazard
    last, before = state.last_price, state.last_reliability
    fell = (state.reliability < rules.level) & (before >= rules.level)
    rose = (last > 0.0) & (paid > last * (1.0 + rules.price_rise))
    if np.count_nonzero(fell):
        rose |= world.of_platforms(fell, False)
    return np.where(rose, rules.triggered, rules.hazard) if np.count_nonzero(rose) else rules.hazard
