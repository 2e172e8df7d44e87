"""Phase `serve`: what was asked for meets capacity; the rest spills over or is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.clients.columns import Layout, Tally
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.usage import use
from sim.market.state import MarketState
from sim.market.supply.accelerators import SupplyRules, room_for_customers
from sim.market.supply.costs import Chips, CostRules, Costs, fill_costs
from sim.market.world import RENT, World
from sim.numeric.arrays import Cube, Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel, step
from sim.numeric.elementary import ln
from sim.numeric.exact import plain_sum

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@inlined
def served_part(asked, there):  # type: ignore[no-untyped-def]
    """Pro-rata rationing of one platform."""
    return max(there / asked, 0.0) if asked > there else 1.0


@step
def add_up(  # type: ignore[no-untyped-def]
    counted, hours, by_cell, by_kind, all_kinds, demanded, host_hours
):
    """Whole-number counts (cells, K, J) and (J,) as volumes, and their sums by kind and by cell;
    returns the least count, and the sum of all."""
    cells, kinds, offers = counted.shape
    least, total, all_hours = np.int64(0), 0.0, 0.0
    by_kind[:] = 0.0
    all_kinds[:] = 0.0
    for c in range(cells):
        for k in range(kinds):
            for j in range(offers):
                by_cell[c, k, j] = counted[c, k, j] / FIXED_POINT
            for j in range(offers):
                by_kind[k, j] += by_cell[c, k, j]
                all_kinds[c, j] += by_cell[c, k, j]
    for j in range(offers):
        least = min(least, hours[j])
        all_hours += hours[j]
        host_hours[j] = hours[j] / FIXED_POINT
        summed = np.int64(0)
        for c in range(cells):
            for k in range(kinds):
                count = counted[c, k, j]
                least = min(least, count)
                total += count
                summed += count
        demanded[j] = summed / FIXED_POINT
    return least, max(total, all_hours)


@step
def fill_cards(volume, hours, per_token, card_hours, layout, cards):  # type: ignore[no-untyped-def]
    """(J,) card-months of volumes: tokens of model calls, `hours` of HOST, own volumes of RENT."""
    cards[:] = 0.0
    for j in range(layout.n_api):
        cards[j] = volume[j] * per_token[j]
    for j in range(layout.host_start, layout.rent_start):
        if layout.platform[j] < layout.n_vendors:
            cards[j] = hours[j] / card_hours
    for j in range(layout.rent_start, layout.none):
        cards[j] = volume[j] / card_hours


@step
def fill_trends(load, room, before, memory, trend, used):  # type: ignore[no-untyped-def]
    """(V,) log growth of the load as each vendor remembers it (in place), and the part in use."""
    for v in range(load.shape[0]):
        asked = load[v] > 0.0
        used[v] = 1.0 if asked else 0.0  # without any cards, full as soon as something is asked
        if room[v] > 0.0:
            used[v] = min(load[v] / room[v], 1.0)
        growth = ln(load[v] / before[v]) if asked and before[v] > 0.0 else 0.0
        trend[v] = memory[v] * trend[v] + (1.0 - memory[v]) * growth


@step
def ration(rationed, demanded, hours, cards, platform, room, fraction, load, kept):  # type: ignore[no-untyped-def]
    """Load (V,) of the cards asked for, share served (V + 2,), and what is kept of volumes and of
    `hours` (in place); returns whether anything is not served."""
    load[:] = 0.0
    for j in range(cards.shape[0]):
        if platform[j] < load.shape[0]:
            load[platform[j]] += cards[j]
    fraction[:] = 1.0
    if rationed:
        for v in range(load.shape[0]):
            fraction[v] = served_part(load[v], room[v])
    short = False
    for j in range(demanded.shape[0]):
        kept[j] = demanded[j] * fraction[platform[j]]
        hours[j] *= fraction[platform[j]]
        short |= kept[j] != demanded[j]
    return short


@step
def try_second(  # type: ignore[no-untyped-def]
    share,
    pairs,
    demanded,
    unserved,
    channel,
    on_sale,
    per_token,
    platform,
    spare,
    need,
    tried,
    going,
):
    """Unserved tokens of offers (J,) try the model calls (n_api,) that are their second choice.

    `pairs` (J, J) counts volumes by both choices; rented hours have no token offer to go to. Writes
    the cards wanted of each platform to `need` (V,), what each call could take to `tried` and what
    it takes from whom to `going` (J, n_api).
    """
    calls = tried.shape[0]
    tried[:] = 0.0
    for j in range(unserved.shape[0]):
        sends = channel[j] != RENT and demanded[j] > 0.0
        for a in range(calls):
            going[j, a] = 0.0
            if sends and on_sale[a]:
                part = pairs[j, a] / FIXED_POINT / demanded[j]
                going[j, a] = share * unserved[j] * part
            tried[a] += going[j, a]
    need[:] = 0.0
    for a in range(calls):
        need[platform[a]] += tried[a] * per_token[a]
    for a in range(calls):
        accepted = served_part(need[platform[a]], spare[platform[a]])
        tried[a] *= accepted
        for j in range(unserved.shape[0]):
            going[j, a] *= accepted


Floats = npt.NDArray[np.float64]
LARGEST_COUNT = 2.0**61  # of the 63 bits of a whole number; a month does not grow fourfold


class Volumes(Bundle):
    """Volumes of a month by offer (J,): million tokens, or card-hours for RENT."""

    demanded: Vector[np.float64]
    kept: Vector[np.float64]  # served where it was asked for
    spilled: Vector[np.float64]  # served here after another platform could not
    served: Vector[np.float64]  # everything served by an offer
    lost: Vector[np.float64]  # neither, by the offer that was asked
    host_hours: Vector[np.float64]  # (J,) card-hours of HOST offers, as served
    by_cell: Cube[np.float64]  # (cells, K, J) demanded
    by_kind: Matrix[np.float64]  # (K, J) demanded
    all_kinds: Matrix[np.float64]  # (cells, J) demanded
    load: Vector[np.float64]  # (V,) cards wanted
    room: Vector[np.float64]  # (V,) cards there


class ServingDesk(Bundle):
    """Room for the rationing of a month, and the rules of the scenario."""

    capacity: bool
    spill_over: bool
    spill_share: float
    reliability_memory: float
    trend_memory: Vector[np.float64]  # (V,) how long each vendor remembers the trend of its load
    cards: Vector[np.float64]  # (J,)
    fraction: Vector[np.float64]  # (V + 2,) share served
    spare: Vector[np.float64]  # (V,) cards left
    need: Vector[np.float64]  # (V,)
    going: Matrix[np.float64]  # (J, n_api)


def new_volumes(world: World) -> Volumes:
    """Room for the volumes of a month."""
    j, v, k, c = world.n_offers, world.n_vendors, len(world.kinds), world.n_cells
    sizes = (j, j, j, j, j, j, (c, k, j), (k, j), (c, j), v, v)
    return Volumes(*(np.zeros(size) for size in sizes))


def new_serving_desk(model: MarketModel) -> ServingDesk:
    """Room for the rationing of a month."""
    world, supply, on = model.world, model.scenario.supply, model.scenario.mechanisms
    tables, v = model.scenario.vendors, model.world.n_vendors
    return ServingDesk(
        capacity=on.capacity,
        spill_over=on.spill_over,
        spill_share=supply.spill_share,
        reliability_memory=supply.reliability_memory,
        trend_memory=np.array([tables[name].capacity.trend_memory for name in world.vendors]),
        cards=np.zeros(world.n_offers),
        fraction=np.zeros(v + 2),
        spare=np.zeros(v),
        need=np.zeros(v),
        going=np.zeros((world.n_offers, world.n_api)),
    )


def platform_sums(model: MarketModel, values: Floats) -> Floats:
    """(V + 2,) sums over the offers of each platform, own machines and NONE last."""
    size = model.world.n_vendors + 2
    sums = np.bincount(model.world.platform, weights=values, minlength=size)
    return np.asarray(sums, dtype=np.float64)


def serve(model: MarketModel) -> None:
    """Add up the volumes, ration pro rata, spill to second choices, remember reliability."""
    use(
        model.columns,
        model.choices,
        model.layout,
        model.terms,
        model.marks,
        model.spaces,
    )
    rules = model.cost_rules, model.supply_rules, model.chips
    least, total = meet_capacity(
        model.month,
        *rules,
        model.layout,
        model.tally,
        model.state,
        model.costs,
        model.serving_desk,
        model.volumes,
    )
    if least < 0 or total > LARGEST_COUNT:
        raise ValueError(
            f"volumes above {LARGEST_COUNT / FIXED_POINT:.2g} million tokens (or card-hours) a "
            "month cannot be added up exactly: too many months, growth or too low a price"
        )


@kernel
def meet_capacity(
    month: int,
    rules: CostRules,
    supply: SupplyRules,
    chips: Chips,
    layout: Layout,
    tally: Tally,
    state: MarketState,
    costs: Costs,
    desk: ServingDesk,
    volumes: Volumes,
) -> tuple[int, int]:
    """What is asked for, served, spilled and lost; returns the least count, and the sum of all."""
    fill_costs(month, rules, chips, layout, state, costs)
    least, total = add_up(
        tally.volume,
        tally.hours,
        volumes.by_cell,
        volumes.by_kind,
        volumes.all_kinds,
        volumes.demanded,
        volumes.host_hours,
    )
    demanded, kept, lost, served = volumes.demanded, volumes.kept, volumes.lost, volumes.served
    hours, load, room, spilled = volumes.host_hours, volumes.load, volumes.room, volumes.spilled
    fill_cards(demanded, hours, costs.cards, rules.card_hours, layout, desk.cards)
    for v in range(len(room)):
        room[v] = room_for_customers(v, month, supply, rules, chips, state)
    platform, fraction = layout.platform, desk.fraction
    short = ration(desk.capacity, demanded, hours, desk.cards, platform, room, fraction, load, kept)
    spilled[:] = 0.0
    for j in range(len(demanded)):
        lost[j] = demanded[j] - kept[j]
    if short and desk.spill_over:
        spill(layout, tally, state, costs, desk, volumes)
    for j in range(len(demanded)):
        served[j] = kept[j] + spilled[j]
    remember(desk, volumes, state)
    return least, total


@step
def spill(layout, tally, state, costs, desk, volumes):  # type: ignore[no-untyped-def]
    """Unserved tokens try their second choice among model calls."""
    lost, spare, going = volumes.lost, desk.spare, desk.going
    for v in range(len(spare)):
        spare[v] = max(volumes.room[v] - volumes.load[v], 0.0)
    try_second(
        desk.spill_share,
        tally.pairs,
        volumes.demanded,
        lost,
        layout.channel,
        state.hosting,  # a second choice of an earlier review may be gone
        costs.cards,
        layout.platform,
        spare,
        desk.need,
        volumes.spilled[: layout.n_api],
        going,
    )
    for j in range(len(lost)):
        lost[j] -= plain_sum(going[j])


@step
def remember(desk, volumes, state):  # type: ignore[no-untyped-def]
    """Reliability follows what was served; load, its trend and utilisation follow demand."""
    memory = desk.reliability_memory
    for v in range(len(volumes.load)):
        state.last_reliability[v] = state.reliability[v]
        kept = memory * state.reliability[v]
        state.reliability[v] = kept + (1.0 - memory) * desk.fraction[v]
    if desk.capacity:
        fill_trends(
            volumes.load,
            volumes.room,
            state.load_cards,
            desk.trend_memory,
            state.load_trend,
            state.utilisation,
        )
        for v in range(len(volumes.load)):
            state.load_cards[v] = volumes.load[v]
