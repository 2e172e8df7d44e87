"""Key accounts and campaigns: who holds and wins accounts, who is known, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.recorder import Floats, measure
from sim.measures.money import MILLION

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario


@measure("clients", "vendor")
def key_accounts_held(model: BaseMarket) -> Floats:
    """Key accounts with work on the platform."""
    return model.counted(model.presence.accounts[: model.world.n_vendors])


@measure("workloads/month", "vendor")
def account_auctions_won(model: BaseMarket) -> Floats:
    """Workloads of key accounts won in auctions; 0 while nobody bids."""
    return model.counted(model.bidding.counts.won[: model.world.n_vendors])


@measure("workloads/month", "vendor")
def accounts_poached(model: BaseMarket) -> Floats:
    """Of these, workloads that another vendor served."""
    return model.counted(model.bidding.counts.poached[: model.world.n_vendors])


@measure("share", "vendor")
def account_discount(model: BaseMarket) -> Floats:
    """Mean discount of new deals in which something was conceded, by list bill; 0 without one."""
    v, counts = model.world.n_vendors, model.bidding.counts
    off, bill = counts.off[:v], counts.bill[:v]
    return np.divide(off, bill, out=np.zeros(v), where=bill > 0)


@measure("yuan/month", "vendor")
def account_discounts(model: BaseMarket) -> Floats:
    """What all running deals take off the list bills."""
    return model.account.discounts * MILLION


@measure("yuan/month", "vendor")
def account_credit(model: BaseMarket) -> Floats:
    """Investment credits paid for new deals."""
    return model.counted(model.bidding.counts.credit[: model.world.n_vendors]) * MILLION


def region_shares(scenario: Scenario, world: MarketLayout) -> Floats:
    """(regions,) shares of clients."""
    return np.array([scenario.regions[name].share for name in world.regions])


def segment_shares(scenario: Scenario, world: MarketLayout) -> Floats:
    """(segments,) shares of clients."""
    return np.array([scenario.segments[name].share for name in world.segments])


def mean_by_segment(model: BaseMarket, values: Floats) -> Floats:
    """(segments, V) means of (cells, V) values, weighted by the regions' shares of clients."""
    world = model.world
    share = model.rules(region_shares)
    cells = values.reshape(len(world.segments), len(world.regions), -1)
    return (cells * share[:, None]).sum(axis=1) / share.sum()


def mean_over_clients(model: BaseMarket, values: Floats) -> Floats:
    """(V,) means of (cells, V) values, weighted by the clients of each segment and region."""
    share = model.rules(segment_shares)
    return (mean_by_segment(model, values) * share[:, None]).sum(axis=0) / share.sum()


@measure("million yuan", "vendor")
def goodwill(model: BaseMarket) -> Floats:
    """Goodwill left from campaigns, mean over clients."""
    return mean_over_clients(model, model.state.goodwill)


@measure("million yuan", "segment", "vendor")
def segment_goodwill(model: BaseMarket) -> Floats:
    """Goodwill left from campaigns in each segment, mean over its clients."""
    return mean_by_segment(model, model.state.goodwill)


@measure("share", "vendor")
def awareness(model: BaseMarket) -> Floats:
    """Awareness of the platform, mean over clients."""
    return mean_over_clients(model, model.terms.awareness)


@measure("yuan/month", "vendor")
def marketing_spending(model: BaseMarket) -> Floats:
    """Money of this month's campaigns."""
    spent = model.account.spending.get("marketing")
    return np.zeros(model.world.n_vendors) if spent is None else spent * MILLION
