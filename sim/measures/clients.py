"""Who serves how many clients, who moved, key accounts, campaigns and who is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.recorder import Floats, curve
from sim.market.vendors.information import MILLION
from sim.measures.supply import by_vendor
from sim.numeric.arrays import ratio

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario

REVIEWED, MOVED, WITH_SURPLUS, SURPLUS = range(4)  # places in the tally of reviews


def part_of_adopted(model: BaseMarket, weight: Floats) -> Floats:
    """Weight of workloads as a part of all adopted ones; 0 while there are none."""
    return ratio(weight, model.presence.active.sum(axis=-1))


@curve("share", "vendor")
def client_share(model: BaseMarket) -> Floats:
    """Clients with work on the platform, of all clients with work (adds to more than 1)."""
    there, v = model.presence, model.world.n_vendors
    # homing counts clients by their number of platforms
    return ratio(there.clients[..., :v], there.homing[..., 1:].sum(axis=-1, keepdims=True))


@curve("platforms/client")
def vendors_per_client(model: BaseMarket) -> Floats:
    """Mean number of platforms of clients with work.

    The own machines of a client count as one.
    """
    homing = model.presence.homing
    platforms = (homing * np.arange(homing.shape[-1])).sum(axis=-1)
    return ratio(platforms, homing[..., 1:].sum(axis=-1))


@curve("workloads", "vendor")
def active_workloads(model: BaseMarket) -> Floats:
    """Workloads on the platform, as weighted up to the market."""
    return by_vendor(model, model.counted(model.presence.active))


@curve("share")
def postponing(model: BaseMarket) -> Floats:
    """Adopted workloads that postpone."""
    return part_of_adopted(model, model.presence.active[..., model.world.none])


@curve("workloads/month", "vendor", "vendor_to")
def switching_flow(model: BaseMarket) -> Floats:
    """Workloads that left a platform, by where they went."""
    return model.counted(model.tally.flow[..., : model.world.n_vendors, :])


@curve("share")
def churn(model: BaseMarket) -> Floats:
    """Workloads that changed platform this month, of all adopted.

    To begin or to end postponing is a change too; `switching_flow` tells them apart.
    """
    return part_of_adopted(model, model.tally.review[..., MOVED])


@curve("share")
def reviewed(model: BaseMarket) -> Floats:
    """Workloads that were looked at this month, of all adopted."""
    return part_of_adopted(model, model.tally.review[..., REVIEWED])


@curve("price units")
def consumer_surplus(model: BaseMarket) -> Floats:
    """Mean realised utility / alpha of reviews, in price-term units (a logsum in expectation).

    Small & Rosen (1981, Econometrica 49:105-130). With a log price a difference d between two
    worlds is worth a price cut of 1 - exp(-d) on every offer.
    """
    review = model.tally.review
    return ratio(review[..., SURPLUS], review[..., WITH_SURPLUS])


@curve("share", "kind")
def adopted(model: BaseMarket) -> Floats:
    """Workloads that have begun, by kind."""
    return model.state.adopted


@curve("share", "vendor")
def home_share(model: BaseMarket) -> Floats:
    """Clients whose home cloud it is, of all clients."""
    clients = model.homes.clients
    return clients[..., :-1] / clients.sum(axis=-1, keepdims=True)


@curve("clients/month", "vendor")
def home_gain(model: BaseMarket) -> Floats:
    """Clients that made it their home cloud this month, less those that left it."""
    moved = model.homes.moved  # by old home, last without one, and new home
    return model.counted(moved.sum(axis=-2) - moved.sum(axis=-1)[..., :-1])


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
