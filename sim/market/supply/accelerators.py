"""Accelerators: deliveries, wear, orders, and the world market."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.concentration import fading_age
from sim.economics.costs import ar1_with_jumps
from sim.market.state import MarketState
from sim.market.supply.costs import (
    CARDS_PER_UNIT,
    MILLIONS_PER_TRILLION,
    Chips,
    CostRules,
    cost_of_mix,
    equivalents,
    largest_order,
    self_made,
)
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel
from sim.numeric.elementary import power
from sim.numeric.exact import ROOM, exact_sum, plain_sum
from sim.numeric.portable import exp
from sim.strategies.capacity import SupplyBooks, SupplyView
from sim.strategies.view import told

if TYPE_CHECKING:
    from sim.market.model import MarketModel


Floats = npt.NDArray[np.float64]
STREAM = "supply"
TOLD = 5  # what a vendor is told of its supply: the numbers below
LOAD, THERE, TREND, COST_FACTOR, CASH = range(TOLD)


class SupplyRules(Bundle):
    """What the scenario says of accelerators, (V,) unless said otherwise."""

    headroom: Vector[np.float64]
    funding_limit: Vector[np.float64]
    cap: Vector[np.float64]  # cards a month that can be ordered at first
    cap_growth: Vector[np.float64]  # of the cap, linear
    work: Vector[np.float64]  # of a card of the planned mix, against a bought one
    app_tokens: Matrix[np.float64]  # (months + 1, V) million tokens of the vendors' own apps
    lead_months: int
    wear: float
    rent_target: float
    internal_priority: float


class SupplyDesk(Bundle):
    """Room for what is ordered in a month."""

    told: Matrix[np.float64]  # (V, TOLD)
    room: Vector[np.float64]  # (V,)
    parts: Vector[np.float64]  # for exact sums
    wanted: Vector[np.float64]  # (V,) cards that each vendor would like
    limits: Vector[np.float64]  # (V,) the most that it can order


def supply_rules(model: MarketModel) -> SupplyRules:
    """The scenario's rules of supply."""
    tables = [model.scenario.vendors[name] for name in model.world.vendors]
    supply = model.scenario.supply
    return SupplyRules(
        headroom=np.array([table.capacity.headroom for table in tables]),
        funding_limit=np.array([table.finance.funding_limit for table in tables]),
        cap=np.array([table.capacity.order_cap * CARDS_PER_UNIT for table in tables]),
        cap_growth=np.array([table.capacity.order_cap_growth for table in tables]),
        work=model.chips.work_of(model.chips.planned),
        app_tokens=_app_tokens(model),
        lead_months=supply.lead_months,
        wear=supply.wear,
        rent_target=supply.rent_target,
        internal_priority=supply.internal_priority,
    )


def _app_tokens(model: MarketModel) -> Floats:
    """(months + 1, V) million tokens of the vendors' own consumer apps."""
    tables = [model.scenario.vendors[name].capacity for name in model.world.vendors]
    slowdown = [table.internal_slowdown for table in tables]
    age = fading_age(slowdown, model.scenario.calendar.months)
    load = np.array([table.internal_load for table in tables])
    growth = np.array([table.internal_growth for table in tables])
    return load * exp(growth * age) * MILLIONS_PER_TRILLION


def new_supply_desk(vendors: int) -> SupplyDesk:
    """Room for the orders of a month."""
    return SupplyDesk(
        told=np.zeros((vendors, TOLD)),
        room=np.zeros(vendors),
        parts=np.zeros(ROOM),
        wanted=np.zeros(vendors),
        limits=np.zeros(vendors),
    )


def shock_path(model: MarketModel) -> Floats:
    """(months,) z of the whole run; all 0 without shocks."""
    table, months = model.scenario.supply.shocks, model.scenario.calendar.months
    if not model.scenario.mechanisms.supply_shocks or (
        table.sd == 0.0 and table.jump_probability == 0.0
    ):
        return np.zeros(months)
    return ar1_with_jumps(
        model.stream(STREAM).standard_normal((months, 3)),
        table.persistence,
        table.sd,
        table.jump_probability,
        table.jump_mean,
        table.jump_sd,
    )


@inlined
def app_cards(v, month, rules, costs):  # type: ignore[no-untyped-def]
    """Cards that a vendor's own consumer apps need this month."""
    per_card = costs.throughput[month] * costs.utilisation * costs.scheduling[v]
    return rules.app_tokens[month, v] / per_card


@inlined
def room_for_customers(v, month, rules, costs, chips, state):  # type: ignore[no-untyped-def]
    """Cards for customers: all, less the part of the own-app load that goes first."""
    first = rules.internal_priority * app_cards(v, month, rules, costs)
    return max(equivalents(v, chips, state) - first, 0.0)


def shake(model: MarketModel) -> None:
    """This month's shock to the price and availability of bought cards."""
    state = model.state
    state.supply_shock = shock = float(model.shocks[model.month])
    response = model.scenario.supply.shocks.availability_response
    state.obtainable = state.availability * exp(-response * max(shock, 0.0))


def deliver(model: MarketModel) -> None:
    """Phase `deliveries`: ordered cards arrive, old ones wear out, new ones are ordered."""
    state, rules = model.state, model.supply_rules
    shake(model)
    state.app_tokens = rules.app_tokens[model.month]
    if not model.scenario.mechanisms.capacity:
        return
    market, desk = (model.month, rules, model.cost_rules, model.chips, state), model.supply_desk
    growth = see_supply(*market, desk)
    desk.wanted[:], desk.limits[:] = orders(model, growth)
    take_orders(model.month, rules, model.chips, state, desk)


@kernel
def see_supply(
    month: int,
    rules: SupplyRules,
    costs: CostRules,
    chips: Chips,
    state: MarketState,
    desk: SupplyDesk,
) -> float:
    """Move the market rent, and write down what each vendor knows when it orders; returns the log
    growth of the load of all clouds.

    Rent follows scarcity (tatonnement): ln rent' = ln rent + response x ln(load / (target x
    cards)), all clouds together, from last month's load.
    """
    load, told, room, parts = state.load_cards, desk.told, desk.room, desk.parts
    everybody = exact_sum(load, parts)
    if state.rent_response > 0.0:
        for v in range(len(load)):
            room[v] = room_for_customers(v, month, rules, costs, chips, state)
        cards = exact_sum(room, parts)
        if everybody > 0.0 and cards > 0.0:
            scarce = everybody / (rules.rent_target * cards)
            state.market_rent *= power(scarce, state.rent_response)
    for v in range(len(load)):
        line, own_line = state.pipeline[v], state.own_pipeline[v]
        later, own_later = plain_sum(line[1:]), plain_sum(own_line[1:])
        kept = equivalents(v, chips, state) * (1.0 - rules.wear)
        gain = chips.performance[v] - 1.0
        told[v, LOAD] = load[v] + app_cards(v, month, rules, costs)
        told[v, THERE] = kept + line[0] + later + gain * (own_line[0] + own_later)
        told[v, TREND] = state.load_trend[v]
        price = cost_of_mix(v, chips.planned[v], chips, costs, state)
        told[v, COST_FACTOR] = price * rules.work[v] / costs.bought
        told[v, CASH] = state.cash[v]
        room[v] = load[v] * state.load_trend[v]
    return exact_sum(room, parts) / everybody if everybody > 0.0 else 0.0


@kernel
def take_orders(
    month: int,
    rules: SupplyRules,
    chips: Chips,
    state: MarketState,
    desk: SupplyDesk,
) -> None:
    """Orders are cut to what money and availability allow, what was ordered arrives, cards wear."""
    wanted, limits = desk.wanted, desk.limits
    last = state.pipeline.shape[1] - 1
    for v in range(len(wanted)):
        line, own_line = state.pipeline[v], state.own_pipeline[v]
        arriving, own_arriving = line[0], own_line[0]
        for m in range(last):
            line[m], own_line[m] = line[m + 1], own_line[m + 1]
        most = largest_order(v, month, chips, limits[v], state.obtainable)
        ordered = min(wanted[v], most)
        own = self_made(v, month, chips, ordered, limits[v], state.obtainable)
        state.ordered[v], line[last], own_line[last] = ordered, ordered, own
        if rules.lead_months == 0:
            arriving, own_arriving, line[last], own_line[last] = ordered, own, 0.0, 0.0
        bought = (1.0 - chips.planned[v]) * arriving
        if chips.limited[v]:
            bought = arriving - own_arriving
        state.own_cards[v] = state.own_cards[v] * (1.0 - rules.wear) + own_arriving
        state.external_cards[v] = state.external_cards[v] * (1.0 - rules.wear) + bought


def orders(model: MarketModel, market_growth: float) -> tuple[list[float], list[float]]:
    """(V,) cards that each strategy wants, and the most that its money buys this month."""
    rules, month = model.supply_rules, model.month
    view = told(
        SupplyView,
        month=month,
        date=model.date,
        lead_months=rules.lead_months,
        availability=model.state.obtainable,
        market_growth=market_growth,
    )
    facts = model.fixed("order facts", lambda: _facts(rules))
    wanted, limits = [], []
    rows = zip(model.vendors.values(), facts, model.supply_desk.told.tolist(), strict=True)
    for vendor, (headroom, funding_limit, work, cap, growth), row in rows:
        books = told(
            SupplyBooks,
            load=row[LOAD],
            there=row[THERE],
            trend=row[TREND],
            headroom=headroom,
            output_per_card=work,
            cost_factor=row[COST_FACTOR],
            cash=row[CASH],
            funding_limit=funding_limit,
        )
        cards = max(0.0, vendor.investment.order(view, books))
        wanted.append(cards)
        most = cap * max(0.0, 1.0 + growth * month)
        limits.append(cards if vendor.investment.budgeted else most)
    return wanted, limits


def _facts(rules: SupplyRules) -> list[tuple[float, ...]]:
    columns = rules.headroom, rules.funding_limit, rules.work, rules.cap, rules.cap_growth
    return list(zip(*(column.tolist() for column in columns), strict=True))
