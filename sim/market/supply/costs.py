"""What serving takes and costs: self-made and bought accelerators, throughput, unit cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.clients.columns import Layout
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
CARDS_PER_UNIT = 1_000.0  # cards are stated in thousands


class Chips(Bundle):
    """What the vendors' own chips are, (V,); fixed for a run."""

    planned: Vector[np.float64]  # psi: part of all cards that is meant to be self-made
    limited: Vector[np.bool_]  # whether their output has a limit
    output: Vector[np.float64]  # cards a month in the first month, 0 where there is no limit
    growth: Vector[np.float64]  # of that limit, linear
    performance: Vector[np.float64]  # work against a bought card
    cost: Vector[np.float64]  # against the common cost of a self-made card

    def work_of(self, share: Floats) -> Floats:
        """(V,) work of a card of a mix with that self-made share, against a bought card."""
        return 1.0 + share * (self.performance - 1.0)


def chips_of(model: MarketModel) -> Chips:
    """The chips of a scenario's vendors, in the order of the world."""
    stacks = [model.scenario.vendors[name].stack for name in model.world.vendors]
    return Chips(
        planned=np.array([stack.own_chip_share for stack in stacks]),
        limited=np.array([stack.chip_output is not None for stack in stacks], bool),
        output=np.array([(stack.chip_output or 0.0) * CARDS_PER_UNIT for stack in stacks]),
        growth=np.array([stack.chip_output_growth for stack in stacks]),
        performance=np.array([stack.chip_performance for stack in stacks]),
        cost=np.array([stack.chip_cost for stack in stacks]),
    )


@inlined
def made_at_most(v, month, chips):  # type: ignore[no-untyped-def]
    """Self-made cards that can be ordered in a month, infinite where nothing limits."""
    grown = max(0.0, 1.0 + chips.growth[v] * month)
    return chips.output[v] * grown if chips.limited[v] else np.inf


@inlined
def own_share(v, chips, state):  # type: ignore[no-untyped-def]
    """Part of the cards that is self-made: as planned, or as it is where output is limited."""
    total = state.own_cards[v] + state.external_cards[v]
    known = chips.limited[v] and 0.0 < total < np.inf
    return state.own_cards[v] / total if known else chips.planned[v]


@inlined
def equivalents(v, chips, state):  # type: ignore[no-untyped-def]
    """All cards, counted as bought ones that do the same work."""
    return chips.performance[v] * state.own_cards[v] + state.external_cards[v]


@inlined
def largest_order(v, month, chips, money, availability):  # type: ignore[no-untyped-def]
    """Cards that can be had: A (psi + (1 - psi) availability) without an output limit.

    With one, self-made cards are at most their output, and the rest of the money A waits for the
    world market: own + (A - own) availability, own = min(psi A, output).
    """
    psi = chips.planned[v]
    if not chips.limited[v]:
        return money * (psi + (1.0 - psi) * availability)
    own = min(psi * money, made_at_most(v, month, chips))
    return own + (money - own) * availability


@inlined
def self_made(v, month, chips, ordered, money, availability):  # type: ignore[no-untyped-def]
    """Self-made cards of an order: psi of it, or what output and the world market leave.

    With a limit the vendor makes what it planned up to its output and buys the rest; what the
    world market does not give, it makes if it can.
    """
    planned = chips.planned[v] * ordered
    if not chips.limited[v]:
        return planned
    most = min(chips.planned[v] * money, made_at_most(v, month, chips))
    buyable = (money - most) * availability
    return min(max(min(planned, most), ordered - buyable), ordered)


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
