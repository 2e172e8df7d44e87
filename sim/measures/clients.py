"""Who serves how many clients, who moved, how well off clients are, where home clouds are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.recorder import Floats, curve
from sim.measures.supply import by_vendor
from sim.numeric.arrays import ratio

if TYPE_CHECKING:
    from sim.market.base import BaseMarket

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
