"""Who serves how many clients, who moved, how well off clients are, where home clouds are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards, figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("share", "vendor")
def client_share(model: MarketModel) -> Floats:
    """Clients with work on the platform, of all clients with work (adds to more than 1)."""
    return figures(model).client_share


@measure("platforms/client")
def vendors_per_client(model: MarketModel) -> Floats:
    """Mean number of platforms of clients with work.

    The own machines of a client count as one.
    """
    return figures(model).vendors_per_client


@measure("workloads", "vendor")
def active_workloads(model: MarketModel) -> Floats:
    """Workloads on the platform, as weighted up to the market."""
    return boards(model).workloads


@measure("share")
def postponing(model: MarketModel) -> Floats:
    """Adopted workloads that postpone."""
    return figures(model).postponing


@measure("workloads/month", "vendor", "vendor_to")
def switching_flow(model: MarketModel) -> Floats:
    """Workloads that left a platform, by where they went."""
    return model.counted(model.tally.flow[: model.world.n_vendors])


@measure("share")
def churn(model: MarketModel) -> Floats:
    """Workloads that changed platform this month, of all adopted.

    To begin or to end postponing is a change too; `switching_flow` tells them apart.
    """
    return figures(model).churn


@measure("share")
def reviewed(model: MarketModel) -> Floats:
    """Workloads that were looked at this month, of all adopted."""
    return figures(model).reviewed


@measure("price units")
def consumer_surplus(model: MarketModel) -> Floats:
    """Mean realised utility / alpha of reviews, in price-term units (a logsum in expectation).

    Small & Rosen (1981, Econometrica 49:105-130). With a log price a difference d between two
    worlds is worth a price cut of 1 - exp(-d) on every offer.
    """
    return figures(model).surplus


@measure("share", "kind")
def adopted(model: MarketModel) -> Floats:
    """Workloads that have begun, by kind."""
    return model.state.adopted


@measure("share", "vendor")
def home_share(model: MarketModel) -> Floats:
    """Clients whose home cloud it is, of all clients."""
    return figures(model).home_share


@measure("clients/month", "vendor")
def home_gain(model: MarketModel) -> Floats:
    """Clients that made it their home cloud this month, less those that left it."""
    return figures(model).home_gain
