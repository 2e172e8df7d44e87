"""Who is known, and what campaigns left and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MILLION = 1e6
Weights = tuple[Floats, float]


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


def _weights(model: MarketModel, what: str) -> Weights:
    """(n, 1) shares of clients of all regions or segments, and their sum."""

    def make() -> Weights:
        tables = getattr(model.scenario, what)
        share = np.array([tables[name].share for name in getattr(model.world, what)])
        return share[:, None], float(share.sum())

    return model.fixed(f"shares of {what}", make)


def _by_segment(model: MarketModel, values: Floats) -> Floats:
    """(S, V) mean over the regions of (cells, V), weighted by their clients."""
    share, total = _weights(model, "regions")
    cells = values.reshape(-1, len(share), values.shape[1])
    return np.asarray(np.add.reduce(cells * share, axis=1)) / total


def _mean(model: MarketModel, segments: Floats) -> Floats:
    """(V,) mean over segments (S, V), weighted by their clients."""
    share, total = _weights(model, "segments")
    return np.asarray(np.add.reduce(segments * share)) / total
