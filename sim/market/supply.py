"""Accelerators: deliveries, wear, orders, and the world market they come from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.economics.shocks import ar1_with_jumps
from sim.market.chips import (
    CARDS_PER_UNIT,
    equivalents,
    largest_order,
    output_per_card,
    self_made,
)
from sim.market.costs import MILLIONS_PER_TRILLION, planned_card_cost, reference_throughput
from sim.market.shared import shared
from sim.numeric.portable import exp, expm1, power
from sim.strategies.capacity.base import SupplyBooks, SupplyView

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
STREAM = "supply"


def internal_cards(model: MarketModel) -> Floats:
    """(V,) cards that the vendors' own consumer apps need this month; read-only."""
    return model.memo.of("internal cards", model.month, lambda: _internal_cards(model))


def _internal_cards(model: MarketModel) -> Floats:
    per_card = reference_throughput(model) * model.scenario.supply.utilisation * model.scheduling
    return internal_tokens(model) * MILLIONS_PER_TRILLION / per_card


def internal_tokens(model: MarketModel) -> Floats:
    """(V,) T tokens of the vendors' own consumer apps this month."""
    return shared(model.scenario, f"app tokens {model.month}", lambda: _app_tokens(model))


def _app_tokens(model: MarketModel) -> Floats:
    scenario, t = model.scenario, model.month
    tokens = []
    for name in model.world.vendors:
        table = scenario.vendors[name].capacity
        fade = table.internal_slowdown
        grown = table.internal_growth * (t if fade == 0.0 else -expm1(-fade * t) / fade)
        tokens.append(table.internal_load * exp(grown))
    out = np.array(tokens)
    out.flags.writeable = False
    return out


def capacity(model: MarketModel) -> Floats:
    """(V,) cards for customers: all, less the part of the own-app load that goes first."""
    first = model.scenario.supply.internal_priority * internal_cards(model)
    return np.maximum(equivalents(model) - first, 0.0)


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


def shake(model: MarketModel) -> None:
    """This month's shock to the price and availability of bought cards."""
    state = model.state
    state.supply_shock = float(model.shocks[model.month])
    response = model.scenario.supply.shocks.availability_response
    state.obtainable = state.availability * exp(-response * max(state.supply_shock, 0.0))


def deliver(model: MarketModel) -> None:
    """Phase `deliveries`: ordered cards arrive, old ones wear out, new ones are ordered."""
    state, supply = model.state, model.scenario.supply
    shake(model)
    state.app_tokens = internal_tokens(model) * MILLIONS_PER_TRILLION
    if not model.scenario.mechanisms.capacity:
        return
    move_rent(model)
    arriving, own_arriving = state.pipeline[:, 0].copy(), state.own_pipeline[:, 0].copy()
    for line in (state.pipeline, state.own_pipeline):
        line[:, :-1] = line[:, 1:]
    state.ordered, state.own_pipeline[:, -1] = orders(model, arriving, own_arriving)
    state.pipeline[:, -1] = state.ordered
    if supply.lead_months == 0:
        arriving, own_arriving = state.pipeline[:, 0].copy(), state.own_pipeline[:, 0].copy()
        state.pipeline[:] = 0.0
        state.own_pipeline[:] = 0.0
    bought = (1.0 - model.chips.planned) * arriving
    if model.chips.any_limited:
        bought = np.where(model.chips.limited, arriving - own_arriving, bought)
    state.own_cards = state.own_cards * (1.0 - supply.wear) + own_arriving
    state.external_cards = state.external_cards * (1.0 - supply.wear) + bought


def move_rent(model: MarketModel) -> None:
    """The market rent moves with scarcity (tatonnement): up when all clouds together are full.

    ln rent' = ln rent + response x ln(load / (target x cards)), from last month's load.
    """
    state = model.state
    if state.rent_response <= 0.0:
        return
    load, room = math.fsum(state.load_cards.tolist()), math.fsum(capacity(model).tolist())
    if load > 0.0 and room > 0.0:
        target = model.scenario.supply.rent_target
        state.market_rent *= power(load / (target * room), state.rent_response)


def supply_view(model: MarketModel) -> SupplyView:
    """What every vendor can see of the accelerator market."""
    state = model.state
    load = math.fsum(state.load_cards.tolist())
    grown = math.fsum((state.load_cards * state.load_trend).tolist())
    return SupplyView(
        month=model.month,
        date=model.date,
        lead_months=model.scenario.supply.lead_months,
        availability=state.obtainable,
        market_growth=grown / load if load > 0.0 else 0.0,
    )


def supply_books(
    model: MarketModel, arriving: Floats, own_arriving: Floats
) -> tuple[SupplyBooks, ...]:
    """What each vendor alone knows when it orders."""
    state, supply = model.state, model.scenario.supply
    columns = (
        state.load_cards,
        internal_cards(model),
        equivalents(model),
        arriving,
        np.add.reduce(state.pipeline[:, :-1], axis=1),
        own_arriving,
        np.add.reduce(state.own_pipeline[:, :-1], axis=1),
        state.load_trend,
        planned_card_cost(model),
        state.cash,
    )
    rules = model.fixed("order rules", lambda: _rules(model))
    rows = zip(rules, *[column.tolist() for column in columns], strict=True)
    kept = 1.0 - supply.wear
    return tuple(
        [
            SupplyBooks(
                load=load + apps,
                there=cards * kept + now + later + rule.own_gain * (own_now + own_later),
                trend=trend,
                headroom=rule.headroom,
                output_per_card=rule.output_per_card,
                cost_factor=cost * rule.output_per_card / supply.external_card_cost,
                cash=cash,
                funding_limit=rule.funding_limit,
            )
            for rule, load, apps, cards, now, later, own_now, own_later, trend, cost, cash in rows
        ]
    )


class _Rule(NamedTuple):
    """What the scenario says of a vendor's orders."""

    headroom: float
    funding_limit: float
    cap: float  # cards a month at first
    cap_growth: float  # of the cap, linear
    own_gain: float  # work of a self-made card over that of a bought one
    output_per_card: float  # of the planned mix


def _rules(model: MarketModel) -> list[_Rule]:
    tables = [model.scenario.vendors[name] for name in model.world.vendors]
    gain, work = model.chips.performance - 1.0, output_per_card(model, model.chips.planned)
    return [
        _Rule(
            table.capacity.headroom,
            table.finance.funding_limit,
            table.capacity.order_cap * CARDS_PER_UNIT,
            table.capacity.order_cap_growth,
            float(gain[v]),
            float(work[v]),
        )
        for v, table in enumerate(tables)
    ]


def orders(model: MarketModel, arriving: Floats, own_arriving: Floats) -> tuple[Floats, Floats]:
    """(V,) cards ordered and those of them that are self-made: what each strategy wants, capped
    by money and availability (`largest_order`)."""
    view, books = supply_view(model), supply_books(model, arriving, own_arriving)
    rules, month = model.fixed("order rules", lambda: _rules(model)), model.month
    wanted, limits = [], []
    for vendor, own, rule in zip(model.vendors.values(), books, rules, strict=True):
        cards = max(0.0, vendor.investment.order(view, own))
        grown = max(0.0, 1.0 + rule.cap_growth * month)
        wanted.append(cards)
        limits.append(cards if vendor.investment.budgeted else rule.cap * grown)
    money, obtainable = np.array(limits), model.state.obtainable
    ordered = np.minimum(np.array(wanted), largest_order(model, money, obtainable))
    return ordered, self_made(model, ordered, money, obtainable)
