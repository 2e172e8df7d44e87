"""Who serves how many clients, who moved, how well off clients are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure
from sim.measures.tokens import by_vendor

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("share", "vendor")
def client_share(model: MarketModel) -> Floats:
    """Clients with work on the platform, of all clients with work (adds to more than 1)."""
    counts = model.tally.clients[: model.world.n_vendors].astype(float)
    total = float(model.tally.homing[1:].sum())
    return counts / total if total else np.zeros_like(counts)


@measure("platforms/client")
def vendors_per_client(model: MarketModel) -> float:
    """Mean number of platforms of clients with work.

    The own machines of a client count as one.
    """
    homing = model.tally.homing.astype(float)
    total = homing[1:].sum()
    return float((homing * np.arange(len(homing))).sum() / total) if total else 0.0


@measure("workloads", "vendor")
def active_workloads(model: MarketModel) -> Floats:
    """Workloads on the platform, as weighted up to the market."""
    return by_vendor(model, model.counted(model.tally.active))


@measure("share")
def postponing(model: MarketModel) -> float:
    """Adopted workloads that postpone."""
    active = model.tally.active.astype(float)
    total = active.sum()
    return float(active[model.world.none] / total) if total else 0.0


@measure("workloads/month", "vendor", "vendor_to")
def switching_flow(model: MarketModel) -> Floats:
    """Workloads that left a platform, by where they went."""
    return model.counted(model.tally.flow)[: model.world.n_vendors]


@measure("share")
def churn(model: MarketModel) -> float:
    """Workloads that changed platform this month, of all adopted.

    To begin or to end postponing is a change too; `switching_flow` tells them apart.
    """
    total = float(model.tally.active.sum())
    return float(model.tally.review[1]) / total if total else 0.0


@measure("share")
def reviewed(model: MarketModel) -> float:
    """Workloads that were looked at this month, of all adopted."""
    total = float(model.tally.active.sum())
    return float(model.tally.review[0]) / total if total else 0.0


@measure("price units")
def consumer_surplus(model: MarketModel) -> float:
    """Mean realised utility / alpha of reviews, in price-term units (a logsum in expectation).

    Small & Rosen (1981, Econometrica 49:105-130). With a log price a difference d between two
    worlds is worth a price cut of 1 - exp(-d) on every offer.
    """
    weight = float(model.tally.review[2])
    return float(model.tally.review[3]) / weight if weight else 0.0


@measure("share", "kind")
def adopted(model: MarketModel) -> Floats:
    """Workloads that have begun, by kind."""
    return model.state.adopted
