"""Who is known, and what campaigns left and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MILLION = 1e6


@measure("million yuan", "vendor")
def goodwill(model: MarketModel) -> Floats:
    """Goodwill left from campaigns, mean over clients."""
    return boards(model).goodwill


@measure("million yuan", "segment", "vendor")
def segment_goodwill(model: MarketModel) -> Floats:
    """Goodwill left from campaigns in each segment, mean over its clients."""
    return boards(model).segment_goodwill


@measure("share", "vendor")
def awareness(model: MarketModel) -> Floats:
    """Awareness of the platform, mean over clients."""
    return boards(model).awareness


@measure("yuan/month", "vendor")
def marketing_spending(model: MarketModel) -> Floats:
    """Money of this month's campaigns."""
    spent = model.account.spending.get("marketing")
    return np.zeros(model.world.n_vendors) if spent is None else spent * MILLION
