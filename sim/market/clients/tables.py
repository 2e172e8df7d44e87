"""The tables of a month from which every choice is computed, (cells, K, J) or parts of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.demand import price_term
from sim.economics.networks import network_benefit
from sim.market.clients.columns import MonthTerms
from sim.market.ecosystem.agents import agent_utility
from sim.market.ecosystem.communities import communities
from sim.numeric.portable import ln, log2

if TYPE_CHECKING:
    from sim.market.model import MarketModel


Floats = npt.NDArray[np.float64]
LEAST = float(np.finfo(np.float64).tiny)  # stands for a price where nothing is on sale


def fill_terms(model: MarketModel) -> MonthTerms:
    """The tables of this month as the market is now; the same arrays every month."""
    model.communities = communities(model.community_rules, model.state)
    terms = model.terms
    terms.auctions = model.bidding.open
    terms.adopted[:], terms.awareness[:] = model.state.adopted, model.awareness
    fill_open(model, terms)
    fill_prices(model, terms)
    fill_progress(model, terms)
    fill_utilities(model, terms)
    terms.hazard[:] = review_hazards(model)
    return terms


def fill_open(model: MarketModel, terms: MonthTerms) -> None:
    """(cells, J) offers that a client of the cell may take this month."""
    rules, opened = model.term_rules, np.append(model.state.weights_open, False)[model.world.family]
    allowed = rules.always | (rules.while_open & opened)
    terms.open[:] = model.available() & allowed


def fill_prices(model: MarketModel, terms: MonthTerms) -> None:
    """Price terms against the market's mean price, and logs of prices over the reference.

    Model calls cost their token price. Running a family oneself costs `host_cost` yuan per million
    tokens at skill 1, for `unit_hours` card-hours; own machines cost `own_rent` of the market rent.
    Rented accelerators cost the rent.
    """
    rules, world, state = model.term_rules, model.world, model.state
    calls = slice(0, world.n_api)
    with_card = slice(world.host_start, world.none)
    hosts, rents = slice(world.host_start, world.rent_start), slice(world.rent_start, world.none)
    rent = state.market_rent * rules.rent_factor
    supply = model.supply
    hours = rules.card_hours / (supply.throughput[model.month] * rules.host_use)
    family = world.family[hosts]
    terms.unit_hours[hosts] = hours * state.serving_cost[family] * model.communities.ease[family]
    per_hour = rent / rules.card_hours
    terms.host_cost[hosts] = terms.unit_hours[hosts] * per_hour[world.platform[hosts]]

    per_hour[-1] = 0.0  # nobody is paid for own machines
    terms.unit_price[calls] = model.paid[calls]
    terms.unit_price[with_card] = per_hour[world.platform[with_card]]

    paid, term_of = model.paid[calls], (rules.box_cox, rules.price_shift)
    terms.mean_price_term = mean = float(price_term(max(state.mean_price, LEAST), *term_of))
    terms.price[calls] = price_term(np.maximum(paid, LEAST), *term_of) - mean
    terms.price[rents] = ln(rent[:-1] / state.market_rent)

    ratio = np.concatenate([paid, terms.host_cost[hosts], rent[:-1]])
    tokens = ratio[: world.rent_start]
    tokens[:] = np.maximum(tokens, rules.lowest_price) / rules.reference_price
    ratio[rents] /= rules.reference_rent
    terms.log_price_ratio[: world.none] = ln(ratio)
    with_family = slice(0, world.rent_start)
    terms.log_context[with_family] = log2(state.context)[world.family[with_family]]


def fill_progress(model: MarketModel, terms: MonthTerms) -> None:
    """What postponing is worth, and how far demand has grown, by kind of work.

    `welfare` (cells, K): theta x mean capability. `none_base` (cells, K): n0 - discount x welfare,
    discounted for token work alone. `none_slope` (K,), which multiplies alpha: outside x
    (b(reference) - b(mean price)), or the same of the market rent for accelerator-hours.
    """
    rules, state = model.term_rules, model.state
    token_term = rules.reference - terms.mean_price_term
    hours_term = ln(rules.reference_rent / state.market_rent)
    terms.none_slope[:] = rules.outside * np.where(rules.hours_kind, hours_term, token_term)
    terms.log_growth[:] = rules.growing[model.month] + state.log_shift
    terms.welfare[:] = rules.theta * state.mean_capability
    terms.none_base[:] = rules.n0 - rules.discount * terms.welfare


def fill_utilities(model: MarketModel, terms: MonthTerms) -> None:
    """(cells, K, J): constant + theta x lead + gamma x community + reliability + agents.

    Lead in capability and community are 0 of offers without a family.
    """
    rules, world, state = model.term_rules, model.world, model.state
    lead = np.zeros((len(world.kinds), world.n_offers))
    community = np.zeros((world.n_cells, world.n_offers))
    with_family = slice(0, world.rent_start)
    family = world.family[with_family]
    lead[:, with_family] = (model.capability - state.mean_capability).T[:, family]
    known = network_benefit(model.communities.met, model.community_rules.scale)
    near = np.tile(known, (len(world.segments), 1)) * rules.gamma[:, None]
    community[:, with_family] = near[:, family]
    relied = np.zeros(world.n_vendors + 2)  # own machines and postponing never fail
    relied[: world.n_vendors] = rules.reliability * (state.reliability - 1.0)
    base = terms.base
    np.multiply(rules.theta[:, :, None], lead, out=base)
    base += rules.constant[:, None, :]
    base += community[:, None, :]
    base += relied[world.platform]
    if len(rules.agents):
        base[:, :, : world.n_api] += agent_utility(model, rules.agents)


def review_hazards(model: MarketModel) -> Floats:
    """(2, J) review hazards of ordinary clients and key accounts.

    At least `triggered` where the price has risen by more than the share `price_rise`, or where the
    platform's reliability has fallen below the `level`.
    """
    rules, world, state = model.term_rules, model.world, model.state
    if not rules.triggers:
        return rules.hazard
    last, fell = state.last_price, np.zeros(world.n_vendors + 2, bool)
    fell[: world.n_vendors] = (state.reliability < rules.level) & (
        state.last_reliability >= rules.level
    )
    rose = (last > 0.0) & (model.paid > last * (1.0 + rules.price_rise))
    return np.where(
        rose | fell[world.platform], np.maximum(rules.hazard, rules.triggered), rules.hazard
    )
