"""Phase `review`: workloads that are due consider offers and take the best.

Utilities are in outer (unscaled) units, see docs/explanation/economics.md; the draws are nested
extreme value by keyed Gumbel and one-sided-stable shocks, so that improving one offer moves clients
only into it. Due workloads are handled in blocks, so that their offers stay in fast memory.
"""

from __future__ import annotations

import numpy as np

from sim.market.clients.auction import AuctionQueue
from sim.market.clients.columns import (
    UNSET,
    ChoiceState,
    ClientColumns,
    MonthCounts,
    MonthTerms,
    StreamKeys,
)
from sim.market.clients.consider import value_offers
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.threads import added, over_ranges
from sim.market.world import API, HOST, RENT, MarketLayout
from sim.numeric.arrays import Array, Cube, Matrix, Vector
from sim.numeric.draws import (
    SECOND_DRAW,
    below,
    bits32,
    event_numbers,
    event_of,
    gumbel_of,
    keys32,
    mixed32,
    person,
    shock_of,
)
from sim.numeric.jit import kernel

NEST_KEYS = keys32(["nest/api", "nest/host", "nest/rent", "nest/none"])
BLOCK = 1024  # due workloads that choose together
CERTAIN = np.uint64(2**32)  # all draws of 32 bits are below it
Entries = tuple[Array, Array, Array, Array, Array]  # as `value_offers` returns them


def review_below(everyone: bool, terms: MonthTerms) -> Array:
    """(2, cells, J + 1) of ordinary clients and key accounts, by current offer + 1: draws of 32
    bits below it are due. New workloads and those whose offer has gone are due in any case."""
    cells, offers = terms.open.shape
    due = np.empty((2, cells, offers + 1), np.uint64)
    due.fill(CERTAIN)
    if not everyone:
        np.copyto(due[:, :, 1:], below(terms.hazard)[:, None, :], where=terms.open)
    return due


def review(
    month: int,
    everyone: bool,
    clients: ClientColumns,
    state: ChoiceState,
    world: MarketLayout,
    terms: MonthTerms,
    streams: StreamKeys,
    tally: MonthCounts,
    threads: int,
) -> AuctionQueue:
    """Due workloads choose; `state` and `tally` are updated in place.

    Returns those of key accounts that are auctioned, in the order of storage: they wait.
    """
    due_below, aware_below = review_below(everyone, terms), below(terms.awareness)

    def part(p: int, begin: int, end: int) -> tuple[AuctionQueue, Array, Array]:
        reviewed, flow = (
            np.zeros(tally.review.shape, np.int64),
            np.zeros(tally.flow.shape, np.int64),
        )
        due = due_workloads(
            begin,
            end,
            month,
            streams.review,
            clients.client_id,
            clients.cell,
            clients.key_account,
            clients.first,
            clients.work_key,
            clients.kind,
            clients.adopts_at,
            state.current,
            terms.adopted,
            due_below,
        )
        queues = []
        for b in range(0, len(due), BLOCK):
            work = due[b : b + BLOCK]
            entries = considered(month, work, clients, state, world, terms, streams, aware_below)
            add_random_terms(
                month,
                streams.nest,
                work,
                clients.client_id,
                clients.client,
                clients.kind,
                clients.work_key,
                NEST_KEYS,
                terms.hours_kind,
                terms.rho,
                *entries,
            )
            if terms.auctions:
                waits = clients.key_account[clients.client[work]]
                queues.append(_queue(month, work, waits, clients, world, streams, entries))
            else:
                waits = np.zeros(len(work), bool)
            take_best(
                work,
                waits,
                *entries[:3],
                clients.client,
                clients.weight,
                clients.alpha,
                clients.cell,
                clients.kind,
                state.current,
                state.second,
                state.log_volume,
                world.platform,
                terms.hours_kind,
                terms.welfare,
                terms.mean_price_term,
                reviewed,
                flow,
            )
        return AuctionQueue.joined(queues, world.n_vendors + 2), reviewed, flow

    parts = over_ranges(len(clients.client_id), threads, part)
    queues, reviewed, flow = zip(*parts, strict=True)
    tally.review[:], tally.flow[:] = added(reviewed), added(flow)
    return AuctionQueue.joined(queues, world.n_vendors + 2)


def considered(
    month: int,
    work: Array,
    clients: ClientColumns,
    state: ChoiceState,
    world: MarketLayout,
    terms: MonthTerms,
    streams: StreamKeys,
    aware_below: Array,
    listed: float = 1.0,
) -> Entries:
    """What workloads consider, see :func:`sim.market.clients.consider.value_offers`."""
    entries: Entries = value_offers(
        month,
        listed,
        work,
        streams.choice,
        streams.awareness,
        clients.client_id,
        clients.cell,
        clients.home,
        clients.own_machines,
        clients.alpha,
        clients.skill,
        clients.taste,
        clients.client,
        clients.kind,
        clients.work_key,
        clients.log_base,
        clients.log_need,
        state.current,
        state.counted,
        state.log_volume,
        clients.first,
        world.platform,
        world.offer_keys,
        world.vendor_keys,
        world.n_api,
        world.rent_start,
        terms.open,
        terms.base,
        terms.price,
        terms.home_bonus,
        terms.line,
        terms.cross,
        terms.switching,
        terms.cut_up,
        terms.log_context,
        terms.host_cost,
        terms.operations,
        terms.none_base,
        terms.none_slope,
        terms.hours_kind,
        terms.log_growth,
        terms.box_cox,
        terms.price_shift,
        terms.mean_price_term,
        aware_below,
    )
    return entries


def values_without_listed_prices(
    work: Array,
    clients: ClientColumns,
    state: ChoiceState,
    world: MarketLayout,
    terms: MonthTerms,
    streams: StreamKeys,
) -> Array:
    """(n, J) utilities of workloads but for listed prices and draws; -inf where not considered."""
    aware_below = below(terms.awareness)
    first, offer, value, _, _ = considered(
        0, work, clients, state, world, terms, streams, aware_below, listed=0.0
    )
    values = np.full((len(work), len(world.platform)), -np.inf)
    values[np.repeat(np.arange(len(work)), first[:, 2] + 1 - first[:, 0]), offer] = value
    return values


def _queue(
    month: int,
    work: Array,
    waits: Array,
    clients: ClientColumns,
    world: MarketLayout,
    streams: StreamKeys,
    entries: Entries,
) -> AuctionQueue:
    """The waiting workloads with the best offer of each platform."""
    first, offer, value, _, _ = entries
    rows = work[waits]
    client_id = clients.client_id[clients.client[rows]].astype(np.uint64)
    number = event_numbers(streams.auction, month, client_id, clients.work_key[rows])
    platforms = world.n_vendors + 2
    best = best_of_platforms(first[waits], offer, value, world.platform, platforms)
    return AuctionQueue(rows, number, *best)


@kernel
def due_workloads(
    begin: int,
    end: int,
    month: int,
    key: np.uint64,
    client_id: Vector[np.uint32],
    cell: Vector[np.int32],
    key_account: Vector[np.bool_],
    first: Vector[np.int64],
    work_key: Vector[np.uint64],
    kind: Vector[np.int16],
    adopts_at: Vector[np.float32],
    current: Vector[np.int16],
    adopted: Vector[np.float64],
    due_below: Cube[np.uint64],
) -> Vector[np.int64]:
    """Adopted workloads of clients begin to end that are new, have lost their offer, or whose draw
    says that they look again."""
    due = np.empty(first[end] - first[begin] + 1, np.int64)
    n = np.uint64(0)
    for i in range(np.uint64(begin), np.uint64(end)):
        size, c = np.uint64(key_account[i]), np.uint64(cell[i])
        for w in range(np.uint64(first[i]), np.uint64(first[i + np.uint64(1)])):
            event = event_of(key, person(client_id[i], work_key[w]), month)
            limit = due_below[size, c, np.uint64(np.int64(current[w]) + 1)]
            due[n] = w
            is_due = np.uint64(bits32(event, np.uint32(1))) < limit
            n += np.uint64(is_due & (adopts_at[w] <= adopted[np.uint64(kind[w])]))
    return due[:n].copy()


@kernel
def add_random_terms(
    month: int,
    key: np.uint64,
    work: Vector[np.int64],
    client_id: Vector[np.uint32],
    client: Vector[np.int32],
    kind: Vector[np.int16],
    work_key: Vector[np.uint64],
    nest_keys: Vector[np.uint32],
    hours_kind: Vector[np.bool_],
    rho: Vector[np.float64],
    first: Matrix[np.int64],
    offer: Vector[np.int32],
    value: Vector[np.float64],
    low: Vector[np.uint32],
    high: Vector[np.uint32],
) -> None:
    """Add ``(1 - rho) e + nu`` to each utility: e of the offer, nu of its channel; e to NONE."""
    n = len(work)
    angle, size = np.empty(2 * n, np.uint32), np.empty(2 * n, np.uint32)
    rest, noise = np.empty(2 * n, np.float32), np.empty(len(value), np.float32)
    for x in range(2 * n):
        w = work[x % n]
        nest = HOST if x >= n else RENT if hours_kind[kind[w]] else API
        event = event_of(key, person(client_id[client[w]], work_key[w]), month)
        angle[x] = bits32(event, nest_keys[nest])
        size[x] = bits32(event, np.uint32(nest_keys[nest] ^ SECOND_DRAW))
        rest[x] = np.float32(1.0 - rho[nest])
    for x in range(2 * n):
        rest[x] = shock_of(angle[x], size[x], rest[x])
    for x in range(len(value)):
        noise[x] = gumbel_of(mixed32(low[x], high[x]))
    for q in range(n):
        begin, middle, last = np.uint64(first[q, 0]), np.uint64(first[q, 1]), np.uint64(first[q, 2])
        scale = 1.0 - rho[RENT if hours_kind[kind[work[q]]] else API]
        for x in range(begin, middle):
            value[x] += scale * noise[x] + np.float64(rest[q])
        for x in range(middle, last):
            value[x] += (1.0 - rho[HOST]) * noise[x] + np.float64(rest[n + q])
        value[last] += np.float64(noise[last])


@kernel
def best_of_platforms(
    first: Matrix[np.int64],
    offer: Vector[np.int32],
    value: Vector[np.float64],
    platform: Vector[np.int64],
    platforms: int,
) -> tuple[Matrix[np.int16], Matrix[np.float64]]:
    """(n, V + 2) best offer of each platform, -1 without one, and its utility."""
    best = np.full((len(first), platforms), -1, np.int16)
    top = np.full((len(first), platforms), -np.inf)
    for q in range(len(first)):
        for x in range(first[q, 0], first[q, 2] + 1):
            p = platform[offer[x]]
            if value[x] > top[q, p]:
                best[q, p], top[q, p] = offer[x], value[x]
    return best, top


@kernel
def take_best(
    work: Vector[np.int64],
    waits: Vector[np.bool_],
    first: Matrix[np.int64],
    offer: Vector[np.int32],
    value: Vector[np.float64],
    client: Vector[np.int32],
    weight: Vector[np.float32],
    alpha: Vector[np.float32],
    cell: Vector[np.int32],
    kind: Vector[np.int16],
    current: Vector[np.int16],
    second: Vector[np.int16],
    log_volume: Vector[np.float32],
    platform: Vector[np.int64],
    hours_kind: Vector[np.bool_],
    welfare: Matrix[np.float64],
    mean_price_term: float,
    reviewed: Vector[np.int64],
    flow: Matrix[np.int64],
) -> None:
    """Each workload that does not wait takes its best offer, and is counted.

    `second` becomes the best offer on another platform than the best.
    """
    none = len(platform) - 1
    for q in range(len(work)):
        if waits[q]:
            continue
        begin, last = np.uint64(first[q, 0]), np.uint64(first[q, 2])
        best = after = np.uint64(none)
        top, next_to_top = value[last], -np.inf
        for x in range(begin, last):
            j = np.uint64(offer[x])
            if value[x] > top:
                if platform[j] != platform[best]:
                    after, next_to_top = best, top
                best, top = j, value[x]
            elif value[x] > next_to_top and platform[j] != platform[best]:
                after, next_to_top = j, value[x]
        w = work[q]
        i, k, before = client[w], kind[w], current[w]
        current[w], second[w] = best, after
        if best == none:
            log_volume[w] = UNSET
        whole = np.int64(np.float64(weight[i]) * FIXED_POINT + 0.5)
        reviewed[0] += whole
        if not hours_kind[k]:
            surplus = (top + welfare[cell[i], k]) / alpha[i] - mean_price_term
            reviewed[2] += whole
            reviewed[3] += np.int64(np.float64(weight[i]) * surplus * FIXED_POINT)
        if before >= 0 and platform[before] != platform[best]:
            reviewed[1] += whole
            flow[platform[before], platform[best]] += whole
