"""The first month: choices that fit tastes, cards that fit loads, experience that fits output.

Clients choose at the frozen first month, some rounds over with their current offers kept in mind,
so that lasting tastes and current offers have their joint law and month 1 brings no reshuffle.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.economics.costs import steady_state_experience
from sim.market.ecosystem.agents import count_users, open_platforms
from sim.market.ecosystem.communities import community_rules, contribute
from sim.market.month import choose, dated_events, serve
from sim.market.supply.books import publish
from sim.market.supply.costs import CARDS_PER_UNIT, load_apps, planned_costs, unit_costs
from sim.market.vendors.campaigns import awareness_rules, current_awareness
from sim.market.vendors.openness import decide_openness

if TYPE_CHECKING:
    from sim.market.base import BaseMarket


LEAST_FORGETTING = 1e-6  # keeps the steady state finite where nothing is forgotten
LEAST_OUTPUT = 1.0  # million tokens: an empty market still has a positive reference
LEAST_CARDS = 1e-9  # keeps load over cards defined where there are none


def start(model: BaseMarket) -> None:
    """Make the state at the end of the month before the first."""
    state = model.state
    for event in model.rules(dated_events).get(-1, ()):
        event.apply(model)
    load_apps(model.supply, 0, state)
    planned = planned_costs(model.supply, state)
    model.costs = unit_costs(model.supply, 0, model.world, planned, state)
    decide_openness(model)
    open_platforms(model)
    if model.scenario.mechanisms.communities:
        contribute(model.rules(community_rules), model.state)
    _first_means(model)
    state.own_cards[:] = np.inf  # nobody rations before cards are sized to the load
    for turn in range(model.scenario.initial.rounds + 1):
        state.awareness[:] = current_awareness(model.rules(awareness_rules), state)
        number = model.month_number - model.scenario.initial.rounds - 1 + turn
        choose(model, number, everyone=True)
        serve(model)
        publish(model.world, model.volumes, model.state)
    count_users(model)
    _size_cards(model)
    _first_experience(model)
    planned = planned_costs(model.supply, state)
    model.costs = unit_costs(model.supply, 0, model.world, planned, state)


def _first_means(model: BaseMarket) -> None:
    """Plain means over the offers there are, before anybody has bought."""
    world, state = model.world, model.state
    there = model.available()[: world.n_api]
    prices = model.paid[: world.n_api][there]
    state.mean_price = float(prices.mean()) if len(prices) else 0.0
    families = np.unique(world.family[: world.n_api][there])
    if len(families):
        state.mean_capability[:] = model.capability[families].mean(axis=0)
    state.last_price[:] = model.paid


def _size_cards(model: BaseMarket) -> None:
    """Cards stated, or sized to the first month's load; then the pipeline replaces wear."""
    state, scenario, rules = model.state, model.scenario, model.supply
    own, work, load = rules.own_share, rules.work(rules.own_share), model.volumes.load
    cards = np.zeros(model.world.n_vendors)
    for v, name in enumerate(model.world.vendors):
        stated = scenario.vendors[name].capacity.initial
        born = (load[v] / scenario.initial.utilisation + state.app_cards[v]) / work[v]
        cards[v] = born if stated is None else stated * CARDS_PER_UNIT
    state.own_cards[:], state.external_cards[:] = own * cards, (1.0 - own) * cards
    if scenario.supply.lead_months > 0:
        state.pipeline[:] = (scenario.supply.wear * cards)[:, None]
        most = rules.own_output[0][:, None]
        state.own_pipeline[:] = np.minimum(own[:, None] * state.pipeline, most)
    state.load_cards[:] = load
    state.tightness[:] = load / np.maximum(cards * work, LEAST_CARDS)
    state.utilisation[:] = np.minimum(state.tightness, 1.0)
    state.reliability[:] = 1.0
    state.last_reliability[:] = 1.0
    for v, name in enumerate(model.world.vendors):
        state.load_trend[v] = scenario.vendors[name].capacity.expected_growth


def _first_experience(model: BaseMarket) -> None:
    """Experience at which the first month's output just offsets forgetting.

    A platform that sells next to nothing starts with that of a small one, so that its first
    customers do not make it an expert at once.
    """
    output = model.volumes.tokens
    learning = model.scenario.supply.learning
    forgetting = max(learning.forgetting, LEAST_FORGETTING)
    least = max(learning.least_share * math.fsum(output.tolist()), LEAST_OUTPUT)
    for v in range(model.world.n_vendors):
        known = max(float(output[v]), least)
        model.state.experience[v] = steady_state_experience(known, forgetting)
    model.state.experience_start[:] = model.state.experience
