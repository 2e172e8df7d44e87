"""Phases `decide`, all vendors at once from the public market and their own books, and `bid`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.clients.auction import OTHERS, OWN, hold_auctions
from sim.market.clients.population import FIXED_POINT
from sim.market.ecosystem.agents import decide_agents
from sim.market.vendors.campaigns import decide_campaigns
from sim.market.vendors.information import information, private_books
from sim.market.vendors.openness import decide_openness
from sim.market.vendors.research import invest
from sim.strategies.pricing.base import PriceLimits

if TYPE_CHECKING:
    from sim.market.agent import VendorAgent
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario
    from sim.strategies.view import Books, View


def decide(model: BaseMarket) -> None:
    """Phase `decide`: openness, then prices and moves of all vendors at once, then discounts."""
    decide_openness(model)
    view, private, unit_cost = information(model)
    limits, pause = model.rules(price_limits), model.scenario.decisions.months_between_changes
    vendors = model.vendors.values()
    asked = [vendor for vendor in vendors if vendor.sets_prices or vendor.accounts.bids]
    books = {v.index: private_books(model, v, unit_cost, private[v.index]) for v in asked}
    plans = [
        (vendor, *new_prices(vendor, view, books[vendor.index], limits))
        for vendor in asked
        if vendor.sets_prices and vendor.may_change(model.month, pause)
    ]
    decide_campaigns(model)
    set_bids(model, view, books)
    for vendor, own, price in plans:
        if np.count_nonzero(model.state.list_price[own] != price):
            model.state.list_price[own], vendor.priced = price, model.month
    invest(model, view)
    _spend_freed_money(model)
    decide_agents(model)


def price_limits(scenario: Scenario, world: MarketLayout) -> PriceLimits:
    """The scenario's limits of a month's price move."""
    table = scenario.decisions
    return PriceLimits(
        table.largest_move,
        table.lowest_price,
        table.inelastic_rise,
        table.scarcity_response if scenario.mechanisms.scarcity_pricing else 0.0,
        table.cost_floor,
    )


def new_prices(
    vendor: VendorAgent, view: View, books: Books, limits: PriceLimits
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Own columns and their list prices for this month."""
    if len(books.own) == 0:
        return books.own, books.price
    wanted = vendor.pricing.wanted(view, books, vendor.rng_prices)
    return books.own, vendor.pricing.bounded(view, books, wanted, limits)


def _spend_freed_money(model: BaseMarket) -> None:
    """Budget rule (b): the money of moves that are off buys a cut of the own token prices."""
    state, budget = model.state, model.scenario.budget
    for name, money in budget.freed.items():
        if money > 0.0:
            v = model.world.vendors.index(name)
            cut = money / (state.call_revenue[v] + money)
            state.discount[v] = min(cut, budget.maximum_discount)


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
    credit = bidding.counts.credit[: model.world.n_vendors] / FIXED_POINT
    model.charge("account_credit", credit)
