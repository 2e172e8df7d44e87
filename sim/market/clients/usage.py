"""Volumes of workloads, compiled: partial adjustment to target, added up in whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.clients.columns import UNSET, Clients, Layout, State, Tally, Terms
from sim.market.clients.packing import USED_BLOCK, Usage
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.presence import Marks, Presence, follow_block
from sim.market.clients.threads import over_ranges
from sim.numeric.compiled import kernel, step
from sim.numeric.elementary import exp32

if TYPE_CHECKING:
    from sim.market.clients.packing import Workspace


@step
def fill_shifts(layout, terms, shift):  # type: ignore[no-untyped-def]
    """What moves log volumes this month, by kind and current offer + 1: growth and price."""
    for k in range(shift.shape[0]):
        for j in range(shift.shape[1] - 1):
            moved = terms.elasticity[k] * terms.log_price_ratio[j]
            shift[k, j + 1] = terms.log_growth[k] - moved
        shift[k, 0] = shift[k, layout.none + 1] = UNSET


@step
def adjust(begin, m, clients, state, terms, marks, usage):  # type: ignore[no-untyped-def]
    """Log volumes of m workloads from `begin` on move towards their targets, and volumes follow;
    idle ones stay. Returns how many run a model themselves, listed in `usage.hosted`.

    Short loops over neighbouring numbers, so that they are compiled to vector operations.
    """
    end, hosts, log_skill = begin + m, marks.hosts, clients.log_skill
    client, kind, log_base = (
        clients.client[begin:end],
        clients.kind[begin:end],
        clients.log_base[begin:end],
    )
    current, log_volume = state.current[begin:end], state.log_volume[begin:end]
    hosted, target, volume, elasticity = usage.hosted, usage.target, usage.volume, terms.elasticity
    shift, keep, adjustment = usage.shift, UNSET * 0.5, terms.adjustment
    for q in range(m):
        moved = shift[np.uint64(kind[q]), np.uint64(np.int64(current[q]) + 1)]
        target[q] = np.float64(log_base[q]) + moved
    h = np.uint64(0)
    for q in range(m):
        hosted[h] = q
        h += np.uint64(hosts[np.uint64(np.int64(current[q]) + 1)])
    for x in range(h):
        own = np.uint64(hosted[x])
        target[own] += elasticity[np.uint64(kind[own])] * log_skill[np.uint64(client[own])]
    for q in range(m):
        lv = np.float64(log_volume[q])
        moved = target[q] if lv <= keep else lv + adjustment * (target[q] - lv)
        log_volume[q] = lv if target[q] <= keep else moved
    for q in range(m):
        volume[q] = exp32(log_volume[q])
    return h


@step
def count(begin, m, h, clients, state, terms, usage, tally):  # type: ignore[no-untyped-def]
    """Add up the volumes of m workloads, h of which run a model; of idle ones nothing is left."""
    end, skill = begin + m, clients.skill
    weight, row, client = (
        clients.work_weight[begin:end],
        clients.row[begin:end],
        clients.client[begin:end],
    )
    current, second = state.current[begin:end], state.second[begin:end]
    each, amount, hosted = usage.volume, usage.amount, usage.hosted
    pairs, hours, unit_hours = tally.pairs, tally.hours, terms.unit_hours
    cells, kinds, offers = tally.volume.shape
    volumes = tally.volume.reshape(cells * kinds, offers)
    for q in range(m):
        volume = np.float64(each[q]) * np.float64(weight[q])
        amount[q] = np.int64(volume * FIXED_POINT + 0.5)
    for q in range(m):
        j, other = np.uint64(max(current[q], 0)), np.uint64(max(second[q], 0))
        volumes[np.uint64(row[q]), j] += amount[q]
        pairs[j, other] += amount[q]
    for x in range(h):
        own = np.uint64(hosted[x])
        j = np.uint64(current[own])
        volume = np.float64(each[own]) * np.float64(weight[own])
        asked = volume * unit_hours[j] / np.float64(skill[np.uint64(client[own])])
        hours[j] += np.int64(asked * FIXED_POINT + 0.5)


@kernel
def use_range(
    begin: int,
    end: int,
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    marks: Marks,
    usage: Usage,
    tally: Tally,
    presence: Presence,
) -> None:
    """Volumes of the workloads of clients begin to end."""
    tally.volume[:] = 0
    tally.pairs[:] = 0
    tally.hours[:] = 0
    fill_shifts(layout, terms, usage.shift)
    last = clients.first[end]
    for w in range(clients.first[begin], last, USED_BLOCK):
        m = min(USED_BLOCK, last - w)
        h = adjust(w, m, clients, state, terms, marks, usage)
        count(w, m, h, clients, state, terms, usage, tally)
        follow_block(w, m, clients, state, marks, presence, usage.moved)


def use(
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    marks: Marks,
    spaces: list[Workspace],
) -> None:
    """Volumes of all workloads, into the tally; the presence follows the moves of the month."""

    def part(p: int, begin: int, end: int) -> None:
        tally, presence = spaces[p].tally, spaces[p].presence
        for array in presence if p > 0 else ():
            array.fill(0)
        use_range(
            begin, end, clients, state, layout, terms, marks, spaces[p].usage, tally, presence
        )

    over_ranges(len(clients.client_id), len(spaces), part)
    tally, presence = spaces[0].tally, spaces[0].presence
    for space in spaces[1:]:
        tally.volume[:] += space.tally.volume
        tally.pairs[:] += space.tally.pairs
        tally.hours[:] += space.tally.hours
        for count_of, more in zip(presence, space.presence, strict=True):
            count_of += more
