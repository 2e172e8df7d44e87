"""Phase `bid`: key accounts under review are auctioned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.market.clients.auction import OTHERS, OWN, hold_auctions
from sim.market.clients.population import FIXED_POINT

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.strategies.view import Books, View


def set_bids(model: BaseMarket, view: View, books: Mapping[int, Books]) -> None:
    """Part of phase `decide`: the vendors' limits for this month's auctions."""
    bidding, limits = model.bidding, model.bidding.limits
    for array in (limits.discount, limits.credit, limits.budget, limits.committed):
        array.fill(0.0)
    if not model.scenario.mechanisms.key_accounts:
        return
    for v, vendor in enumerate(model.vendors.values()):
        if not vendor.accounts.bids:
            continue
        bids = vendor.accounts.bounded(books[v], vendor.accounts.wanted(view, books[v]))
        for row, one in ((OTHERS, bids.others), (OWN, bids.own)):
            limits.discount[row, v] = one.discount
            limits.credit[row, v] = one.credit
        limits.budget[v] = bids.budget
        limits.committed[v], limits.commitment[v] = bids.committed, bids.commitment
        most = max(bids.others.total, bids.own.total, bids.committed)
        somebody = bids.budget > 0.0 and most > 0.0
        if somebody and not len(bidding.discount):
            bidding.discount = np.zeros(model.population.n_workloads, np.float32)
    bidding.open = len(bidding.discount) > 0


def bid(model: BaseMarket) -> None:
    """Phase `bid`: second-score auctions, one after the other in keyed order.

    The order decides who gets what is left of a budget; it depends on no place in a table.
    """
    bidding = model.bidding
    for array in vars(bidding.counts).values():
        array.fill(0)
    if not bidding.open:
        return
    hold_auctions(
        bidding.queue,
        bidding.queue.order(model.columns),
        bidding.limits,
        bidding.discount,
        bidding.counts,
        model.columns,
        model.choices,
        model.world,
        model.terms,
        model.tally,
    )
    if min(array.min() for array in vars(bidding.counts).values()) < 0:
        raise ValueError("bills of key accounts are too large to be added up exactly")
    credit = bidding.counts.credit[: model.world.n_vendors] / FIXED_POINT
    model.charge("account_credit", credit)
