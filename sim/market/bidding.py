"""Phase `bid`: key accounts under review are auctioned; what running deals take off the bills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.market.auction import OTHERS, OWN, YUAN, Limits, auction, new_room
from sim.market.costs import rent_of
from sim.market.key_accounts import Keys, Queue, list_due, new_counts, running_deals
from sim.market.noise import stream_key
from sim.market.packing import pack
from sim.market.population import FIXED_POINT
from sim.market.threads import added, over_ranges

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
        (2, V + 2) largest discount and credit, and (V + 2,) million yuan.
    discount
        (D,) float32 share off the list bill of each key-account workload, in the order of storage;
        empty until somebody bids.
    under_review
        Simulated workloads auctioned this month.
    off
        (V,) million yuan that running deals took off the bills of this month.
    """

    def __init__(self, model: MarketModel) -> None:
        size = model.world.n_vendors + 2
        self.open = False
        self.discount_limit, self.credit_limit = np.zeros((2, size)), np.zeros((2, size))
        self.budget = np.zeros(size)
        self.months = 1.0 / max(
            model.scenario.demand.review.key_account, 1.0 / model.scenario.calendar.months
        )
        self.key = stream_key(model.seed, "auction")
        self.discount = np.zeros(0, np.float32)
        client = np.flatnonzero(model.population.key_account).astype(np.int64)
        work = np.diff(model.population.first)[client]
        self.keys = Keys(client, np.concatenate([[0], np.cumsum(work)]).astype(np.int64))
        self.queue, self.under_review = _queue(0), 0
        self.counts = new_counts(model.world)
        self.room = new_room(0, size)
        self.off = np.zeros(model.world.n_vendors)

    def begin(self, model: MarketModel) -> None:
        """Room for the deals of all key-account workloads."""
        if not len(self.discount):
            deals = int(self.keys.slot[-1])
            self.discount, self.queue = np.zeros(deals, np.float32), _queue(deals)
            self.room = new_room(deals, len(self.budget))


def _queue(n: int) -> Queue:
    places = [np.int64] * (len(Queue._fields) - 1)
    return Queue(*(np.zeros(n, kind) for kind in (*places, np.uint64)))


def set_bids(model: MarketModel, view: View, books: Mapping[int, Books]) -> None:
    """Part of phase `decide`: the vendors' limits for this month's auctions."""
    bidding = model.bidding
    for array in (bidding.discount_limit, bidding.credit_limit, bidding.budget):
        array.fill(0.0)
    if not model.scenario.mechanisms.key_accounts:
        return
    for v, vendor in enumerate(model.vendors.values()):
        if not vendor.accounts.bids:
            continue
        bids = vendor.new_bids(view, books[v])
        for row, one in ((OTHERS, bids.others), (OWN, bids.own)):
            bidding.discount_limit[row, v] = one.discount
            bidding.credit_limit[row, v] = one.credit
        bidding.budget[v] = bids.budget
        if bids.budget > 0.0 and max(bids.others.total, bids.own.total) > 0.0:
            bidding.begin(model)
    bidding.open = len(bidding.discount) > 0


def unit_prices(model: MarketModel) -> Floats:
    """(J,) list price of a million tokens (API) or of a card-hour (HOST, RENT), yuan; read-only."""
    paid, rent = model.paid, model.state.market_rent
    return model.memo.of("unit prices", (paid.tobytes(), rent), lambda: _unit_prices(model))


def _unit_prices(model: MarketModel) -> Floats:
    world = model.world
    rent = np.zeros(world.n_vendors + 2)
    rent[:-2] = rent_of(model) / model.scenario.supply.card_hours
    out = rent[world.platform]
    out[: world.n_api] = model.paid[: world.n_api]
    return out


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
    month = model.month_number
    if model.packed is not model.terms:
        pack(False, model.layout, model.terms, model.spaces[0].packed)
    queue = _under_review(model)
    bidding.under_review = len(queue.work)
    order = _order(model, queue)
    limits = Limits(
        bidding.discount_limit,
        bidding.credit_limit,
        bidding.budget.copy(),
        unit_prices(model).copy(),
        bidding.months,
    )
    auction(
        month,
        order,
        queue,
        model.columns,
        model.choices,
        model.layout,
        model.terms,
        model.streams,
        limits,
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


def _order(model: MarketModel, queue: Queue) -> npt.NDArray[np.int64]:
    """By number; by client and kind of work where two numbers are equal, which is next to never."""
    order = np.argsort(queue.number)
    numbers = queue.number[order]
    if (numbers[1:] == numbers[:-1]).any():
        work_key = model.columns.work_key[queue.work]
        order = np.lexsort((work_key, model.columns.client_id[queue.client], queue.number))
    return order


def _under_review(model: MarketModel) -> Queue:
    """Key-account workloads that are auctioned this month; threads share the accounts."""
    bidding, parts = model.bidding, len(model.spaces)
    month, keys = model.month_number, bidding.keys
    packed = model.spaces[0].packed
    luck = model.columns, model.choices, model.terms, model.streams, packed, bidding.key
    found = [slice(0, 0)] * parts

    def part(p: int, begin: int, end: int) -> None:
        n = list_due(begin, end, keys, month, *luck, bidding.queue)
        found[p] = slice(keys.slot[begin], keys.slot[begin] + n)

    over_ranges(len(keys.client), parts, part)
    if parts == 1:
        return Queue(*(array[found[0]] for array in bidding.queue))
    return Queue(*(np.concatenate([array[s] for s in found]) for array in bidding.queue))


def running_discounts(model: MarketModel) -> Floats:
    """(J,) million yuan that deals take off this month's list bills of what is served."""
    bidding, volumes, spaces = model.bidding, model.volumes, model.spaces
    columns: tuple[Any, ...] = model.columns, model.choices, model.layout, model.terms

    def part(p: int, begin: int, end: int) -> None:
        own = spaces[p].counts
        own.held.fill(0)
        own.conceded.fill(0)
        deals = bidding.discount, spaces[p].usage, own
        running_deals(begin, end, bidding.keys, *columns, *deals)

    over_ranges(len(bidding.keys.client), len(spaces), part)
    counts = bidding.counts
    counts.held[:] = added([space.counts.held for space in spaces])
    counts.conceded[:] = added([space.counts.conceded for space in spaces])
    if not np.count_nonzero(counts.conceded):
        bidding.off = np.zeros(model.world.n_vendors)
        return np.zeros(model.world.n_offers)
    served = np.zeros(model.world.n_offers)
    np.divide(volumes.kept, volumes.demanded, out=served, where=volumes.demanded > 0.0)
    off = counts.conceded / FIXED_POINT * served * unit_prices(model) * YUAN
    sums = np.bincount(model.world.platform, weights=off, minlength=model.world.n_vendors + 2)
    bidding.off = np.asarray(sums[: model.world.n_vendors], dtype=np.float64)
    return np.asarray(off, dtype=np.float64)
