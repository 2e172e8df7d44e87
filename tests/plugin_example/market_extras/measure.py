"""Who leads, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.recorder import Floats, measure
from sim.measures.tokens import platform_token_share

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("share", "vendor")
def token_lead(model: MarketModel) -> Floats:
    """Share of platform tokens less that of the best rival."""
    share = platform_token_share(model)
    best_rival = np.array([np.delete(share, v).max(initial=0.0) for v in range(len(share))])
    return share - best_rival
