"""Who is known, and what campaigns left and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MILLION = 1e6


@measure("million yuan", "vendor")
def goodwill(model: MarketModel) -> Floats:
    """Goodwill left from campaigns, mean over clients."""
    return _mean(model, model.state.goodwill)


@measure("million yuan", "segment", "vendor")
def segment_goodwill(model: MarketModel) -> Floats:
    """Goodwill left from campaigns in each segment, mean over its clients."""
    return _by_segment(model, model.state.goodwill)


@measure("share", "vendor")
def awareness(model: MarketModel) -> Floats:
    """Awareness of the platform, mean over clients."""
    return _mean(model, model.awareness)


@measure("yuan/month", "vendor")
def marketing_spending(model: MarketModel) -> Floats:
    """Money of this month's campaigns."""
    spent = model.account.spending.get("marketing")
    return np.zeros(model.world.n_vendors) if spent is None else spent * MILLION


def _by_segment(model: MarketModel, values: Floats) -> Floats:
    """(S, V) mean over the regions of (cells, V), weighted by their clients."""
    world = model.world
    share = np.array([model.scenario.regions[name].share for name in world.regions])
    cells = values.reshape(len(world.segments), len(world.regions), -1)
    return np.asarray((cells * share[:, None]).sum(axis=1) / share.sum())


def _mean(model: MarketModel, values: Floats) -> Floats:
    """(V,) mean over segments and regions, weighted by their clients."""
    share = np.array([model.scenario.segments[name].share for name in model.world.segments])
    return np.asarray((_by_segment(model, values) * share[:, None]).sum(axis=0) / share.sum())
