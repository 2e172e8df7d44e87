"""What deals with key accounts come to, compiled."""

from __future__ import annotations

import numpy as np

from sim.market.columns import Clients, Layout, State, Terms
from sim.market.population import FIXED_POINT
from sim.market.world import HOST, World
from sim.numeric.arrays import Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel
from sim.numeric.elementary import exp


class Counts(Bundle):
    """Whole-number accumulators of a month, (V + 2,) unless said otherwise."""

    won: Vector[np.int64]  # weight of auctions won
    poached: Vector[np.int64]  # of these, workloads that another vendor served
    bill: Vector[np.int64]  # list bills of deals with a concession, million yuan a month
    off: Vector[np.int64]  # discounts on these
    credit: Vector[np.int64]  # credits, million yuan
    conceded: Vector[np.int64]  # (J,) volume x discount of all running deals


def new_counts(world: World) -> Counts:
    """Nothing counted yet."""
    sizes = [world.n_vendors + 2] * (len(Counts._fields) - 1) + [world.n_offers]
    return Counts(*(np.zeros(n, np.int64) for n in sizes))


@kernel
def least_count(counts: Counts) -> int:
    """Least of all counts of auctions: below 0 where a sum is too large."""
    least = 0
    for v in range(len(counts.won)):
        least = min(least, counts.won[v], counts.poached[v], counts.bill[v])
        least = min(least, counts.off[v], counts.credit[v])
    return least


@kernel
def count_conceded(
    begin: int,
    end: int,
    discount: Vector[np.float32],
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    conceded: Vector[np.int64],
) -> None:
    """Volume whose price running deals lower, of workloads begin to end."""
    for w in range(begin, end):
        if discount[w] <= 0.0:
            continue
        i, j = clients.client[w], state.current[w]
        if j < 0 or j == layout.none:
            continue
        volume = exp(np.float64(state.log_volume[w])) * np.float64(clients.weight[i])
        if layout.channel[j] == HOST:
            volume *= terms.unit_hours[j] / np.float64(clients.skill[i])
        conceded[j] += np.int64(volume * discount[w] * FIXED_POINT + 0.5)
