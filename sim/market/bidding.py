"""Phase `bid`: key accounts under review are auctioned; what running deals take off the bills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.auction import OTHERS, OWN, auction, new_limits, new_room, start_auctions
from sim.market.key_accounts import count_conceded, keys_of, list_due, new_counts, new_queue
from sim.market.noise import stream_key
from sim.market.packing import pack
from sim.market.population import FIXED_POINT
from sim.market.threads import over_ranges

if TYPE_CHECKING:
    from sim.market.model import MarketModel
    from sim.strategies.view import Books, View

Floats = npt.NDArray[np.float64]


class Bidding:
    """Key-account business of a run: limits of this month, running deals, counts.

    Attributes
    ----------
    open
        Whether key accounts are auctioned this month: somebody bids, or has bid before (deals end
        at the next review of their workload).
    limits, budget
        How far each platform goes, and (V + 2,) million yuan.
    discount
        (D,) float32 share off the list bill of each key-account workload, in the order of storage;
        empty until somebody bids.
    queue, under_review
        Workloads auctioned this month are the first so many of the queue.
    """

    def __init__(self, model: MarketModel) -> None:
        size = model.world.n_vendors + 2
        self.open = False
        hazard = max(model.scenario.demand.review.key_account, 1.0 / model.scenario.calendar.months)
        self.months = 1.0 / hazard
        self.limits = new_limits(size, model.world.n_offers, self.months)
        self.budget = np.zeros(size)
        self.key = stream_key(model.seed, "auction")
        self.discount = np.zeros(0, np.float32)
        self.under_review = 0
        self.counts = new_counts(model.world)

    def begin(self, model: MarketModel) -> None:
        """Room for the deals of all key-account workloads."""
        if not len(self.discount):
            self.keys = keys_of(model.columns)
            deals = len(self.keys.work)
            self.discount, self.queue = np.zeros(deals, np.float32), new_queue(deals)
            self.room = new_room(deals, len(self.budget))


def set_bids(model: MarketModel, view: View, books: Mapping[int, Books]) -> None:
    """Part of phase `decide`: the vendors' limits for this month's auctions."""
    bidding, limits = model.bidding, model.bidding.limits
    for array in (limits.discount, limits.credit, bidding.budget):
        array.fill(0.0)
    if not model.scenario.mechanisms.key_accounts:
        return
    for v, vendor in enumerate(model.vendors.values()):
        if not vendor.accounts.bids:
            continue
        bids = vendor.new_bids(view, books[v])
        for row, one in ((OTHERS, bids.others), (OWN, bids.own)):
            limits.discount[row, v] = one.discount
            limits.credit[row, v] = one.credit
        bidding.budget[v] = bids.budget
        if bids.budget > 0.0 and max(bids.others.total, bids.own.total) > 0.0:
            bidding.begin(model)
    bidding.open = len(bidding.discount) > 0


def bid(model: MarketModel) -> None:
    """Phase `bid`: second-score auctions, one after the other in keyed order.

    The order decides who gets what is left of a budget; it depends on no place in a table.
    """
    bidding = model.bidding
    for array in bidding.counts:
        array.fill(0)
    bidding.under_review = 0
    if not bidding.open:
        return
    if not model.packed:
        pack(False, model.layout, model.terms, model.spaces[0].packed)
    bidding.under_review = _list_due(model)
    bidding.limits.left = bidding.budget
    start_auctions(model.cost_rules.card_hours, model.layout, model.state, bidding.limits)
    auction(
        model.month_number,
        _order(model),
        bidding.keys,
        bidding.queue,
        model.columns,
        model.choices,
        model.layout,
        model.terms,
        model.streams,
        bidding.limits,
        bidding.discount,
        bidding.room,
        bidding.counts,
        model.tally,
        model.spaces,
    )
    if np.minimum.reduce(np.concatenate(list(bidding.counts))) < 0:
        raise ValueError("bills of key accounts are too large to be added up exactly")
    credit = bidding.counts.credit[: model.world.n_vendors] / FIXED_POINT
    model.charge("account_credit", credit)


def _list_due(model: MarketModel) -> int:
    """How many key-account workloads are auctioned this month; threads share the accounts."""
    bidding, queue, parts = model.bidding, model.bidding.queue, len(model.spaces)
    packed = model.spaces[0].packed
    luck = model.columns, model.choices, model.terms, model.streams, packed, bidding.key
    found = [(0, 0)] * parts

    def part(p: int, begin: int, end: int) -> None:
        due = list_due(begin, end, bidding.keys, model.month_number, *luck, queue)
        found[p] = begin, due

    over_ranges(len(bidding.discount), parts, part)
    n = found[0][1]
    for begin, due in found[1:]:
        for array in queue:
            array[n : n + due] = array[begin : begin + due]
        n += due
    return n


def _order(model: MarketModel) -> npt.NDArray[np.int64]:
    """Places in the queue by number; by client and kind of work where two numbers are equal, which
    is next to never."""
    bidding, columns = model.bidding, model.columns
    number = bidding.queue.number[: bidding.under_review]
    order = np.argsort(number)
    numbers = number[order]
    if (numbers[1:] == numbers[:-1]).any():
        work = bidding.keys.work[bidding.queue.slot[: bidding.under_review]]
        client_id = columns.client_id[columns.client[work]]
        order = np.lexsort((columns.work_key[work], client_id, number))
    return order


def count_deals(model: MarketModel) -> None:
    """Count the volume whose price running deals lower."""
    bidding, spaces = model.bidding, model.spaces
    conceded = bidding.counts.conceded
    conceded.fill(0)
    if not len(bidding.discount):
        return
    market = model.columns, model.choices, model.layout, model.terms
    alone = len(spaces) == 1

    def part(p: int, begin: int, end: int) -> None:
        own = conceded if alone else spaces[p].counts.conceded
        own.fill(0)
        count_conceded(begin, end, bidding.keys, bidding.discount, *market, own)

    over_ranges(len(bidding.discount), len(spaces), part)
    for space in () if alone else spaces:
        conceded += space.counts.conceded
