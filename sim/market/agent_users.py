"""Clients by the platform that serves their agent work, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.market.compiled import kernel
from sim.market.population import FIXED_POINT
from sim.market.world import World

Marks = npt.NDArray[np.int64]


def marks_of(world: World) -> Marks:
    """(J + 1,) by current offer + 1: bit 0 for work that has begun, bit v + 1 for calls at v."""
    marks = np.zeros(world.n_offers + 1, np.int64)
    marks[1:] = np.where(world.calls, np.int64(2) << world.platform, 0) | 1
    return marks


@kernel
def count_agent_users(begin, end, clients, state, marks, agent_kind, side, counts):  # type: ignore[no-untyped-def]
    """Add weights of clients begin to end to `counts` (V + 1, S): by platform, all who began last.

    A client counts once on each platform, whatever the number of its workloads there.
    """
    last = counts.shape[0] - 1
    current, kinds, first = state.current, clients.kind, clients.first
    for i in range(begin, end):
        seen = np.int64(0)
        for w in range(first[i], first[i + 1]):
            # 0 for other kinds: a branch here would be guessed wrong half of the time
            seen |= marks[np.uint64(np.int64(current[w]) + 1)] * agent_kind[np.uint64(kinds[w])]
        weight = np.int64(np.float64(clients.weight[i]) * FIXED_POINT + 0.5)
        s = side[clients.cell[i]]
        counts[last, s] += weight * (seen & 1)
        for v in range(last):
            counts[v, s] += weight * (seen >> (v + 1) & 1)
