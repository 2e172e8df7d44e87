"""Phase `bid`: key accounts under review are auctioned; what running deals take off prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.clients.accounts import (
    OTHERS,
    OWN,
    count_conceded,
    least_count,
    new_docket,
    new_limits,
)
from sim.market.clients.auction import auction, start_auctions
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.threads import edges, over_ranges

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
        (m,) float32 share off the list bill of each workload, in the order of storage; empty until
        somebody bids.
    docket, order
        What is auctioned this month, and its rows in the order of the auctions.
    """

    def __init__(self, model: MarketModel) -> None:
        size = model.world.n_vendors + 2
        self.open = False
        hazard = max(model.scenario.demand.review.key_account, 1.0 / model.scenario.calendar.months)
        self.months = 1.0 / hazard
        self.limits = new_limits(size, model.world.n_offers, self.months)
        self.budget = np.zeros(size)
        self.discount = np.zeros(0, np.float32)
        self.docket = new_docket(0, self.limits)
        self.begins = [0] * len(model.spaces)  # of the stretches that threads fill
        self.order = np.zeros(0, np.int64)
        self.counts = model.spaces[0].counts

    def begin(self, model: MarketModel) -> None:
        """Room for the deals of all key-account workloads."""
        if len(self.discount):
            return
        columns = model.columns
        self.discount = np.zeros(len(columns.client), np.float32)
        works = np.where(columns.key_account, np.diff(columns.first), 0)
        before = np.append(0, np.cumsum(works))  # workloads of key accounts before each client
        self.docket = new_docket(int(before[-1]), self.limits)
        self.begins = [int(before[i]) for i in edges(len(works), len(model.spaces))[:-1]]

    def call(self, model: MarketModel) -> None:
        """Before the review: the month's terms of business; nothing is auctioned yet."""
        for space, begin in zip(model.spaces, self.begins, strict=False):
            space.scratch.place = begin
        if self.open:
            self.limits.left = self.budget
            card_hours = model.cost_rules.card_hours
            start_auctions(card_hours, model.layout, model.state, model.terms, self.limits)

    def stretches(self, model: MarketModel) -> list[tuple[int, int]]:
        """Rows of the docket that the threads have filled."""
        ends = (space.scratch.place for space in model.spaces)
        return list(zip(self.begins, ends, strict=True))


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
    bidding.order = bidding.order[:0]
    if not bidding.open:
        return
    stretches = bidding.stretches(model)
    bidding.order = _order(model, stretches)
    auction(
        stretches,
        bidding.order,
        model.columns,
        model.choices,
        model.layout,
        model.terms,
        bidding.docket,
        bidding.discount,
        model.spaces,
    )
    if least_count(bidding.counts) < 0:
        raise ValueError("bills of key accounts are too large to be added up exactly")
    credit = bidding.counts.credit[: model.world.n_vendors] / FIXED_POINT
    model.charge("account_credit", credit)


def _order(model: MarketModel, stretches: list[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """Rows of the docket by number; by client and kind of work where two numbers are equal, which
    is next to never."""
    docket, columns = model.bidding.docket, model.columns
    rows = np.concatenate([np.arange(begin, end) for begin, end in stretches])
    numbers = docket.number[rows]
    order = numbers.argsort()
    rows, numbers = rows[order], numbers[order]
    if np.count_nonzero(numbers[1:] == numbers[:-1]):
        work = docket.work[rows]
        client_id = columns.client_id[columns.client[work]]
        rows = rows[np.lexsort((columns.work_key[work], client_id, numbers))]
    return rows


def count_deals(model: MarketModel) -> None:
    """Count the volume whose price running deals lower."""
    bidding, spaces = model.bidding, model.spaces
    conceded = bidding.counts.conceded
    if not len(bidding.discount):  # nothing was ever counted
        return
    market = model.columns, model.choices, model.layout, model.terms

    def part(p: int, begin: int, end: int) -> None:
        own = spaces[p].counts.conceded
        own.fill(0)
        count_conceded(begin, end, bidding.discount, *market, own)

    over_ranges(len(bidding.discount), len(spaces), part)
    for space in spaces[1:]:
        conceded += space.counts.conceded
