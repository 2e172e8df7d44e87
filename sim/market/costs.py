"""What serving takes and costs this month: throughput, cards, unit cost."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.economics.costs import experience_unit_cost, insulated_cost_shock
from sim.economics.scarcity import scarcity_factor
from sim.market.chips import output_per_card, own_share
from sim.market.shared import shared
from sim.months import months_between
from sim.numeric.compiled import kernel
from sim.numeric.portable import exp, ln

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
    return supply.throughput * TOKENS_PER_UNIT * exp(supply.throughput_growth * age)


class Costs(NamedTuple):
    """What serving takes and costs in a month; read-only."""

    throughput: Floats  # (V,) `reference_throughput` with scheduling and own experience
    cards: Floats  # (n_api,) card-months that a million tokens of each model-call offer need
    card: Floats  # (V,) see `card_cost`
    accounting: Floats  # (n_api,) yuan per million tokens of each model-call offer


def costs(model: MarketModel) -> Costs:
    """The costs of this month as they are now."""
    state = model.state
    key = (
        model.month,
        state.experience.tobytes(),
        state.experience_start.tobytes(),
        state.serving_cost.tobytes(),
        _card_key(model),
    )
    return model.memo.of("costs", key, lambda: _costs(model))


def _costs(model: MarketModel) -> Costs:
    world, state, n = model.world, model.state, model.world.n_api
    throughput, card = _throughput_by_platform(model), card_cost(model)
    cards, accounting = np.empty((2, n))
    fill_costs(
        world.platform,
        world.family,
        throughput,
        card,
        state.serving_cost,
        model.scenario.supply.utilisation,
        cards,
        accounting,
    )
    for array in (throughput, cards, accounting):
        array.flags.writeable = False
    return Costs(throughput, cards, card, accounting)


@kernel
def fill_costs(  # type: ignore[no-untyped-def]
    platform, family, throughput, card, serving_cost, utilisation, cards, accounting
):
    """Cards per million tokens = serving cost / (throughput x utilisation), and their cost."""
    for j in range(len(cards)):
        v = platform[j]
        cards[j] = serving_cost[family[j]] / (throughput[v] * utilisation)
        accounting[j] = card[v] * cards[j]


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
    return costs(model).cards


def card_cost(model: MarketModel) -> Floats:
    """(V,) yuan a month of what does the work of a bought card: own and bought cards; a shock
    of the bought ones moves the logarithm by (1 - own-chip share). Read-only."""
    if not model.chips.any_limited:
        return planned_card_cost(model)
    key = _card_key(model)
    return model.memo.of("card cost", key, lambda: _cost_of_mix(model, own_share(model)))


def _card_key(model: MarketModel) -> tuple[Hashable, ...]:
    """What the cost of a card follows from; the mix counts where own chips are limited."""
    state = model.state
    shock = state.external_cost_factor, state.supply_shock
    if not model.chips.any_limited:
        return shock
    return *shock, state.own_cards.tobytes(), state.external_cards.tobytes()


def planned_card_cost(model: MarketModel) -> Floats:
    """(V,) the same for cards in the planned mix, whatever the output of own chips is."""
    key = model.state.external_cost_factor, model.state.supply_shock
    mix = model.chips.planned
    return model.memo.of("planned card cost", key, lambda: _cost_of_mix(model, mix))


def _cost_of_mix(model: MarketModel, own: Floats) -> Floats:
    supply, state = model.scenario.supply, model.state
    made = supply.own_card_cost * model.chips.cost
    mix = own * made + (1.0 - own) * supply.external_card_cost
    shock = ln(state.external_cost_factor) + state.supply_shock
    if shock != 0.0:
        mix *= exp(insulated_cost_shock(shock, own))
    return mix / output_per_card(model, own)


def accounting_cost(model: MarketModel) -> Floats:
    """(n_api,) yuan per million tokens of each model-call offer; read-only."""
    return costs(model).accounting


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
