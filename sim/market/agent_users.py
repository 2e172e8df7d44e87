"""Clients by the platform that serves their agent work, compiled."""

from __future__ import annotations

import numpy as np

from sim.market.compiled import kernel
from sim.market.population import FIXED_POINT
from sim.market.world import API


@kernel
def count_agent_users(clients, state, layout, agent_kind, side, counts):  # type: ignore[no-untyped-def]
    """Add client weights to `counts` (V + 1, S): by platform, and all with agent work last.

    A client counts once on each platform, whatever the number of its workloads there.
    """
    last = counts.shape[0] - 1
    for i in range(clients.client_id.shape[0]):
        visited = np.int64(0)
        begun = False
        for w in range(clients.first[i], clients.first[i + 1]):
            j = state.current[w]
            if j < 0 or not agent_kind[clients.kind[w]]:
                continue
            begun = True
            if layout.channel[j] == API:
                visited |= np.int64(1) << layout.platform[j]
        if not begun:
            continue
        weight = np.int64(np.float64(clients.weight[i]) * FIXED_POINT + 0.5)
        s = side[clients.cell[i]]
        counts[last, s] += weight
        for v in range(last):
            if visited >> v & 1:
                counts[v, s] += weight
