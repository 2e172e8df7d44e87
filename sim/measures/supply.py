"""Accelerators and how well they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.market.recorder import Floats, curve
from sim.numeric.arrays import sums_by_group
from sim.numeric.portable import exp

if TYPE_CHECKING:
    from sim.market.base import BaseMarket


def by_vendor(model: BaseMarket, values: Floats) -> Floats:
    """(..., V) sums by platform of a number for each offer (..., J)."""
    v = model.world.n_vendors
    return sums_by_group(values, model.world.platform, v + 2)[..., :v]


@curve("cards", "vendor")
def own_cards(model: BaseMarket) -> Floats:
    """Self-made accelerators."""
    return model.state.own_cards


@curve("cards", "vendor")
def external_cards(model: BaseMarket) -> Floats:
    """Bought accelerators."""
    return model.state.external_cards


@curve("share", "vendor")
def utilisation(model: BaseMarket) -> Floats:
    """Customers' load over the cards there are for them, at most 1."""
    return model.state.utilisation


@curve("share", "vendor")
def reliability(model: BaseMarket) -> Floats:
    """Remembered served / demanded."""
    return model.state.reliability


@curve("million tokens or card-hours/month", "vendor")
def unserved_demand(model: BaseMarket) -> Floats:
    """Asked of the platform, served by nobody."""
    return by_vendor(model, model.volumes.lost)


@curve("-", "vendor")
def attention(model: BaseMarket) -> Floats:
    """Attention left from events."""
    return model.state.attention


@curve("million tokens", "vendor")
def experience(model: BaseMarket) -> Floats:
    """Tokens served, forgotten over time."""
    return model.state.experience


@curve("developers", "family")
def developers(model: BaseMarket) -> Floats:
    """Developers of each open family, in all regions."""
    state = model.state
    return (state.developers + state.developers_in.sum(axis=-1)) * state.weights_open


@curve("yuan/card-month")
def external_card_price(model: BaseMarket) -> Floats | float:
    """Cost of a bought card: the base, its dated factor and the random shock."""
    factor = model.state.external_cost_factor * exp(model.state.supply_shock)
    return model.scenario.supply.external_card_cost * factor


@curve("share")
def external_availability(model: BaseMarket) -> Floats | float:
    """Bought cards to be had against orders."""
    return model.state.obtainable


@curve("cards/month", "vendor")
def cards_ordered(model: BaseMarket) -> Floats:
    """Cards ordered this month, self-made and bought (0 where capacity does not limit)."""
    return model.state.ordered
