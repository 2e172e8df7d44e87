"""Who serves how many clients, who moved, how well off clients are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure, read_once
from sim.measures.tokens import boards

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@read_once
def _with_work(model: MarketModel) -> float:
    """Weight of the clients with work."""
    return float(np.add.reduce(model.tally.homing[1:]))


@read_once
def _adopted(model: MarketModel) -> float:
    """Weight of the adopted workloads."""
    return float(np.add.reduce(model.tally.active))


@measure("share", "vendor")
def client_share(model: MarketModel) -> Floats:
    """Clients with work on the platform, of all clients with work (adds to more than 1)."""
    counts, total = model.tally.clients[: model.world.n_vendors], _with_work(model)
    return counts / total if total else np.zeros(len(counts))


@measure("platforms/client")
def vendors_per_client(model: MarketModel) -> float:
    """Mean number of platforms of clients with work.

    The own machines of a client count as one.
    """
    homing, total = model.tally.homing, _with_work(model)
    number = model.fixed("numbers of platforms", lambda: np.arange(len(homing), dtype=float))
    return float(np.add.reduce(homing * number)) / total if total else 0.0


@measure("workloads", "vendor")
def active_workloads(model: MarketModel) -> Floats:
    """Workloads on the platform, as weighted up to the market."""
    return boards(model).workloads


@measure("share")
def postponing(model: MarketModel) -> float:
    """Adopted workloads that postpone."""
    total = _adopted(model)
    return float(model.tally.active[model.world.none]) / total if total else 0.0


@measure("workloads/month", "vendor", "vendor_to")
def switching_flow(model: MarketModel) -> Floats:
    """Workloads that left a platform, by where they went."""
    return model.counted(model.tally.flow[: model.world.n_vendors])


@measure("share")
def churn(model: MarketModel) -> float:
    """Workloads that changed platform this month, of all adopted.

    To begin or to end postponing is a change too; `switching_flow` tells them apart.
    """
    total = _adopted(model)
    return float(model.tally.review[1]) / total if total else 0.0


@measure("share")
def reviewed(model: MarketModel) -> float:
    """Workloads that were looked at this month, of all adopted."""
    total = _adopted(model)
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
