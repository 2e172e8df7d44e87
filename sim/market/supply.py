"""Accelerators: deliveries, wear, orders."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.costs import CARDS_PER_UNIT, MILLIONS_PER_TRILLION, reference_throughput

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]


def internal_cards(model: MarketModel) -> Floats:
    """(V,) cards that the vendors' own consumer apps need this month."""
    scenario, t = model.scenario, model.month
    tokens = []
    for name in model.world.vendors:
        table = scenario.vendors[name].capacity
        fade = table.internal_slowdown
        grown = table.internal_growth * (t if fade == 0.0 else -math.expm1(-fade * t) / fade)
        tokens.append(table.internal_load * math.exp(grown))
    per_card = reference_throughput(model) * scenario.supply.utilisation * model.scheduling
    return np.array(tokens) * MILLIONS_PER_TRILLION / per_card


def capacity(model: MarketModel) -> Floats:
    """(V,) cards for customers: all, less the part of the own-app load that goes first."""
    state = model.state
    first = model.scenario.supply.internal_priority * internal_cards(model)
    return np.maximum(state.own_cards + state.external_cards - first, 0.0)


def deliver(model: MarketModel) -> None:
    """Phase `deliveries`: ordered cards arrive, old ones wear out, new ones are ordered."""
    state, supply = model.state, model.scenario.supply
    if not model.scenario.mechanisms.capacity:
        return
    move_rent(model)
    arriving = state.pipeline[:, 0].copy()
    state.pipeline[:, :-1] = state.pipeline[:, 1:]
    state.pipeline[:, -1] = orders(model, arriving)
    if supply.lead_months == 0:
        arriving = state.pipeline[:, 0].copy()
        state.pipeline[:] = 0.0
    own = model.own_chip_share
    state.own_cards = state.own_cards * (1.0 - supply.wear) + own * arriving
    state.external_cards = state.external_cards * (1.0 - supply.wear) + (1.0 - own) * arriving


def move_rent(model: MarketModel) -> None:
    """The market rent moves with scarcity (tatonnement): up when all clouds together are full.

    ln rent' = ln rent + response x ln(load / (target x cards)), from last month's load.
    """
    state = model.state
    load, room = math.fsum(state.load_cards), math.fsum(capacity(model))
    if state.rent_response > 0.0 and load > 0.0 and room > 0.0:
        target = model.scenario.supply.rent_target
        state.market_rent *= (load / (target * room)) ** state.rent_response


def orders(model: MarketModel, arriving: Floats) -> Floats:
    """(V,) cards ordered: the expected load with headroom, capped by money and availability.

    The cap is A_v(t) (psi + (1 - psi) availability): own chips do not wait for the world market.
    """
    state, scenario = model.state, model.scenario
    lead = scenario.supply.lead_months
    wanted, cap = np.zeros(model.world.n_vendors), np.zeros(model.world.n_vendors)
    for v, name in enumerate(model.world.vendors):
        table = scenario.vendors[name].capacity
        wanted[v] = table.headroom * math.exp(state.load_trend[v] * lead)
        grown = max(0.0, 1.0 + table.order_cap_growth * model.month)
        money = table.order_cap * CARDS_PER_UNIT * grown
        own = model.own_chip_share[v]
        cap[v] = money * (own + (1.0 - own) * state.availability)
    kept = (state.own_cards + state.external_cards) * (1.0 - scenario.supply.wear)
    there = kept + arriving + state.pipeline[:, :-1].sum(axis=1)
    missing = wanted * (state.load_cards + internal_cards(model)) - there
    return np.clip(missing, 0.0, cap)
