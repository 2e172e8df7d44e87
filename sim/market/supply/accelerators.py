"""Accelerators: deliveries, wear, orders, and the world market."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from sim.economics.costs import ar1_with_jumps, next_market_price, next_premium
from sim.market.state import MarketState
from sim.market.supply.costs import (
    SupplyRules,
    cards_for_customers,
    equivalents,
)
from sim.numeric.portable import exp
from sim.scenario.schema.scenario import Scenario
from sim.strategies.capacity import CapacityStrategy, SupplyBooks, SupplyView

Floats = npt.NDArray[np.float64]
STREAM = "supply"


def shock_path(scenario: Scenario, stream: Callable[[str], np.random.Generator]) -> Floats:
    """(months,) z of the whole run, log price of bought cards; all 0 without shocks."""
    table, months = scenario.supply.shocks, scenario.calendar.months
    silent = table.sd == 0.0 and table.jump_probability == 0.0
    if silent or not scenario.mechanisms.supply_shocks:
        return np.zeros(months)
    return ar1_with_jumps(
        stream(STREAM).standard_normal((months, 3)),
        table.persistence,
        table.sd,
        table.jump_probability,
        table.jump_mean,
        table.jump_sd,
    )


def move_world_market(rules: SupplyRules, shock: float, state: MarketState) -> None:
    """This month's shock to price and availability of bought cards, and the market rent.

    The rent follows the scarcity of all clouds together, from last month's load.
    """
    table = rules.table
    state.supply_shock = shock
    response = table.shocks.availability_response
    state.obtainable = state.availability * exp(-response * max(shock, 0.0))
    if rules.capacity:
        load = math.fsum(state.load_cards.tolist())
        cards = math.fsum(cards_for_customers(rules, state).tolist())
        state.market_rent = next_market_price(
            state.market_rent, load, cards, table.rent_target, state.rent_response
        )
        if table.premium_response > 0.0:
            premium = next_premium(state.rent_premium, state.tightness, table.premium_response)
            state.rent_premium[:] = premium


def deliver(
    rules: SupplyRules,
    month: int,
    first_day: date,
    strategies: Sequence[CapacityStrategy],
    planned_costs: Floats,
    state: MarketState,
) -> None:
    """Vendors order cards, what was ordered `lead_months` ago arrives, all cards wear."""
    wanted, money = orders(rules, month, first_day, strategies, planned_costs, state)
    output = rules.own_output[month]
    ordered = np.minimum(wanted, largest_order(rules, output, money, state.obtainable))
    own = self_made(rules, output, ordered, money, state.obtainable)
    state.ordered[:] = ordered
    if rules.table.lead_months == 0:
        arriving, own_arriving = ordered, own
    else:
        arriving, own_arriving = state.pipeline[:, 0].copy(), state.own_pipeline[:, 0].copy()
        for line, last in ((state.pipeline, ordered), (state.own_pipeline, own)):
            line[:, :-1] = line[:, 1:]
            line[:, -1] = last
    planned = (1.0 - rules.own_share) * arriving
    bought = np.where(rules.output_limited, arriving - own_arriving, planned)
    left = 1.0 - rules.table.wear
    state.own_cards[:] = state.own_cards * left + own_arriving
    state.external_cards[:] = state.external_cards * left + bought


def largest_order(rules: SupplyRules, output: Floats, money: Floats, availability: float) -> Floats:
    """(V,) cards that can be had: A (psi + (1 - psi) availability) without an output limit.

    With one, self-made cards are at most their output, and the rest of the money A waits for the
    world market: own + (A - own) availability, own = min(psi A, output).
    """
    psi = rules.own_share
    own = np.minimum(psi * money, output)
    limited = own + (money - own) * availability
    return np.where(rules.output_limited, limited, money * (psi + (1.0 - psi) * availability))


def self_made(
    rules: SupplyRules, output: Floats, ordered: Floats, money: Floats, availability: float
) -> Floats:
    """(V,) self-made cards of an order: psi of it, or what output and the world market leave.

    With a limit the vendor makes what it planned up to its output and buys the rest; what the
    world market does not give, it makes if it can.
    """
    planned = rules.own_share * ordered
    most = np.minimum(rules.own_share * money, output)
    buyable = (money - most) * availability
    made = np.minimum(np.maximum(np.minimum(planned, most), ordered - buyable), ordered)
    return np.where(rules.output_limited, made, planned)


def orders(
    rules: SupplyRules,
    month: int,
    first_day: date,
    strategies: Sequence[CapacityStrategy],
    planned_costs: Floats,
    state: MarketState,
) -> tuple[Floats, Floats]:
    """(V,) cards that each strategy wants, and the most that its money buys this month."""
    load, table = state.load_cards, rules.table
    everybody, expected = math.fsum(load.tolist()), math.fsum((load * state.load_trend).tolist())
    view = SupplyView(
        month=month,
        date=first_day,
        lead_months=table.lead_months,
        availability=state.obtainable,
        market_growth=expected / everybody if everybody > 0.0 else 0.0,
    )
    pairs = zip(strategies, supply_books(rules, planned_costs, state), strict=True)
    wanted = np.array([max(0.0, strategy.order(view, books)) for strategy, books in pairs])
    money = rules.order_cap[month].copy()
    for v, strategy in enumerate(strategies):
        if strategy.budgeted:
            money[v] = wanted[v]
    return wanted, money


def supply_books(
    rules: SupplyRules, planned_costs: Floats, state: MarketState
) -> list[SupplyBooks]:
    """What each vendor knows of its own supply when it orders."""
    line, own_line = state.pipeline, state.own_pipeline
    kept = equivalents(rules, state) * (1.0 - rules.table.wear)
    there = kept + line[:, 0] + np.add.reduce(line[:, 1:], axis=1)
    own_coming = own_line[:, 0] + np.add.reduce(own_line[:, 1:], axis=1)
    work = rules.work(rules.own_share)
    cost = planned_costs * work / rules.table.external_card_cost
    columns = (  # the fields of `SupplyBooks`
        state.load_cards + state.app_cards,
        there + (rules.own_performance - 1.0) * own_coming,
        state.load_trend,
        rules.headroom,
        work,
        cost,
        state.cash,
        rules.funding_limit,
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [SupplyBooks(*row) for row in rows]
