"""Client choice, compiled: who looks again, what it considers, what it takes.

Utilities are in outer (unscaled) units, see docs/explanation/economics.md; the draws are nested
extreme value by keyed Gumbel and one-sided-stable shocks, so that improving one offer moves clients
only into it. Due workloads are handled in blocks: their draws are long vector operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.clients.accounts import Docket
from sim.market.clients.auction import enter_auctions
from sim.market.clients.columns import (
    OFFER,
    PLATFORMS,
    UNSET,
    Clients,
    Layout,
    State,
    Streams,
    Tally,
    Terms,
)
from sim.market.clients.consider import consider_block
from sim.market.clients.noise import (
    SECOND_DRAW,
    bits32,
    event_of,
    event_state,
    gumbel_of,
    high32,
    low32,
    mixed32,
    person,
    shock_of,
)
from sim.market.clients.packing import BLOCK, Packed, Scratch, pack
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.threads import over_ranges
from sim.market.world import API, HOST, RENT
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.compiled import kernel, step

if TYPE_CHECKING:
    from sim.market.clients.packing import Workspace


@step
def draw_awareness(n, stream, owner, client_id, vendor_keys, low, high, heard):  # type: ignore[no-untyped-def]
    """Fixed thresholds of the block's clients: a platform below its awareness is considered."""
    for q in range(n):
        event = event_state(stream, client_id[owner[q]], np.uint64(0), np.int64(0))
        low[q] = low32(event)
        high[q] = high32(event)
    for v in range(vendor_keys.shape[0]):
        key, row = vendor_keys[v], heard[v]
        for q in range(n):
            row[q] = mixed32(np.uint32(low[q] ^ key), high[q])


@step
def draw_nests(n, month, stream, work, who, kind, hours_kind, rho, nest_keys, nests):  # type: ignore[no-untyped-def]
    """Shocks that offers of a channel share: of calls or rent first, of HOST n places later."""
    low, high, part, shock = nests
    for q in range(n):
        event = event_of(stream, who[q], month)
        channel = RENT if hours_kind[kind[work[q]]] else API
        low[q] = low32(event) ^ nest_keys[channel]
        low[n + q] = low32(event) ^ nest_keys[HOST]
        high[q] = high[n + q] = high32(event)
        part[q] = np.float32(1.0 - rho[channel])
        part[n + q] = np.float32(1.0 - rho[HOST])
    for x in range(2 * n):
        angle = mixed32(low[x], high[x])
        size = mixed32(np.uint32(low[x] ^ SECOND_DRAW), high[x])
        shock[x] = shock_of(angle, size, part[x])


@step
def draw_offers(n, mixed, upper, noise):  # type: ignore[no-untyped-def]
    """Gumbel shocks of all entries."""
    for x in range(n):
        noise[x] = gumbel_of(mixed32(mixed[x], upper[x]))


@step
def add_shocks(n, work, kind, hours_kind, rho, scratch):  # type: ignore[no-untyped-def]
    """Utilities of all entries become those with shocks."""
    first, value, noise, shocks = scratch.first, scratch.value, scratch.noise, scratch.shock
    for q in range(n):
        begin, middle, last = np.uint64(first[q, 0]), np.uint64(first[q, 1]), np.uint64(first[q, 2])
        channel = RENT if hours_kind[kind[work[q]]] else API
        scale, shock = 1.0 - rho[channel], np.float64(shocks[q])
        for x in range(begin, middle):
            value[x] += scale * noise[x] + shock
        scale, shock = 1.0 - rho[HOST], np.float64(shocks[n + q])
        for x in range(middle, last):
            value[x] += scale * noise[x] + shock
        value[last] += np.float64(noise[last])


@step
def take_block(n, scratch, taken):  # type: ignore[no-untyped-def]
    """Best offer of each workload, best one on another platform, and the utility of the best."""
    best_of, second_of, top_of = taken
    first, value, found = scratch.first, scratch.value, scratch.found
    for q in range(n):
        begin, last = np.uint64(first[q, 0]), np.uint64(first[q, 2])
        best = second = found[last]
        top, after = value[last], -np.inf
        for x in range(begin, last):
            if value[x] > top:
                if (found[x] ^ best) & PLATFORMS:
                    second, after = best, top
                best, top = found[x], value[x]
            elif value[x] > after and (found[x] ^ best) & PLATFORMS:
                second, after = found[x], value[x]
        best_of[q], second_of[q], top_of[q] = best >> OFFER, second >> OFFER, top


@step
def record_block(n, clients, state, layout, terms, scratch, tally):  # type: ignore[no-untyped-def]
    """Write down and count what those choose that are not auctioned."""
    weights, cells, kinds, alphas = clients.weight, clients.cell, clients.kind, clients.alpha
    current, second, log_volume = state.current, state.second, state.log_volume
    platform, none = layout.platform, layout.none
    hours_kind, welfare, mean_term = terms.hours_kind, terms.welfare, terms.mean_price_term
    reviewed, flow, waits = tally.review, tally.flow, scratch.waits
    for q in range(n):
        if waits[q]:
            continue
        i, w, j = scratch.owner[q], scratch.work[q], scratch.best[q]
        j0, k = current[w], kinds[w]
        current[w], second[w] = j, scratch.second[q]
        if j == none:
            log_volume[w] = UNSET
        weight = np.int64(np.float64(weights[i]) * FIXED_POINT + 0.5)
        reviewed[0] += weight
        if not hours_kind[k]:
            utility = scratch.top[q] + welfare[cells[i], k]
            surplus = utility / alphas[i] - mean_term
            reviewed[2] += weight
            reviewed[3] += np.int64(np.float64(weights[i]) * surplus * FIXED_POINT)
        if j0 >= 0 and platform[j0] != platform[j]:
            reviewed[1] += weight
            flow[platform[j0], platform[j]] += weight


@step
def value_block(n, month, clients, state, layout, terms, streams, packed, scratch):  # type: ignore[no-untyped-def]
    """What the first n workloads of the block consider, shocks included."""
    work, who, low, high = scratch.work, scratch.who, scratch.low, scratch.high
    kind, hours_kind, rho = clients.kind, terms.hours_kind, terms.rho
    draw_awareness(
        n,
        streams.awareness,
        scratch.owner,
        clients.client_id,
        layout.vendor_keys,
        low,
        high,
        scratch.heard,
    )
    nests = (low, high, scratch.part, scratch.shock)
    draw_nests(n, month, streams.nest, work, who, kind, hours_kind, rho, layout.nest_keys, nests)
    e = consider_block(
        n, month, 1.0, streams.choice, clients, state, layout, terms, packed, scratch
    )
    draw_offers(e, scratch.mixed, scratch.upper, scratch.noise)
    add_shocks(n, work, kind, hours_kind, rho, scratch)


@step
def choose_block(  # type: ignore[no-untyped-def]
    n, month, clients, state, layout, terms, streams, packed, scratch, docket, tally
):
    """The first n due workloads of the block choose, or ask for bids."""
    value_block(n, month, clients, state, layout, terms, streams, packed, scratch)
    if terms.auctions:
        enter_auctions(n, month, streams.auction, clients, state, layout, terms, scratch, docket)
    take_block(n, scratch, (scratch.best, scratch.second, scratch.top))
    record_block(n, clients, state, layout, terms, scratch, tally)


@step
def due_from(begin, end, stream, month, clients, state, terms, packed, scratch):  # type: ignore[no-untyped-def]
    """Collect workloads that are new, without their offer, or whose hazard strikes, of clients from
    `begin` on until the block is full or `end` comes. Returns the client after the last and how
    many are due."""
    auctions = terms.auctions
    client_id, cells, key_account = clients.client_id, clients.cell, clients.key_account
    first, work_key, kind, adopts_at = (
        clients.first,
        clients.work_key,
        clients.kind,
        clients.adopts_at,
    )
    current, adopted, due_below = state.current, terms.adopted, packed.due_below
    work, owner, people, waits = scratch.work, scratch.owner, scratch.who, scratch.waits
    n, i = np.uint64(0), np.uint64(begin)
    while i < np.uint64(end) and n < np.uint64(BLOCK):
        below = due_below[1 if key_account[i] else 0, cells[i]]
        for w in range(np.uint64(first[i]), np.uint64(first[i + np.uint64(1)])):
            who = person(client_id[i], work_key[w])
            bits = bits32(event_of(stream, who, month), np.uint32(1))
            work[n] = w
            owner[n] = i
            people[n] = who
            waits[n] = auctions & key_account[i]
            strikes = np.uint64(bits) < below[np.uint64(np.int64(current[w]) + 1)]
            n += np.uint64(strikes & (adopts_at[w] <= adopted[np.uint64(kind[w])]))
        i += np.uint64(1)
    return np.int64(i), np.int64(n)


@kernel
def review_range(
    begin: int,
    end: int,
    month: int,
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    streams: Streams,
    packed: Packed,
    scratch: Scratch,
    docket: Docket,
    tally: Tally,
) -> None:
    """Due workloads of clients begin to end choose; `state`, `docket` and `tally` are updated in
    place."""
    i = begin
    while i < end:
        i, n = due_from(i, end, streams.review, month, clients, state, terms, packed, scratch)
        choose_block(
            n, month, clients, state, layout, terms, streams, packed, scratch, docket, tally
        )


def review(
    month: int,
    everyone: bool,
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    streams: Streams,
    spaces: list[Workspace],
    docket: Docket,
) -> None:
    """Phase `review`: due workloads choose; `state` and the tally are updated in place.

    Those of key accounts that are auctioned go into the docket, with what the best offer of each
    platform is worth to them.
    """
    packed = spaces[0].packed
    pack(everyone, layout, terms, packed)

    def part(p: int, begin: int, end: int) -> None:
        space = spaces[p]
        for array in (space.tally.flow, space.tally.review) if p > 0 else ():
            array.fill(0)
        review_range(
            begin,
            end,
            month,
            clients,
            state,
            layout,
            terms,
            streams,
            packed,
            space.scratch,
            docket,
            space.tally,
        )

    over_ranges(len(clients.client_id), len(spaces), part)
    for space in spaces[1:]:
        spaces[0].tally.flow[:] += space.tally.flow
        spaces[0].tally.review[:] += space.tally.review


@kernel
def panel_values(
    members: Vector[np.int64],
    owners: Vector[np.int64],
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    streams: Streams,
    values: Matrix[np.float64],
    packed: Packed,
    scratch: Scratch,
) -> None:
    """Utilities without listed prices of panel workloads, (T, J); -inf where not considered."""
    values[:] = -np.inf
    one, never = np.int64(1), np.int64(0)
    for t in range(members.shape[0]):
        scratch.work[0], scratch.owner[0] = members[t], owners[t]
        draw_awareness(
            one,
            streams.awareness,
            scratch.owner,
            clients.client_id,
            layout.vendor_keys,
            scratch.low,
            scratch.high,
            scratch.heard,
        )
        n = consider_block(
            one, never, 0.0, streams.choice, clients, state, layout, terms, packed, scratch
        )
        for x in range(n):
            values[t, scratch.found[x] >> OFFER] = scratch.value[x]
