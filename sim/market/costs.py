"""What serving takes and costs this month: throughput, cards, unit cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.chips import Chips, own_share
from sim.market.columns import Layout
from sim.market.state import MarketState
from sim.months import month_after, months_between
from sim.numeric.arrays import Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel, step
from sim.numeric.elementary import exp, ln, power
from sim.numeric.portable import exp as exponential

if TYPE_CHECKING:
    from sim.market.model import MarketModel
    from sim.market.world import World

Floats = npt.NDArray[np.float64]
TOKENS_PER_UNIT = 1_000.0  # T tokens per 1,000 cards -> million tokens per card
MILLIONS_PER_TRILLION = 1e6


class CostRules(Bundle):
    """What the scenario says of costs."""

    throughput: Vector[np.float64]  # (months + 1,) million tokens a card-month, reference model
    scheduling: Vector[np.float64]  # (V,) factor on it
    made: Vector[np.float64]  # (V,) yuan a month of a self-made card
    bought: float  # of a bought one, before shocks
    utilisation: float
    learning: float  # exponent of the experience curve, 0 without
    capacity: bool  # whether a full house costs more
    threshold: float  # utilisation from which it does
    scarcity: float  # exponent
    card_hours: float


class Costs(Bundle):
    """What serving takes and costs in a month."""

    throughput: Vector[np.float64]  # (V,) with scheduling and own experience
    card: Vector[np.float64]  # (V,) yuan a month of what does the work of a bought card
    cards: Vector[np.float64]  # (n_api,) card-months that a million tokens of each model call need
    accounting: Vector[np.float64]  # (n_api,) yuan per million tokens
    opportunity: Vector[np.float64]  # (n_api,) accounting cost x max(1, (u / threshold)^exponent)


def cost_rules(model: MarketModel) -> CostRules:
    """The scenario's rules of cost."""
    scenario, supply, on = model.scenario, model.scenario.supply, model.scenario.mechanisms
    stacks = [scenario.vendors[name].stack for name in model.world.vendors]
    start = scenario.calendar.start
    dates = [month_after(start, month) for month in range(scenario.calendar.months + 1)]
    ages = [float(months_between(supply.throughput_month, date)) for date in dates]
    growth = [exponential(supply.throughput_growth * age) for age in ages]
    return CostRules(
        throughput=supply.throughput * TOKENS_PER_UNIT * np.array(growth),
        scheduling=np.array([stack.scheduling for stack in stacks]),
        made=supply.own_card_cost * model.chips.cost,
        bought=supply.external_card_cost,
        utilisation=supply.utilisation,
        learning=supply.learning.exponent if on.learning else 0.0,
        capacity=on.capacity,
        threshold=supply.scarcity.threshold,
        scarcity=supply.scarcity.exponent,
        card_hours=supply.card_hours,
    )


def new_costs(world: World) -> Costs:
    """Room for the costs of a month."""
    v, n = world.n_vendors, world.n_api
    return Costs(*(np.zeros(size) for size in (v, v, n, n, n)))


@inlined
def cost_of_mix(v, own, chips, rules, state):  # type: ignore[no-untyped-def]
    """Yuan a month of what does the work of a bought card, at a self-made share: a shock of the
    bought ones moves the logarithm by (1 - own)."""
    mix = own * rules.made[v] + (1.0 - own) * rules.bought
    shock = ln(state.external_cost_factor) + state.supply_shock
    if shock != 0.0:
        mix *= exp((1.0 - own) * shock)
    return mix / (1.0 + own * (chips.performance[v] - 1.0))


@step
def fill_costs(month, rules, chips, layout, state, costs):  # type: ignore[no-untyped-def]
    """The costs of a month as the state is now.

    Throughput grows with experience, (E / E_0)^b; cards per million tokens are the family's serving
    cost / (throughput x utilisation).
    """
    platform, family, serving_cost = layout.platform, layout.family, state.serving_cost
    throughput, card, cards = costs.throughput, costs.card, costs.cards
    for v in range(len(card)):
        known = power(state.experience[v] / state.experience_start[v], -rules.learning)
        throughput[v] = rules.throughput[month] * rules.scheduling[v] / known
        card[v] = cost_of_mix(v, own_share(v, chips, state), chips, rules, state)
    for j in range(len(cards)):
        v, scarce = platform[j], 1.0
        cards[j] = serving_cost[family[j]] / (throughput[v] * rules.utilisation)
        costs.accounting[j] = card[v] * cards[j]
        if rules.capacity:
            scarce = max(1.0, power(state.utilisation[v] / rules.threshold, rules.scarcity))
        costs.opportunity[j] = costs.accounting[j] * scarce


@kernel
def update_costs(
    month: int,
    rules: CostRules,
    chips: Chips,
    layout: Layout,
    state: MarketState,
    costs: Costs,
) -> None:
    """`fill_costs`."""
    fill_costs(month, rules, chips, layout, state, costs)


def costs(model: MarketModel) -> Costs:
    """The costs of this month as the state is now; the same arrays every time."""
    update_costs(model.month, model.cost_rules, model.chips, model.layout, model.state, model.costs)
    return model.costs


def rent_of(model: MarketModel) -> Floats:
    """(V,) yuan of a rented card-month on each platform."""
    return model.state.market_rent * model.rent_factor


def hosting_hours(model: MarketModel) -> Floats:
    """(F,) card-hours that a client of skill 1 needs for a million tokens of each family."""
    supply, table = model.scenario.supply, model.scenario.demand.self_hosting
    hours = supply.card_hours / (model.cost_rules.throughput[model.month] * table.utilisation)
    return hours * model.state.serving_cost * model.hosting_ease()
