"""Auctions of a month: who asks for bids, what they are offered, and what deals come to."""

from __future__ import annotations

import numpy as np

from sim.market.clients.columns import Clients, Layout, State, Terms
from sim.market.clients.population import FIXED_POINT
from sim.market.world import HOST, World
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel
from sim.numeric.elementary import exp

OTHERS, OWN = 0, 1  # rows of limits: accounts that a vendor does not serve, and those it serves


class Limits(Bundle):
    """How far each platform goes this month, (V + 2,) unless said otherwise."""

    discount: Matrix[np.float64]  # (2, V + 2) of the list bill
    credit: Matrix[np.float64]  # (2, V + 2)
    most: Matrix[np.float64]  # (2, V + 2) both together
    left: Vector[np.float64]  # million yuan of the budget that no deal has taken yet
    bidders: Vector[np.int64]  # (V + 2,), platforms that may concede anything come first
    unit_price: Vector[np.float64]  # (J,) yuan per million tokens or card-hour
    gain: Matrix[np.float64]  # (2, J) worth of the largest concession at sensitivity 1; not of HOST
    months: float  # expected length of a contract
    number: int  # of bidders


def new_limits(platforms: int, offers: int, months: float) -> Limits:
    """Nobody concedes anything."""
    return Limits(
        discount=np.zeros((2, platforms)),
        credit=np.zeros((2, platforms)),
        most=np.zeros((2, platforms)),
        left=np.zeros(platforms),
        bidders=np.zeros(platforms, np.int64),
        unit_price=np.zeros(offers),
        gain=np.zeros((2, offers)),
        months=months,
        number=0,
    )


class Docket(Bundle):
    """Workloads of key accounts under review, (D,), or (D, V + 2) by platform.

    They come in the order of storage; the threads of `review` fill stretches of their own.
    """

    work: Vector[np.int64]
    number: Vector[np.uint64]  # keyed: the order of the auctions
    served_by: Vector[np.int16]  # platform until now, -1 before the first
    alpha: Vector[np.float32]  # price sensitivity of the client
    weight: Vector[np.float32]
    offer: Matrix[np.int16]  # best of each platform, -1 without one
    value: Matrix[np.float64]  # its utility at list price, shocks included
    bill: Matrix[np.float64]  # million yuan a month of all it stands for; 0 without a bid
    limit: Matrix[np.float64]  # largest concession, share of the bill
    winner: Vector[np.int16]
    share: Vector[np.float64]  # of the bill that the winner concedes
    utility: Vector[np.float64]  # that the client gets
    limits: Limits


def new_docket(auctions: int, limits: Limits) -> Docket:
    """Room for so many auctions; what is not used takes no memory."""
    n, shape = auctions, (auctions, len(limits.left))
    return Docket(
        work=np.zeros(n, np.int64),
        number=np.zeros(n, np.uint64),
        served_by=np.zeros(n, np.int16),
        alpha=np.zeros(n, np.float32),
        weight=np.zeros(n, np.float32),
        offer=np.zeros(shape, np.int16),
        value=np.zeros(shape),
        bill=np.zeros(shape),
        limit=np.zeros(shape),
        winner=np.zeros(n, np.int16),
        share=np.zeros(n),
        utility=np.zeros(n),
        limits=limits,
    )


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
