"""Rationing: what was asked for meets capacity; the rest goes to second choices or is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.economics.costs import adaptive_expectation, served_by_rank, served_fraction
from sim.market.clients.columns import MonthCounts
from sim.market.state import MarketState
from sim.market.supply.costs import (
    SupplyRules,
    UnitCosts,
    cards_for_customers,
    later_app_cards,
)
from sim.market.world import MarketLayout
from sim.numeric.arrays import ratio, sums_by_group
from sim.numeric.portable import ln
from sim.strategies.capacity import AllocationStrategy, Shortage

Floats = npt.NDArray[np.float64]


class Volumes(NamedTuple):
    """Volumes of a month by offer (J,): million tokens, or card-hours for RENT."""

    demanded: Floats
    kept: Floats  # served where it was asked for
    spilled: Floats  # served here after another platform could not
    served: Floats  # everything served by an offer
    lost: Floats  # neither, by the offer that was asked
    host_hours: Floats  # card-hours of HOST offers, as served
    by_cell: Floats  # (cells, K, J) demanded
    by_kind: Floats  # (K, J) demanded
    all_kinds: Floats  # (cells, J) demanded
    load: Floats  # (V,) cards wanted
    cards: Floats  # (V,) cards there are for customers
    tokens: Floats  # (V,) million tokens of model calls, as served
    costs: UnitCosts  # what serving took and cost


def serve(
    rules: SupplyRules,
    world: MarketLayout,
    tally: MonthCounts,
    costs: UnitCosts,
    unit_price: Floats,
    allocations: Sequence[AllocationStrategy],
    state: MarketState,
) -> Volumes:
    """Ration the counted volumes of a month; what is not served tries second choices.

    `unit_price` (J,) is yuan for a million tokens or a card-hour; `allocations` (V,) say whom each
    vendor serves first.
    """
    by_cell, hours, demanded = counted_volumes(tally)
    needed = cards_needed(rules, world, demanded, hours, costs.cards)
    load = platform_sums(world, needed)[: world.n_vendors]
    cards = cards_for_customers(rules, state)
    part, fraction = served_parts(
        rules, world, state, (demanded, hours), needed, unit_price, load, cards, allocations
    )
    kept = demanded * part
    lost, spilled = demanded - kept, np.zeros(world.n_offers)
    if rules.spill_over and np.count_nonzero(lost):
        spare = np.maximum(cards - load, 0.0)
        spilled, taken = second_choices(
            rules, world, tally, state.hosting, demanded, lost, costs.cards, spare
        )
        lost = lost - taken
    served = kept + spilled
    note_excess(world, demanded, kept, state)
    remember(rules, load, cards, fraction, state)
    return Volumes(
        demanded=demanded,
        kept=kept,
        spilled=spilled,
        served=served,
        lost=lost,
        host_hours=hours * part,
        by_cell=by_cell,
        by_kind=np.add.reduce(by_cell, axis=0),
        all_kinds=np.add.reduce(by_cell, axis=1),
        load=load,
        cards=cards,
        tokens=calls_by_vendor(world, served),
        costs=costs,
    )


def served_parts(
    rules: SupplyRules,
    world: MarketLayout,
    state: MarketState,
    asked: tuple[Floats, Floats],
    needed: Floats,
    unit_price: Floats,
    load: Floats,
    cards: Floats,
    allocations: Sequence[AllocationStrategy],
) -> tuple[Floats, Floats]:
    """(J,) served part of what is asked of each offer, and (V,) of each vendor's load.

    Own machines and postponing have no limit. `asked` are volumes and, of HOST offers, hours (J,);
    `needed` (J,) is cards.
    """
    if not rules.capacity:
        return np.ones(world.n_offers), np.ones(world.n_vendors)
    fraction = served_fraction(load, cards)
    part = world.of_platforms(fraction, 1.0)
    for v in (cards < load).nonzero()[0].tolist():
        if allocations[v].proportional:
            continue
        own = world.offers_of[v]
        volume, hours = asked
        earned = unit_price[own] * np.where(world.hosting[own], hours[own], volume[own])
        part[own] = allocated(
            allocations[v],
            asked=np.append(needed[own], later_app_cards(rules, state)[v]),
            earned=np.append(earned, 0.0),
            app_value=float(rules.app_value[v]),
            contracted=np.append(~world.calls[own], False),
            cards=float(cards[v]),
        )
        fraction[v] = float((needed[own] * part[own]).sum() / load[v])
    return part, fraction


def note_excess(world: MarketLayout, demanded: Floats, kept: Floats, state: MarketState) -> None:
    """(V,) calls asked for over those served: 1 if none is asked, infinite if none is served."""
    asked, given = calls_by_vendor(world, demanded), calls_by_vendor(world, kept)
    state.excess.fill(1.0)
    state.excess[asked > 0.0] = np.inf
    np.divide(asked, given, out=state.excess, where=given > 0.0)


def allocated(
    strategy: AllocationStrategy,
    asked: Floats,
    earned: Floats,
    app_value: float,
    contracted: npt.NDArray[np.bool_],
    cards: float,
) -> Floats:
    """Served fractions of a vendor's own offers where its cards are short, (n - 1,).

    Parameters
    ----------
    asked, earned, contracted
        (n,) card-months wanted, yuan that they would earn, and whether they are under contract; the
        rest of the own apps come last.
    """
    value = ratio(earned, asked)
    value[-1] = app_value
    ranks = strategy.ranks(Shortage(asked, value, contracted))
    return served_by_rank(asked, ranks, cards)[:-1]


def platform_sums(world: MarketLayout, values: Floats) -> Floats:
    """(..., V + 2) sums over the offers (..., J) of each platform, own machines and NONE last."""
    return sums_by_group(values, world.platform, world.n_vendors + 2)


def calls_by_vendor(world: MarketLayout, values: Floats) -> Floats:
    """(V,) sums over the model calls (J,) of each vendor."""
    n = world.n_api
    return sums_by_group(values[:n], world.platform[:n], world.n_vendors)


def counted_volumes(tally: MonthCounts) -> tuple[Floats, Floats, Floats]:
    """Volumes (cells, K, J), card-hours of HOST offers (J,), and volumes by offer (J,)."""
    by_row = tally.volume.reshape(-1, len(tally.hours))
    demanded = np.add.reduce(by_row, axis=0) / tally.scale
    return tally.volume / tally.scale, tally.hours / tally.scale, demanded


def cards_needed(
    rules: SupplyRules, world: MarketLayout, volume: Floats, hours: Floats, per_token: Floats
) -> Floats:
    """(J,) card-months of volumes: tokens of model calls, hours of HOST, own volumes of RENT."""
    cards = np.zeros(world.n_offers)
    hosts, rents = slice(world.host_start, world.rent_start), slice(world.rent_start, world.none)
    cards[: world.n_api] = volume[: world.n_api] * per_token
    cards[hosts] = hours[hosts] / rules.table.card_hours
    cards[rents] = volume[rents] / rules.table.card_hours
    return cards


def second_choices(
    rules: SupplyRules,
    world: MarketLayout,
    tally: MonthCounts,
    on_sale: npt.NDArray[np.bool_],
    demanded: Floats,
    unserved: Floats,
    per_token: Floats,
    spare: Floats,
) -> tuple[Floats, Floats]:
    """Unserved tokens try the model calls that are their second choice, rationed pro rata there.

    A part `spill_share` of them goes, split as the volumes of the offer are by second choice.
    Rented hours have no token offer to go to, and a second choice may have gone since it was made.

    Returns
    -------
    (J,) volumes that offers take over, and (J,) those that are taken from offers.
    """
    n = world.n_api
    sent = np.where(world.renting, 0.0, demanded)
    part = ratio(tally.pairs[:, :n] / tally.scale, sent[:, None])
    going = rules.table.spill_share * unserved[:, None] * part * on_sale[:n]
    tried = going.sum(axis=0)
    need = sums_by_group(tried * per_token, world.platform[:n], world.n_vendors)
    accepted = served_fraction(need, spare)[world.platform[:n]]
    takes = np.zeros(world.n_offers)
    takes[:n] = tried * accepted
    return takes, (going * accepted).sum(axis=1)


def remember(
    rules: SupplyRules, load: Floats, cards: Floats, fraction: Floats, state: MarketState
) -> None:
    """Reliability follows what was served; load, its trend and tightness follow demand, (V,).

    Tightness is demand over capacity without a limit, utilisation the same up to 1. A platform
    without any cards is full as soon as something is asked.
    """
    state.last_reliability[:] = state.reliability
    memory = rules.table.reliability_memory
    state.reliability[:] = adaptive_expectation(state.reliability, fraction, memory)
    if not rules.capacity:
        return
    before, asked = state.load_cards, load > 0.0
    used = np.divide(load, cards, out=asked.astype(np.float64), where=cards > 0.0)
    state.tightness[:], state.utilisation[:] = used, np.minimum(used, 1.0)
    known = asked & (before > 0.0)
    growth = ln(np.divide(load, before, out=np.ones(len(load)), where=known))
    state.load_trend[:] = adaptive_expectation(state.load_trend, growth, rules.trend_memory)
    state.load_cards[:] = load
