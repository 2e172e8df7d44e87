"""Key accounts, compiled: which workloads are under review, what running deals take off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.columns import Array
from sim.market.noise import bits32, event_of, person
from sim.market.population import FIXED_POINT
from sim.market.world import HOST, World
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel
from sim.numeric.elementary import exp

if TYPE_CHECKING:
    from sim.market.columns import Clients


class Keys(Bundle):
    """Workloads of key accounts in the order of storage: the table of deals."""

    work: Array  # (D,) int64
    who: Array  # (D,) uint64, see `person`


class Queue(Bundle):
    """Key-account workloads under review, in the order of storage."""

    slot: Array  # (D,) int64, places in the table of deals
    number: Array  # (D,) uint64, keyed: the order of the auctions


class Counts(Bundle):
    """Whole-number accumulators of a month, (V + 2,) unless said otherwise."""

    won: Array  # weight of auctions won
    poached: Array  # of these, workloads that another vendor served
    bill: Array  # list bills of deals with a concession, million yuan a month
    off: Array  # discounts on these
    credit: Array  # credits, million yuan
    conceded: Array  # (J,) volume x discount of all running deals


def keys_of(clients: Clients) -> Keys:
    """The table of deals of a population."""
    work = np.flatnonzero(clients.key_account[clients.client])
    keys = Keys(work, np.zeros(len(work), np.uint64))
    name_keys(clients, keys)
    return keys


def new_queue(deals: int) -> Queue:
    """Room for so many workloads under review."""
    return Queue(np.zeros(deals, np.int64), np.zeros(deals, np.uint64))


def new_counts(world: World) -> Counts:
    """Nothing counted yet."""
    sizes = [world.n_vendors + 2] * (len(Counts._fields) - 1) + [world.n_offers]
    return Counts(*(np.zeros(n, np.int64) for n in sizes))


@kernel
def name_keys(clients, keys):  # type: ignore[no-untyped-def]
    """Fill in who is who."""
    for slot in range(len(keys.work)):
        w = keys.work[slot]
        keys.who[slot] = person(clients.client_id[clients.client[w]], clients.work_key[w])


@kernel
def list_due(begin, end, keys, month, clients, state, terms, streams, packed, key, queue):  # type: ignore[no-untyped-def]
    """Put the workloads under review (see `due`) of slots begin to end into the queue, from place
    `begin` on; returns how many there are."""
    kind, cell, client = clients.kind, clients.cell, clients.client
    adopts_at, current, adopted = clients.adopts_at, state.current, terms.adopted
    works, whos, stream, due_below = keys.work, keys.who, streams.review, packed.due_below
    slots, numbers = queue.slot, queue.number
    n = np.uint64(begin)
    for slot in range(begin, end):
        w, who = np.uint64(works[slot]), whos[slot]
        below = due_below[1, cell[np.uint64(client[w])], np.uint64(np.int64(current[w]) + 1)]
        bits = bits32(event_of(stream, who, month), np.uint32(1))
        due = (np.uint64(bits) < below) & (adopts_at[w] <= adopted[np.uint64(kind[w])])
        slots[n], numbers[n] = slot, event_of(key, who, month)
        n += np.uint64(due)
    return np.int64(n) - begin


@kernel
def count_conceded(begin, end, keys, discount, clients, state, layout, terms, conceded):  # type: ignore[no-untyped-def]
    """Volume whose price running deals lower, in slots begin to end."""
    for slot in range(begin, end):
        if discount[slot] <= 0.0:
            continue
        w = keys.work[slot]
        i, j = clients.client[w], state.current[w]
        if j < 0 or j == layout.none:
            continue
        volume = exp(np.float64(state.log_volume[w])) * np.float64(clients.weight[i])
        if layout.channel[j] == HOST:
            volume *= terms.unit_hours[j] / np.float64(clients.skill[i])
        conceded[j] += np.int64(volume * discount[slot] * FIXED_POINT + 0.5)
