"""Key accounts, compiled: which workloads are under review, what running deals take off."""

from __future__ import annotations

import numpy as np

from sim.market.columns import Array
from sim.market.noise import bits32, event_of, event_state, person
from sim.market.population import FIXED_POINT
from sim.market.world import HOST, World
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel
from sim.numeric.elementary import exp


class Queue(Bundle):
    """Key-account workloads under review, in the order of storage."""

    client: Array  # (n,) int64
    work: Array  # (n,) int64
    slot: Array  # (n,) int64, place in the table of deals
    number: Array  # (n,) uint64, keyed: the order of the auctions


class Keys(Bundle):
    """Key accounts in the order of storage."""

    client: Array  # (n,) int64
    slot: Array  # (n + 1,) int64, first place of each in the table of deals


class Counts(Bundle):
    """Whole-number accumulators of a month, (V + 2,) unless said otherwise."""

    won: Array  # weight of auctions won
    poached: Array  # of these, workloads that another vendor served
    held: Array  # weight of key accounts with work on the platform
    bill: Array  # list bills of deals with a concession, million yuan a month
    off: Array  # discounts on these
    credit: Array  # credits, million yuan
    conceded: Array  # (J,) volume x discount of all running deals


def new_counts(world: World) -> Counts:
    """Nothing counted yet."""
    sizes = [world.n_vendors + 2] * (len(Counts._fields) - 1) + [world.n_offers]
    return Counts(*(np.zeros(n, np.int64) for n in sizes))


@kernel
def list_due(begin, end, keys, month, clients, state, terms, streams, packed, key, queue):  # type: ignore[no-untyped-def]
    """Put the workloads under review (see `due`) of key accounts begin to end into the queue, from
    their first slot on; returns how many there are."""
    client_id, first, work_key, kind = (
        clients.client_id,
        clients.first,
        clients.work_key,
        clients.kind,
    )
    cell, adopts_at, current, adopted = (
        clients.cell,
        clients.adopts_at,
        state.current,
        terms.adopted,
    )
    slot = keys.slot[begin]
    n = np.uint64(slot)
    for a in range(begin, end):
        i = np.uint64(keys.client[a])
        below = packed.due_below[1, cell[i]]
        for w in range(np.uint64(first[i]), np.uint64(first[i + np.uint64(1)])):
            who = person(client_id[i], work_key[w])
            bits = bits32(event_of(streams.review, who, month), np.uint32(1))
            strikes = np.uint64(bits) < below[np.uint64(np.int64(current[w]) + 1)]
            if strikes and adopts_at[w] <= adopted[np.uint64(kind[w])]:
                queue.client[n], queue.work[n], queue.slot[n] = i, w, slot
                queue.number[n] = event_state(key, client_id[i], work_key[w], month)
                n += np.uint64(1)
            slot += 1
    return np.int64(n) - keys.slot[begin]


@kernel
def running_deals(begin, end, keys, clients, state, layout, terms, discount, usage, counts):  # type: ignore[no-untyped-def]
    """Key accounts begin to end by platform, and the volume whose price running deals lower."""
    first, weights, current, bits = clients.first, clients.weight, state.current, usage.bits
    for a in range(begin, end):
        i = np.uint64(keys.client[a])
        visited = np.int64(0)
        for w in range(np.uint64(first[i]), np.uint64(first[i + np.uint64(1)])):
            visited |= bits[np.uint64(np.int64(current[w]) + 1)]
        weight = np.int64(np.float64(weights[i]) * FIXED_POINT + 0.5)
        for p in range(layout.n_vendors + 1):
            counts.held[p] += weight * (visited >> p & 1)
    if discount.shape[0] == 0:
        return
    for a in range(begin, end):
        for slot in range(keys.slot[a], keys.slot[a + 1]):
            if discount[slot] <= 0.0:
                continue
            i = keys.client[a]
            w = first[i] + slot - keys.slot[a]
            j = current[w]
            if j < 0 or j == layout.none:
                continue
            volume = exp(np.float64(state.log_volume[w])) * np.float64(weights[i])
            if layout.channel[j] == HOST:
                volume *= terms.unit_hours[j] / np.float64(clients.skill[i])
            counts.conceded[j] += np.int64(volume * discount[slot] * FIXED_POINT + 0.5)
