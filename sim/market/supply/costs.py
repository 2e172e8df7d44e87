"""What serving takes and costs: rules of supply, accelerators at work, throughput, unit cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.economics.concentration import fading_age
from sim.economics.costs import accelerator_cost, experience_unit_cost, scarcity_factor
from sim.market.state import MarketState
from sim.market.world import MarketLayout
from sim.months import month_after, months_between
from sim.numeric.portable import exp, ln

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario
    from sim.scenario.schema.supply import SupplyTable


Floats = npt.NDArray[np.float64]
CARDS_PER_UNIT = 1_000.0  # cards are stated in thousands
TOKENS_PER_UNIT = 1_000.0  # T tokens per 1,000 cards -> million tokens per card
MILLIONS_PER_TRILLION = 1e6


@dataclass(frozen=True)
class SupplyRules:
    """What the scenario says of supply, (V,) unless said otherwise; `table` holds plain numbers.

    Work and cost of cards: `own_share` psi is the part of all cards that is meant to be self-made;
    `own_output` is how many of those can be made in each month, infinite without a limit;
    `own_performance` is the work of one against a bought card.
    """

    table: SupplyTable
    capacity: bool  # whether cards limit what is served
    spill_over: bool  # whether unserved tokens go to second choices
    learning: float  # exponent of the experience curve, 0 without
    own_share: Floats
    own_output: Floats  # (months, V) cards
    own_performance: Floats
    own_cost: Floats  # yuan a month of a self-made card
    throughput: Floats  # (months + 1,) million tokens a card-month, reference model
    scheduling: Floats  # factor on throughput
    app_tokens: Floats  # (months + 1, V) million tokens of the vendors' own apps, without events
    headroom: Floats
    app_value: Floats  # yuan a card-month that own apps want and do not get
    funding_limit: Floats
    order_cap: Floats  # (months, V) cards that can be ordered
    trend_memory: Floats  # part of the remembered growth of load that is kept a month
    lever_cost: Floats  # million yuan a month

    @cached_property
    def output_limited(self) -> npt.NDArray[np.bool_]:
        """(V,) vendors whose output of chips has a limit."""
        return np.isfinite(self.own_output[0])

    def work(self, own_share: Floats) -> Floats:
        """(V,) work of a card of a mix with that self-made share, against a bought card."""
        return 1.0 + own_share * (self.own_performance - 1.0)


class UnitCosts(NamedTuple):
    """What serving takes and costs in a month."""

    throughput: Floats  # (V,) million tokens a card-month, with scheduling and own experience
    card: Floats  # (V,) yuan a month of what does the work of a bought card
    cards: Floats  # (n_api,) card-months that a million tokens of each model call need
    accounting: Floats  # (n_api,) yuan per million tokens
    opportunity: Floats  # (n_api,) accounting cost x scarcity factor


def supply_rules(scenario: Scenario, world: MarketLayout) -> SupplyRules:
    """The scenario's rules of supply; vendors in the order of the world."""
    table, on = scenario.supply, scenario.mechanisms
    vendors = [scenario.vendors[name] for name in world.vendors]
    stacks, plans = [t.stack for t in vendors], [t.capacity for t in vendors]
    limits = [t.chip_output for t in stacks]
    levers = scenario.levers.values()
    lever_cost = [
        math.fsum(lever.cost * lever.intensity for lever in levers if lever.vendor == name)
        for name in world.vendors
    ]
    return SupplyRules(
        table=table,
        capacity=on.capacity,
        spill_over=on.spill_over,
        learning=table.learning.exponent if on.learning else 0.0,
        own_share=np.array([t.own_chip_share for t in stacks]),
        own_output=_linear(scenario, limits, [t.chip_output_growth for t in stacks]),
        own_performance=np.array([t.chip_performance for t in stacks]),
        own_cost=table.own_card_cost * np.array([t.chip_cost for t in stacks]),
        throughput=_throughput(scenario),
        scheduling=np.array([t.scheduling for t in stacks]),
        app_tokens=_app_tokens(scenario, world),
        headroom=np.array([t.headroom for t in plans]),
        app_value=np.array([t.app_value for t in plans]),
        funding_limit=np.array([t.finance.funding_limit for t in vendors]),
        order_cap=_linear(
            scenario, [t.order_cap for t in plans], [t.order_cap_growth for t in plans]
        ),
        trend_memory=np.array([t.trend_memory for t in plans]),
        lever_cost=np.array(lever_cost),
    )


def _linear(scenario: Scenario, first: Sequence[float | None], growth: list[float]) -> Floats:
    """(months, V) cards from thousands in the first month and linear growth; None has no limit."""
    cards = np.array([math.inf if n is None else n * CARDS_PER_UNIT for n in first])
    grown = np.maximum(0.0, 1.0 + np.array(growth) * np.arange(scenario.calendar.months)[:, None])
    out = np.full(grown.shape, np.inf)
    return np.multiply(cards, grown, out=out, where=np.isfinite(cards))


def _throughput(scenario: Scenario) -> Floats:
    """(months + 1,) million tokens a card-month of the reference model: exponential growth."""
    supply, calendar = scenario.supply, scenario.calendar
    dates = [month_after(calendar.start, month) for month in range(calendar.months + 1)]
    ages = np.array([float(months_between(supply.throughput_month, date)) for date in dates])
    return supply.throughput * TOKENS_PER_UNIT * exp(supply.throughput_growth * ages)


def _app_tokens(scenario: Scenario, world: MarketLayout) -> Floats:
    """(months + 1, V) million tokens of the vendors' own consumer apps."""
    plans = [scenario.vendors[name].capacity for name in world.vendors]
    age = fading_age([plan.internal_slowdown for plan in plans], scenario.calendar.months)
    load = np.array([plan.internal_load for plan in plans])
    growth = np.array([plan.internal_growth for plan in plans])
    return load * exp(growth * age) * MILLIONS_PER_TRILLION


def current_own_share(rules: SupplyRules, state: MarketState) -> Floats:
    """(V,) part of the cards that is self-made: as planned, or as it is where output is limited."""
    if not np.count_nonzero(rules.output_limited):
        return rules.own_share
    total = state.own_cards + state.external_cards
    known = rules.output_limited & (total > 0.0) & (total < np.inf)
    return np.divide(state.own_cards, total, out=rules.own_share.copy(), where=known)


def equivalents(rules: SupplyRules, state: MarketState) -> Floats:
    """(V,) all cards, counted as bought ones that do the same work."""
    return np.asarray(rules.own_performance * state.own_cards + state.external_cards)


def load_apps(rules: SupplyRules, month: int, state: MarketState) -> None:
    """The load of the vendors' own consumer apps in a month."""
    per_card = rules.throughput[month] * rules.table.utilisation * rules.scheduling
    state.app_tokens[:] = rules.app_tokens[month] * state.app_factor
    state.app_cards[:] = state.app_tokens / per_card


def later_app_cards(rules: SupplyRules, state: MarketState) -> Floats:
    """(V,) cards that own apps want beyond the part of their load that goes first."""
    return np.asarray((1.0 - rules.table.internal_priority) * state.app_cards)


def cards_for_customers(rules: SupplyRules, state: MarketState) -> Floats:
    """(V,) cards for customers: all, less the part of the own-app load that goes first."""
    first = rules.table.internal_priority * state.app_cards
    return np.maximum(equivalents(rules, state) - first, 0.0)


def card_costs(rules: SupplyRules, own_share: Floats, state: MarketState) -> Floats:
    """(V,) yuan a month of what does the work of a bought card, at a self-made share."""
    shock = ln(state.external_cost_factor) + state.supply_shock
    bought = rules.table.external_card_cost
    return accelerator_cost(own_share, rules.own_cost, bought, shock, rules.own_performance)


def planned_costs(rules: SupplyRules, state: MarketState) -> Floats:
    """(V,) `card_costs` of the mix of own and bought cards that vendors plan."""
    return card_costs(rules, rules.own_share, state)


def unit_costs(
    rules: SupplyRules, month: int, world: MarketLayout, planned: Floats, state: MarketState
) -> UnitCosts:
    """The costs of a month as the state is now; `planned` (V,) are the `planned_costs`.

    Throughput grows with experience, (E / E_0)^b; cards per million tokens are the family's serving
    cost / (throughput x utilisation).
    """
    platform, family = world.platform[: world.n_api], world.family[: world.n_api]
    base = rules.throughput[month] * rules.scheduling
    known = experience_unit_cost(1.0, state.experience, state.experience_start, rules.learning)
    throughput = base / known
    share = current_own_share(rules, state)
    card = planned if share is rules.own_share else card_costs(rules, share, state)
    cards = state.serving_cost[family] / (throughput[platform] * rules.table.utilisation)
    accounting = opportunity = card[platform] * cards
    if rules.capacity:
        scarcity = rules.table.scarcity
        steep = scarcity.threshold, scarcity.exponent, scarcity.beyond
        factor = scarcity_factor(state.tightness, *steep)
        opportunity = accounting * factor[platform]
    return UnitCosts(throughput, card, cards, accounting, opportunity)
