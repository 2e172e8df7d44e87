"""Key accounts and campaigns: who holds and wins accounts, who is known, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.recorder import Floats, curve
from sim.measures.money import MILLION
from sim.numeric.arrays import ratio

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario


@curve("clients", "vendor")
def key_accounts_held(model: BaseMarket) -> Floats:
    """Key accounts with work on the platform."""
    return model.counted(model.presence.accounts[..., : model.world.n_vendors])


@curve("workloads/month", "vendor")
def account_auctions_won(model: BaseMarket) -> Floats:
    """Workloads of key accounts won in auctions; 0 while nobody bids."""
    return model.counted(model.bidding.counts.won[..., : model.world.n_vendors])


@curve("workloads/month", "vendor")
def accounts_poached(model: BaseMarket) -> Floats:
    """Of these, workloads that another vendor served."""
    return model.counted(model.bidding.counts.poached[..., : model.world.n_vendors])


@curve("share", "vendor")
def account_discount(model: BaseMarket) -> Floats:
    """Mean discount of new deals in which something was conceded, by list bill; 0 without one."""
    v, counts = model.world.n_vendors, model.bidding.counts
    return ratio(counts.off[..., :v], counts.bill[..., :v])


@curve("yuan/month", "vendor")
def account_discounts(model: BaseMarket) -> Floats:
    """What all running deals take off the list bills."""
    return model.account.discounts * MILLION


@curve("yuan/month", "vendor")
def account_credit(model: BaseMarket) -> Floats:
    """Investment credits paid for new deals."""
    return model.counted(model.bidding.counts.credit[..., : model.world.n_vendors]) * MILLION


def region_shares(scenario: Scenario, world: MarketLayout) -> Floats:
    """(regions,) shares of clients."""
    return np.array([scenario.regions[name].share for name in world.regions])


def segment_shares(scenario: Scenario, world: MarketLayout) -> Floats:
    """(segments,) shares of clients."""
    return np.array([scenario.segments[name].share for name in world.segments])


def mean_by_segment(model: BaseMarket, values: Floats) -> Floats:
    """(..., segments, V) means of (..., cells, V) values, weighted by the regions' clients."""
    world, share = model.world, model.rules(region_shares)
    cells = values.reshape(*values.shape[:-2], len(world.segments), len(world.regions), -1)
    return (cells * share[:, None]).sum(axis=-2) / share.sum()


def mean_over_clients(model: BaseMarket, values: Floats) -> Floats:
    """(..., V) means of (..., cells, V) values, weighted by the clients of each cell."""
    share = model.rules(segment_shares)
    return (mean_by_segment(model, values) * share[:, None]).sum(axis=-2) / share.sum()


@curve("million yuan", "vendor")
def goodwill(model: BaseMarket) -> Floats:
    """Goodwill left from campaigns, mean over clients."""
    return mean_over_clients(model, model.state.goodwill)


@curve("million yuan", "segment", "vendor")
def segment_goodwill(model: BaseMarket) -> Floats:
    """Goodwill left from campaigns in each segment, mean over its clients."""
    return mean_by_segment(model, model.state.goodwill)


@curve("share", "vendor")
def awareness(model: BaseMarket) -> Floats:
    """Awareness of the platform, mean over clients."""
    return mean_over_clients(model, model.terms.awareness)


@curve("yuan/month", "vendor")
def marketing_spending(model: BaseMarket) -> Floats:
    """Money of this month's campaigns."""
    return model.account.campaigns * MILLION
