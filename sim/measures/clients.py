"""Who serves how many clients, who moved, how well off clients are, where home clouds are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.recorder import Floats, measure
from sim.measures.supply import by_vendor

if TYPE_CHECKING:
    from sim.market.base import BaseMarket

REVIEWED, MOVED, WITH_SURPLUS, SURPLUS = range(4)  # places in the tally of reviews


def part_of_adopted(model: BaseMarket, weight: int) -> float:
    """Weight of workloads as a part of all adopted ones; 0 while there are none."""
    adopted = int(model.presence.active.sum())
    return float(weight) / float(adopted) if adopted else 0.0


@measure("share", "vendor")
def client_share(model: BaseMarket) -> Floats:
    """Clients with work on the platform, of all clients with work (adds to more than 1)."""
    there, v = model.presence, model.world.n_vendors
    clients = int(there.homing[1:].sum())  # homing counts clients by their number of platforms
    return there.clients[:v] / float(clients) if clients else np.zeros(v)


@measure("platforms/client")
def vendors_per_client(model: BaseMarket) -> float:
    """Mean number of platforms of clients with work.

    The own machines of a client count as one.
    """
    homing = model.presence.homing
    clients = int(homing[1:].sum())
    platforms = int((homing * np.arange(len(homing))).sum())
    return float(platforms) / float(clients) if clients else 0.0


@measure("workloads", "vendor")
def active_workloads(model: BaseMarket) -> Floats:
    """Workloads on the platform, as weighted up to the market."""
    return by_vendor(model, model.counted(model.presence.active))


@measure("share")
def postponing(model: BaseMarket) -> float:
    """Adopted workloads that postpone."""
    return part_of_adopted(model, model.presence.active[model.world.none])


@measure("workloads/month", "vendor", "vendor_to")
def switching_flow(model: BaseMarket) -> Floats:
    """Workloads that left a platform, by where they went."""
    return model.counted(model.tally.flow[: model.world.n_vendors])


@measure("share")
def churn(model: BaseMarket) -> float:
    """Workloads that changed platform this month, of all adopted.

    To begin or to end postponing is a change too; `switching_flow` tells them apart.
    """
    return part_of_adopted(model, model.tally.review[MOVED])


@measure("share")
def reviewed(model: BaseMarket) -> float:
    """Workloads that were looked at this month, of all adopted."""
    return part_of_adopted(model, model.tally.review[REVIEWED])


@measure("price units")
def consumer_surplus(model: BaseMarket) -> float:
    """Mean realised utility / alpha of reviews, in price-term units (a logsum in expectation).

    Small & Rosen (1981, Econometrica 49:105-130). With a log price a difference d between two
    worlds is worth a price cut of 1 - exp(-d) on every offer.
    """
    review = model.tally.review
    return float(review[SURPLUS]) / float(review[WITH_SURPLUS]) if review[WITH_SURPLUS] else 0.0


@measure("share", "kind")
def adopted(model: BaseMarket) -> Floats:
    """Workloads that have begun, by kind."""
    return model.state.adopted


@measure("share", "vendor")
def home_share(model: BaseMarket) -> Floats:
    """Clients whose home cloud it is, of all clients."""
    clients = model.homes.clients
    return clients[:-1] / float(clients.sum())


@measure("clients/month", "vendor")
def home_gain(model: BaseMarket) -> Floats:
    """Clients that made it their home cloud this month, less those that left it."""
    moved = model.homes.moved  # by old home, last without one, and new home
    return model.counted(moved.sum(axis=0) - moved.sum(axis=1)[:-1])
