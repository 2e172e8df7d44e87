"""Phase `bid`: key accounts under review are auctioned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.clients.accounts import OTHERS, OWN, least_count
from sim.market.clients.auction import auction
from sim.market.clients.population import FIXED_POINT

if TYPE_CHECKING:
    from sim.market.model import MarketModel
    from sim.strategies.view import Books, View


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
            bidding.begin(model.columns, model.spaces)
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
    stretches = bidding.stretches(model.spaces)
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
