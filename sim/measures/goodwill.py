"""Who is known, and what campaigns left and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.recorder import Floats, measure
from sim.measures.money import MILLION

if TYPE_CHECKING:
    from sim.market.model import MarketModel


def region_shares(model: MarketModel) -> Floats:
    """(regions,) shares of clients."""
    return np.array([model.scenario.regions[name].share for name in model.world.regions])


def segment_shares(model: MarketModel) -> Floats:
    """(segments,) shares of clients."""
    return np.array([model.scenario.segments[name].share for name in model.world.segments])


def mean_by_segment(model: MarketModel, values: Floats) -> Floats:
    """(segments, V) means of (cells, V) values, weighted by the regions' shares of clients."""
    world = model.world
    share = model.fixed("shares of regions", lambda: region_shares(model))
    cells = values.reshape(len(world.segments), len(world.regions), -1)
    return (cells * share[:, None]).sum(axis=1) / share.sum()


def mean_over_clients(model: MarketModel, values: Floats) -> Floats:
    """(V,) means of (cells, V) values, weighted by the clients of each segment and region."""
    share = model.fixed("shares of segments", lambda: segment_shares(model))
    return (mean_by_segment(model, values) * share[:, None]).sum(axis=0) / share.sum()


@measure("million yuan", "vendor")
def goodwill(model: MarketModel) -> Floats:
    """Goodwill left from campaigns, mean over clients."""
    return mean_over_clients(model, model.state.goodwill)


@measure("million yuan", "segment", "vendor")
def segment_goodwill(model: MarketModel) -> Floats:
    """Goodwill left from campaigns in each segment, mean over its clients."""
    return mean_by_segment(model, model.state.goodwill)


@measure("share", "vendor")
def awareness(model: MarketModel) -> Floats:
    """Awareness of the platform, mean over clients."""
    return mean_over_clients(model, model.terms.awareness)


@measure("yuan/month", "vendor")
def marketing_spending(model: MarketModel) -> Floats:
    """Money of this month's campaigns."""
    spent = model.account.spending.get("marketing")
    return np.zeros(model.world.n_vendors) if spent is None else spent * MILLION
