"""Volumes of workloads, compiled: partial adjustment to target, added up in whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.columns import UNSET
from sim.market.marks import add_marks, read_marks
from sim.market.packing import USED_BLOCK
from sim.market.population import FIXED_POINT
from sim.market.threads import over_ranges
from sim.numeric.compiled import kernel, step
from sim.numeric.elementary import exp32, ln

if TYPE_CHECKING:
    from sim.market.columns import Clients, Layout, State, Tally, Terms
    from sim.market.packing import Workspace


@step
def visit(begin, end, clients, state, usage):  # type: ignore[no-untyped-def]
    """Collect workloads in use, from `begin` on until the block is full or `end` comes, those that
    run a model themselves, and what platforms their clients visit; returns how many workloads there
    are, in use, running a model, and of how many clients."""
    client, weight, current = clients.client, clients.weight, state.current
    used, owner, hosted, visitor = usage.used, usage.owner, usage.hosted, usage.visitor
    visited, active, bits, hosts = usage.visited, usage.active, usage.bits, usage.hosts
    size, seen, last = np.uint64(min(end - begin, USED_BLOCK)), np.int64(0), np.int64(-1)
    n, h, c, q = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
    w, end = np.uint64(begin), np.uint64(end)
    while w < end:
        i, at = np.int64(client[w]), np.uint64(np.int64(current[w]) + 1)
        if q >= size and i != last:
            break
        # branches here would be guessed wrong half of the time
        same = np.int64(i == last)
        seen = bits[at] | (seen & -same)
        c += np.uint64(1 - same)
        visitor[c], visited[c] = i, seen
        active[at] += np.int64(np.float64(weight[np.uint64(i)]) * FIXED_POINT + 0.5)
        used[n], owner[n], hosted[h] = q, i, n
        n += np.uint64(bits[at] != 0)
        h += np.uint64(hosts[at])
        last = i
        w += np.uint64(1)
        q += np.uint64(1)
    return np.int64(q), np.int64(n), np.int64(h), np.int64(c)


@step
def adjust(begin, m, h, clients, state, terms, usage):  # type: ignore[no-untyped-def]
    """Log volumes of m workloads from `begin` on move towards their targets; idle ones stay.

    Short loops over neighbouring numbers, so that they are compiled to vector operations.
    """
    end, elasticity, skill = begin + m, terms.elasticity, clients.skill
    kind, log_base = clients.kind[begin:end], clients.log_base[begin:end]
    current, log_volume = state.current[begin:end], state.log_volume[begin:end]
    used, owner, hosted, target = usage.used, usage.owner, usage.hosted, usage.target
    volume, shift, columns = usage.volume, usage.shift, np.uint64(usage.bits.shape[0])
    keep, adjustment = UNSET * 0.5, terms.adjustment
    for q in range(m):
        place = np.uint64(kind[q]) * columns + np.uint64(np.int64(current[q]) + 1)
        target[q] = np.float64(log_base[q]) + shift[place]
    for x in range(np.uint64(h)):
        i = np.uint64(owner[np.uint64(hosted[x])])
        own = np.uint64(used[np.uint64(hosted[x])])
        target[own] += elasticity[np.uint64(kind[own])] * ln(np.float64(skill[i]))
    for q in range(m):
        lv = np.float64(log_volume[q])
        moved = target[q] if lv <= keep else lv + adjustment * (target[q] - lv)
        log_volume[q] = lv if target[q] <= keep else moved
    for q in range(m):
        volume[q] = exp32(log_volume[q])


@step
def count(begin, n, h, clients, state, terms, usage, tally):  # type: ignore[no-untyped-def]
    """Add up the volumes of the n workloads of the block in use, h of which run a model."""
    kind, cell, weight, skill = clients.kind, clients.cell, clients.weight, clients.skill
    current, second, hosted = state.current, state.second, usage.hosted
    volumes, pairs, hours, unit_hours = tally.volume, tally.pairs, tally.hours, terms.unit_hours
    used, owner, each = usage.used, usage.owner, usage.volume
    for x in range(n):
        q, i = np.uint64(used[x]), np.uint64(owner[x])
        w = np.uint64(begin) + q
        j, k = np.uint64(current[w]), np.uint64(kind[w])
        volume = np.float64(each[q]) * np.float64(weight[i])
        amount = np.int64(volume * FIXED_POINT + 0.5)
        volumes[np.uint64(cell[i]), k, j] += amount
        pairs[j, np.uint64(second[w])] += amount
    for x in range(h):
        q, i = np.uint64(used[hosted[x]]), np.uint64(owner[hosted[x]])
        j = np.uint64(current[np.uint64(begin) + q])
        volume = np.float64(each[q]) * np.float64(weight[i])
        asked = volume * unit_hours[j] / np.float64(skill[i])
        hours[j] += np.int64(asked * FIXED_POINT + 0.5)


@kernel
def use_range(begin, end, clients, state, terms, usage, tally):  # type: ignore[no-untyped-def]
    """Volumes of the workloads of clients begin to end."""
    w, last = clients.first[begin], clients.first[end]
    while w < last:
        m, n, h, c = visit(w, last, clients, state, usage)
        add_marks(c, usage.visitor, usage.visited, clients.weight, usage.by_byte, usage.reached)
        adjust(w, m, h, clients, state, terms, usage)
        count(w, n, h, clients, state, terms, usage, tally)
        w += m
    read_marks(usage.by_byte, tally.clients)


def use(
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    tally: Tally,
    spaces: list[Workspace],
) -> None:
    """Volumes of all workloads, added to `tally`."""
    moves = terms.elasticity[:, None] * terms.log_price_ratio
    alone = len(spaces) == 1  # adds to `tally` itself
    for space in spaces:
        shift = space.usage.shift.reshape(len(moves), -1)
        np.subtract(terms.log_growth[:, None], moves, out=shift[:, 1:])
        shift[:, 0] = shift[:, 1 + layout.none] = UNSET

    def part(p: int, begin: int, end: int) -> None:
        usage, own = spaces[p].usage, tally if alone else spaces[p].tally
        made = () if alone else (own.volume, own.pairs, own.hours, own.clients)
        for array in (usage.active, usage.reached, usage.by_byte, *made):
            array.fill(0)
        use_range(begin, end, clients, state, terms, usage, own)

    over_ranges(len(clients.client_id), len(spaces), part)
    for space in spaces:
        tally.active[:] += space.usage.active[1:]
        tally.homing[1:] += space.usage.reached[1:]
        for name in () if alone else ("volume", "pairs", "hours", "clients"):
            getattr(tally, name)[:] += getattr(space.tally, name)
    tally.homing[0] += clients.whole_weight - np.add.reduce(tally.homing[1:])
