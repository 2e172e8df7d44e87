"""Volumes of workloads, compiled: partial adjustment to target, added up in whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.columns import UNSET
from sim.market.compiled import kernel, step
from sim.market.elementary import exp32, ln
from sim.market.packing import USED_BLOCK
from sim.market.population import FIXED_POINT
from sim.market.threads import over_ranges
from sim.market.world import HOST

if TYPE_CHECKING:
    from sim.market.columns import Clients, Layout, State, Tally, Terms
    from sim.market.packing import Workspace


@step
def adjust(n, clients, state, layout, terms, usage):  # type: ignore[no-untyped-def]
    """Log volumes of the first n workloads of the block move towards their targets."""
    kind, log_base, skill = clients.kind, clients.log_base, clients.skill
    current, log_volume, channel = state.current, state.log_volume, layout.channel
    work, owner, logs, volume, shift = (
        usage.work,
        usage.owner,
        usage.log_volume,
        usage.volume,
        usage.shift,
    )
    elasticity, adjustment = terms.elasticity, terms.adjustment
    for q in range(n):
        w = np.uint64(work[q])
        j, k = np.uint64(current[w]), np.uint64(kind[w])
        target = np.float64(log_base[w]) + shift[k, j]
        if channel[j] == HOST:
            target += elasticity[k] * ln(np.float64(skill[owner[q]]))
        lv = np.float64(log_volume[w])
        lv = target if lv <= UNSET * 0.5 else lv + adjustment * (target - lv)
        log_volume[w] = lv
        logs[q] = lv
    for q in range(n):
        volume[q] = exp32(logs[q])


@step
def count(n, clients, state, layout, terms, usage, tally):  # type: ignore[no-untyped-def]
    """Add up the volumes of the first n workloads of the block."""
    kind, cell, weight, skill = clients.kind, clients.cell, clients.weight, clients.skill
    current, second, channel = state.current, state.second, layout.channel
    volumes, pairs, hours, unit_hours = tally.volume, tally.pairs, tally.hours, terms.unit_hours
    work, owner, each = usage.work, usage.owner, usage.volume
    for q in range(n):
        w, i = np.uint64(work[q]), np.uint64(owner[q])
        j, k = np.uint64(current[w]), np.uint64(kind[w])
        volume = np.float64(each[q]) * np.float64(weight[i])
        amount = np.int64(volume * FIXED_POINT + 0.5)
        volumes[np.uint64(cell[i]), k, j] += amount
        pairs[j, np.uint64(second[w])] += amount
        if channel[j] == HOST:
            asked = volume * unit_hours[j] / np.float64(skill[i])
            hours[j] += np.int64(asked * FIXED_POINT + 0.5)


@step
def visit(w, end, clients, state, layout, usage, tally):  # type: ignore[no-untyped-def]
    """Collect workloads in use, from w on until the block is full or `end` comes, and count where
    their clients are; returns the workload after the last and how many are in use."""
    client, weight, current, platforms = (
        clients.client,
        clients.weight,
        state.current,
        layout.platform,
    )
    work, owner, active, reached, clients_at = (
        usage.work,
        usage.owner,
        usage.active,
        usage.reached,
        tally.clients,
    )
    none, last = np.int64(layout.none), np.int64(-1)
    visited, number, n = np.int64(0), np.int64(0), np.uint64(0)
    w = np.uint64(w)
    while w < np.uint64(end):
        i, j = np.int64(client[w]), np.int64(current[w])
        if n >= np.uint64(USED_BLOCK) and i != last:
            break
        whole = np.int64(np.float64(weight[np.uint64(i)]) * FIXED_POINT + 0.5)
        same = np.int64(i == last)  # a branch here would be guessed wrong half of the time
        visited, number = visited * same, number * same
        last = i
        active[np.uint64(j + 1)] += whole
        work[n] = w
        owner[n] = i
        used = np.int64((j >= 0) & (j != none))
        n += np.uint64(used)
        platform = np.uint64(platforms[j])
        fresh = used & ~(visited >> platform) & np.int64(1)
        visited |= fresh << platform
        number += fresh
        clients_at[platform] += whole * fresh
        reached[np.uint64(number)] += whole * fresh
        w += np.uint64(1)
    return np.int64(w), np.int64(n)


@kernel
def use_range(begin, end, clients, state, layout, terms, usage, tally):  # type: ignore[no-untyped-def]
    """Volumes of the workloads of clients begin to end."""
    w, last = clients.first[begin], clients.first[end]
    while w < last:
        w, n = visit(w, last, clients, state, layout, usage, tally)
        adjust(n, clients, state, layout, terms, usage)
        count(n, clients, state, layout, terms, usage, tally)


def use(
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    tally: Tally,
    spaces: list[Workspace],
) -> None:
    """Volumes of all workloads, added to `tally`."""
    shift = terms.log_growth[:, None] - terms.elasticity[:, None] * terms.log_price_ratio
    for space in spaces:
        space.usage.shift[:] = shift

    def part(p: int, begin: int, end: int) -> None:
        usage, own = spaces[p].usage, spaces[p].tally
        for array in (usage.active, usage.reached, own.volume, own.pairs, own.hours, own.clients):
            array[:] = 0
        use_range(begin, end, clients, state, layout, terms, usage, own)

    over_ranges(len(clients.client_id), len(spaces), part)
    for space in spaces:
        tally.active[:] += space.usage.active[1:]
        # clients with at least n platforms, less those with more
        tally.homing[1:] += space.usage.reached[1:]
        tally.homing[1:-1] -= space.usage.reached[2:]
        for name in ("volume", "pairs", "hours", "clients"):
            getattr(tally, name)[:] += getattr(space.tally, name)
    tally.homing[0] += clients.whole_weight - tally.homing[1:].sum()
