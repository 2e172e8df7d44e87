"""What serving takes and costs this month: throughput, cards, unit cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.costs import experience_unit_cost, insulated_cost_shock
from sim.economics.scarcity import scarcity_factor
from sim.market.chips import output_per_card, own_share
from sim.market.shared import shared
from sim.months import months_between

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
TOKENS_PER_UNIT = 1_000.0  # T tokens per 1,000 cards -> million tokens per card
MILLIONS_PER_TRILLION = 1e6


def reference_throughput(model: MarketModel) -> float:
    """Million tokens of a card-month at full use, reference model, this month."""
    return shared(model.scenario, f"throughput {model.month}", lambda: _throughput(model))


def _throughput(model: MarketModel) -> float:
    supply = model.scenario.supply
    age = months_between(supply.throughput_month, model.date)
    return supply.throughput * TOKENS_PER_UNIT * math.exp(supply.throughput_growth * age)


def platform_throughput(model: MarketModel) -> Floats:
    """(V,) the same on a platform: scheduling and own experience included; read-only."""
    state = model.state
    key = model.month, state.experience.tobytes(), state.experience_start.tobytes()
    return model.memo.of("throughput", key, lambda: _throughput_by_platform(model))


def _throughput_by_platform(model: MarketModel) -> Floats:
    cost = np.ones(model.world.n_vendors)
    if model.scenario.mechanisms.learning:
        cost = experience_unit_cost(
            1.0,
            model.state.experience,
            model.state.experience_start,
            model.scenario.supply.learning.exponent,
        )
    return reference_throughput(model) * model.scheduling / cost


def cards_per_token(model: MarketModel) -> Floats:
    """(n_api,) card-months that a million tokens of each model-call offer need; read-only."""
    throughput = platform_throughput(model)
    key = throughput.tobytes(), model.state.serving_cost.tobytes()
    return model.memo.of("cards per token", key, lambda: _cards_per_token(model, throughput))


def _cards_per_token(model: MarketModel, throughput: Floats) -> Floats:
    world = model.world
    throughput = throughput[world.platform[: world.n_api]]
    cost = model.state.serving_cost[world.family[: world.n_api]]
    return cost / (throughput * model.scenario.supply.utilisation)


def card_cost(model: MarketModel) -> Floats:
    """(V,) yuan a month of what does the work of a bought card: own and bought cards; a shock
    of the bought ones moves the logarithm by (1 - own-chip share). Read-only."""
    state = model.state
    shock = state.external_cost_factor, state.supply_shock
    key = *shock, state.own_cards.tobytes(), state.external_cards.tobytes()
    return model.memo.of("card cost", key, lambda: _cost_of_mix(model, own_share(model)))


def planned_card_cost(model: MarketModel) -> Floats:
    """(V,) the same for cards in the planned mix, whatever the output of own chips is."""
    key = model.state.external_cost_factor, model.state.supply_shock
    mix = model.chips.planned
    return model.memo.of("planned card cost", key, lambda: _cost_of_mix(model, mix))


def _cost_of_mix(model: MarketModel, own: Floats) -> Floats:
    supply, state = model.scenario.supply, model.state
    made = supply.own_card_cost * model.chips.cost
    mix = own * made + (1.0 - own) * supply.external_card_cost
    shock = math.log(state.external_cost_factor) + state.supply_shock
    if shock != 0.0:
        mix *= np.exp(insulated_cost_shock(shock, own))
    return mix / output_per_card(model, own)


def accounting_cost(model: MarketModel) -> Floats:
    """(n_api,) yuan per million tokens of each model-call offer; read-only."""
    card, cards = card_cost(model), cards_per_token(model)
    platform = model.world.platform[: model.world.n_api]
    key = card.tobytes(), cards.tobytes()
    return model.memo.of("accounting cost", key, lambda: card[platform] * cards)


def opportunity_cost(model: MarketModel) -> Floats:
    """(n_api,) accounting cost x max(1, (u/threshold)^exponent): a full house costs more."""
    cost = accounting_cost(model)
    if not model.scenario.mechanisms.capacity:
        return cost
    table = model.scenario.supply.scarcity
    factor = scarcity_factor(model.state.utilisation, table.threshold, table.exponent)
    return cost * factor[model.world.platform[: model.world.n_api]]


def rent_of(model: MarketModel) -> Floats:
    """(V,) yuan of a rented card-month on each platform."""
    return model.state.market_rent * model.rent_factor


def hosting_hours(model: MarketModel) -> Floats:
    """(F,) card-hours that a client of skill 1 needs for a million tokens of each family."""
    supply, table = model.scenario.supply, model.scenario.demand.self_hosting
    hours = supply.card_hours / (reference_throughput(model) * table.utilisation)
    return hours * model.state.serving_cost * model.hosting_ease()
