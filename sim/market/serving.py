"""Phase `serve`: what was asked for meets capacity; the rest spills over or is lost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.costs import cards_per_token
from sim.market.population import FIXED_POINT
from sim.market.rationing import add_up, fill_cards, fill_trends, ration, try_second
from sim.market.supply import capacity
from sim.market.usage import use

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
LARGEST_COUNT = 2.0**61  # of the 63 bits of a whole number; a month does not grow fourfold


@dataclass
class Volumes:
    """Volumes of a month by offer (J,): million tokens, or card-hours for RENT."""

    demanded: Floats
    kept: Floats  # served where it was asked for
    spilled: Floats  # served here after another platform could not
    lost: Floats  # neither, by the offer that was asked
    host_hours: Floats  # (J,) card-hours of HOST offers, as served
    by_cell: Floats  # (cells, K, J) demanded
    load: Floats  # (V,) cards wanted
    room: Floats  # (V,) cards there

    @cached_property
    def served(self) -> Floats:
        """(J,) everything served by an offer."""
        return self.kept + self.spilled

    @cached_property
    def by_kind(self) -> Floats:
        """(K, J) demanded."""
        return np.asarray(self.by_cell.sum(axis=0))

    @cached_property
    def all_kinds(self) -> Floats:
        """(cells, J) demanded."""
        return np.asarray(self.by_cell.sum(axis=1))


def platform_sums(model: MarketModel, values: Floats) -> Floats:
    """(V + 2,) sums over the offers of each platform, own machines and NONE last."""
    size = model.world.n_vendors + 2
    sums = np.bincount(model.world.platform, weights=values, minlength=size)
    return np.asarray(sums, dtype=np.float64)


def cards_of_offers(model: MarketModel, volume: Floats, hours: Floats) -> Floats:
    """(J,) card-months that the volumes need on their platform."""
    cards, card_hours = np.empty(len(volume)), model.scenario.supply.card_hours
    fill_cards(volume, hours, cards_per_token(model), card_hours, model.layout, cards)
    return cards


def serve(model: MarketModel) -> None:
    """Add up the volumes, ration pro rata, spill to second choices, remember reliability."""
    tally, world, scenario = model.tally, model.world, model.scenario
    for array in (
        tally.volume,
        tally.pairs,
        tally.hours,
        tally.clients,
        tally.homing,
        tally.active,
    ):
        array.fill(0)
    use(model.columns, model.choices, model.layout, model.terms, tally, model.spaces)
    by_cell, demanded = np.empty(tally.volume.shape), np.empty(world.n_offers)
    hours, kept = np.empty(world.n_offers), np.empty(world.n_offers)
    _refuse_overflow(*add_up(tally.volume, tally.hours, by_cell, demanded, hours))
    cards = cards_of_offers(model, demanded, hours)
    load, room, fraction = np.empty(world.n_vendors), capacity(model), np.empty(world.n_vendors + 2)
    rationed, platform = scenario.mechanisms.capacity, world.platform
    short = ration(rationed, demanded, hours, cards, platform, room, fraction, load, kept)
    unserved, spilled = demanded - kept, np.zeros(world.n_offers)
    if short and scenario.mechanisms.spill_over:
        spilled, unserved = _spill(model, demanded, unserved, room - load)
    model.volumes = Volumes(demanded, kept, spilled, unserved, hours, by_cell, load, room)
    _remember(model, fraction[: world.n_vendors], load, room)


def _refuse_overflow(least: int, total: float) -> None:
    if least < 0 or total > LARGEST_COUNT:
        raise ValueError(
            f"volumes above {LARGEST_COUNT / FIXED_POINT:.2g} million tokens (or card-hours) a "
            "month cannot be added up exactly: too many months, growth or too low a price"
        )


def _spill(
    model: MarketModel, demanded: Floats, unserved: Floats, left: Floats
) -> tuple[Floats, Floats]:
    """Unserved tokens try their second choice among model calls; returns spilled and lost."""
    world, calls = model.world, model.world.n_api
    spilled, going = np.zeros(world.n_offers), np.empty((world.n_offers, calls))
    try_second(
        model.scenario.supply.spill_share,
        model.tally.pairs,
        demanded,
        unserved,
        # rented hours have no token offer to go to
        model.fixed("offers of tokens", lambda: ~world.renting),
        # a second choice of an earlier review may be gone
        model.state.hosting,
        cards_per_token(model),
        world.platform,
        np.maximum(left, 0.0),
        np.empty(world.n_vendors),
        spilled[:calls],
        going,
    )
    return spilled, unserved - np.add.reduce(going, axis=1)


def _remember(model: MarketModel, fraction: Floats, load: Floats, room: Floats) -> None:
    state, supply = model.state, model.scenario.supply
    state.last_reliability = state.reliability
    memory = supply.reliability_memory
    state.reliability = memory * state.reliability + (1.0 - memory) * fraction
    if not model.scenario.mechanisms.capacity:
        return
    memories = model.fixed("trend memories", lambda: _trend_memories(model))
    state.utilisation = np.empty(len(load))
    fill_trends(load, room, state.load_cards, memories, state.load_trend, state.utilisation)
    state.load_cards = load


def _trend_memories(model: MarketModel) -> Floats:
    """(V,) how long each vendor remembers the trend of its load."""
    tables = model.scenario.vendors
    return np.array([tables[name].capacity.trend_memory for name in model.world.vendors])
