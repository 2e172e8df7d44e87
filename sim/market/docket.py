"""Auctions of a month: who asks for bids, and what each platform's best offer is worth to it."""

from __future__ import annotations

import numpy as np

from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle

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
