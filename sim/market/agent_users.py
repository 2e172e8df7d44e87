"""Clients by the platform that serves their agent work, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.market.marks import BYTE, VALUES, read_marks
from sim.market.packing import USED_BLOCK
from sim.market.population import FIXED_POINT
from sim.market.world import World
from sim.numeric.compiled import kernel, step

Whole = npt.NDArray[np.int64]
BLOCK = USED_BLOCK  # clients that are counted together


def marks_of(world: World, agent_kinds: npt.NDArray[np.bool_]) -> Whole:
    """(K, J + 1) by kind and current offer + 1: bit v for agent work whose calls v serves, bit V
    for agent work that has begun."""
    calls = np.where(world.calls, np.int64(1) << world.platform, 0)
    marks = np.append([0], calls | np.int64(1) << world.n_vendors)
    return np.outer(agent_kinds, marks).astype(np.int64)


@step
def collect(w, end, clients, state, marks, who, seen):  # type: ignore[no-untyped-def]
    """Marks of clients from workload w on until the block is full or `end` comes, from place 1 on;
    returns the workload after the last and how many clients there are."""
    client, kind, current = clients.client, clients.kind, state.current
    mine, last = np.int64(0), np.int64(-1)
    c, w = np.uint64(0), np.uint64(w)
    while w < np.uint64(end):
        i = np.int64(client[w])
        same = np.int64(i == last)  # a branch here would be guessed wrong half of the time
        if c == np.uint64(BLOCK) and not same:
            break
        mine = marks[np.uint64(kind[w]), np.uint64(np.int64(current[w]) + 1)] | (mine & -same)
        c += np.uint64(1 - same)
        who[c], seen[c] = i, mine
        last = i
        w += np.uint64(1)
    return np.int64(w), np.int64(c)


@kernel
def count_agent_users(begin, end, clients, state, marks, side, usage, by_byte, counts):  # type: ignore[no-untyped-def]
    """Add weights of clients begin to end to `counts` (S, V + 1): by platform, all who began last.

    A client counts once on each platform, whatever the number of its workloads there.
    """
    who, seen = usage.visitor, usage.visited
    weight, cell = clients.weight, clients.cell
    w, last = clients.first[begin], clients.first[end]
    while w < last:
        w, c = collect(w, last, clients, state, marks, who, seen)
        for x in range(np.uint64(1), np.uint64(c + 1)):
            i = np.uint64(who[x])
            whole = np.int64(np.float64(weight[i]) * FIXED_POINT + 0.5)
            left, own = np.uint64(seen[x]), by_byte[side[np.uint64(cell[i])]]
            for b in range(own.shape[0]):
                own[b, left & np.uint64(VALUES - 1)] += whole
                left >>= np.uint64(BYTE)
    for s in range(counts.shape[0]):
        read_marks(by_byte[s], counts[s])
