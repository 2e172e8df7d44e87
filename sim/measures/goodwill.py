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
    return _mean(model, segment_goodwill(model))


@measure("million yuan", "segment", "vendor")
def segment_goodwill(model: MarketModel) -> Floats:
    """Goodwill left from campaigns in each segment, mean over its clients."""
    return _by_segment(model, model.state.goodwill)


@measure("share", "vendor")
def awareness(model: MarketModel) -> Floats:
    """Awareness of the platform, mean over clients."""
    return _mean(model, _by_segment(model, model.awareness))


@measure("yuan/month", "vendor")
def marketing_spending(model: MarketModel) -> Floats:
    """Money of this month's campaigns."""
    spent = model.account.spending.get("marketing")
    return np.zeros(model.world.n_vendors) if spent is None else spent * MILLION


def _region_shares(model: MarketModel) -> Floats:
    tables, names = model.scenario.regions, model.world.regions
    return model.fixed("region shares", lambda: np.array([tables[name].share for name in names]))


def _segment_shares(model: MarketModel) -> Floats:
    tables, names = model.scenario.segments, model.world.segments
    return model.fixed("segment shares", lambda: np.array([tables[name].share for name in names]))


def _by_segment(model: MarketModel, values: Floats) -> Floats:
    """(S, V) mean over the regions of (cells, V), weighted by their clients."""
    world = model.world
    share = _region_shares(model)
    cells = values.reshape(len(world.segments), len(world.regions), -1)
    return np.asarray((cells * share[:, None]).sum(axis=1) / share.sum())


def _mean(model: MarketModel, segments: Floats) -> Floats:
    """(V,) mean over segments (S, V), weighted by their clients."""
    share = _segment_shares(model)
    return np.asarray((segments * share[:, None]).sum(axis=0) / share.sum())
