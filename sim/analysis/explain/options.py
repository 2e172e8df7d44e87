"""What one workload compares at a review: utilities split by term, and the keyed draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.economics.demand import price_term
from sim.market.clients.choice import NEST_KEYS
from sim.market.clients.consider import log_volume_of, operations_per_unit
from sim.market.ecosystem.agents import agent_utility
from sim.market.ecosystem.communities import communities, community_rules
from sim.market.tables import term_rules
from sim.market.world import HOST, NONE, RENT
from sim.numeric.draws import event_state, gumbel, nest_shock, uniform
from sim.numeric.portable import log1p

if TYPE_CHECKING:
    from sim.market.base import BaseMarket

SMALL = 1e-12
"""Terms no larger than rounding are not told."""
DRAWS = ("draw of the offer", "draw of the channel")
ONE = np.uint32(1)


@dataclass(frozen=True)
class Option:
    """One offer at a review: its parts add up to the utility that the client compares."""

    label: str
    offer: int
    utility: float
    parts: dict[str, float]


@dataclass(frozen=True)
class Occasion:
    """One workload in a month, before it looks: everything that decides what it takes."""

    client: int
    work: int
    current: int
    log_volume: float
    month: int


def _event(stream: np.uint64, client: Any, work: Any, month: int) -> np.uint64:
    # compiled code hands a Python int out, and takes none of 64 bits in
    return np.uint64(event_state(stream, client, work, month))


def review_draw(model: BaseMarket, at: Occasion) -> tuple[float, float]:
    """The keyed uniform of the month and the hazard of looking again it is held against."""
    columns, terms = model.columns, model.terms
    event = _event(
        model.streams.review, columns.client_id[at.client], columns.work_key[at.work], at.month
    )
    row = 1 if columns.key_account[at.client] else 0
    hazard = float(terms.hazard[row, at.current]) if at.current >= 0 else 1.0
    return float(uniform(event, ONE)), hazard


def awareness_draws(model: BaseMarket, client: int) -> dict[str, tuple[float, float]]:
    """Each platform's keyed uniform of the client, and the awareness it is held against."""
    columns = model.columns
    who = _event(model.streams.awareness, columns.client_id[client], np.uint64(0), 0)
    cell = columns.cell[client]
    return {
        name: (
            float(uniform(who, model.world.vendor_keys[v])),
            float(model.terms.awareness[cell, v]),
        )
        for v, name in enumerate(model.world.vendors)
    }


def considered(model: BaseMarket, at: Occasion) -> list[int]:
    """Offers that a workload compares, NONE last: open ones of platforms that the client sees."""
    world, columns, terms = model.world, model.columns, model.terms
    cell, home = columns.cell[at.client], int(columns.home[at.client])
    hours = bool(terms.hours_kind[columns.kind[at.work]])
    aware = awareness_draws(model, at.client)
    seen = [v == home or draw < level for v, (draw, level) in enumerate(aware.values())]
    found = []
    for j in range(world.none):
        v, channel = int(world.platform[j]), int(world.channel[j])
        if not terms.open[cell, j] or hours != (channel == RENT):
            continue
        if channel == HOST:
            own = v == world.n_vendors
            there = bool(columns.own_machines[at.client]) if own else v == home
        else:
            there = seen[v] or j == at.current
        if there:
            found.append(j)
    return [*found, world.none]


def options(model: BaseMarket, at: Occasion) -> list[Option]:
    """Every considered offer, best first; `sim.market.clients.choice` takes the first.

    ``U = base + taste + home - cut-up - switching - alpha b(p) + (1 - rho) e + nu`` with the
    draws e of the offer and nu of the channel; all utilities in outer units.
    """
    found = [_option(model, at, j) for j in considered(model, at)]
    # Python's sort keeps the kernel's order among equals, and postponing is compared last.
    return sorted(found, key=lambda option: -option.utility)


def _option(model: BaseMarket, at: Occasion, offer: int) -> Option:
    parts = _systematic(model, at, offer) | _random_terms(model, at, offer)
    told = {name: value for name, value in parts.items() if abs(value) > SMALL}
    return Option(model.world.labels[offer], offer, sum(parts.values()), told)


def _random_terms(model: BaseMarket, at: Occasion, offer: int) -> dict[str, float]:
    columns, world, streams = model.columns, model.world, model.streams
    who, work = columns.client_id[at.client], columns.work_key[at.work]
    event = _event(streams.choice, who, work, at.month)
    draw = float(gumbel(event, world.offer_keys[offer]))
    channel = int(world.channel[offer])
    if channel == NONE:
        return {DRAWS[0]: draw}
    rho = float(model.terms.rho[channel])
    nests = _event(streams.nest, who, work, at.month)
    shock = float(nest_shock(nests, NEST_KEYS[channel], rho))
    return {DRAWS[0]: (1.0 - rho) * draw, DRAWS[1]: shock}


def _systematic(model: BaseMarket, at: Occasion, offer: int) -> dict[str, float]:
    columns, terms, world = model.columns, model.terms, model.world
    i, k = at.client, int(columns.kind[at.work])
    cell, alpha = int(columns.cell[i]), float(columns.alpha[i])
    channel, v = int(world.channel[offer]), int(world.platform[offer])
    if channel == NONE:
        return {
            "waiting": float(terms.none_base[cell, k]),
            "prices still falling": -float(terms.none_slope[k]) * alpha,
        }
    parts = _base(model, cell, k, offer)
    if v < world.n_vendors:
        parts["taste"] = float(columns.taste[i, v])
        parts["home cloud"] = float(terms.home_bonus[columns.home[i] + 1, offer])
        held = _lines_held(model, at, v)
        parts["other channels"] = float(terms.cross[terms.line[k, offer], held])
    if channel != RENT:
        need = float(columns.log_need[at.work]) - float(terms.log_context[offer])
        parts["cut up"] = -float(terms.cut_up[k]) * max(0.0, need)
    parts["switching"] = -float(terms.switching[at.current + 1, offer])
    parts["price"] = -alpha * _price(model, at, offer)
    return parts


def _lines_held(model: BaseMarket, at: Occasion, platform: int) -> int:
    """Lines of business in which a platform served other work of the client last month, as bits."""
    columns, held = model.columns, 0
    for work in range(int(columns.first[at.client]), int(columns.first[at.client + 1])):
        j = int(model.choices.counted[work])  # until the month is served
        if work != at.work and j >= 0 and model.world.platform[j] == platform:
            held |= 1 << int(model.terms.line[columns.kind[work], j])
    return held


def _base(model: BaseMarket, cell: int, k: int, offer: int) -> dict[str, float]:
    """Parts of the table `base` of the month; what no part names is told as the rest."""
    rules, state, world = model.rules(term_rules), model.state, model.world
    family, v = int(world.family[offer]), int(world.platform[offer])
    parts = {"appeal": float(rules.constant[cell, offer])}
    if family >= 0:
        lead = float(model.capability[family, k] - state.mean_capability[k])
        parts["capability"] = float(rules.theta[cell, k]) * lead
        near = communities(model.rules(community_rules), state).met
        met = float(near[cell % len(world.regions), family])
        community = log1p(met / model.scenario.demand.community_scale)
        parts["community"] = float(rules.gamma[cell]) * community
    if model.scenario.mechanisms.reliability and v < world.n_vendors:
        weight = model.scenario.demand.reliability_weight
        parts["reliability"] = float(weight * (state.reliability[v] - 1.0))
    if len(rules.agents):
        added = agent_utility(model, rules.agents)[cell, k]
        parts["agents"] = float(added[offer]) if offer < len(added) else 0.0
    parts["rest"] = float(model.terms.base[cell, k, offer]) - sum(parts.values())
    return parts


def _price(model: BaseMarket, at: Occasion, offer: int) -> float:
    """Price term: listed, or of the cards and the operations of self-hosting."""
    columns, terms = model.columns, model.terms
    if model.world.channel[offer] != HOST:
        return float(terms.price[offer])
    growth = float(terms.log_growth[columns.kind[at.work]])
    volume = log_volume_of(at.log_volume, float(columns.log_base[at.work]), growth)
    average = float(terms.host_cost[offer]) / float(columns.skill[at.client])
    average += float(operations_per_unit(terms.operations, volume))
    term = float(price_term(average, terms.box_cox, terms.price_shift))
    return term - float(terms.mean_price_term)
