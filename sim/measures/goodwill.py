"""Who is known, and what campaigns left and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.recorder import Floats, measure
from sim.measures.money import MILLION

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario


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
