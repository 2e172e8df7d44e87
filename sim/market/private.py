"""What only a vendor's own books tell: who left, what it made, what share is worth to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sim.market.serving import platform_sums
from sim.market.world import API

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sim.market.model import MarketModel

MILLION = 1e6
POINTS = 100.0  # share points in the whole market


def churn_of(model: MarketModel, vendor: int) -> float:
    """Share of the vendor's workloads that left it last month; the review hazard at the start."""
    if model.month == 0:
        return model.scenario.demand.review.api
    flow = model.counted(model.tally.flow)
    gone, came = math.fsum(flow[vendor].tolist()), math.fsum(flow[:, vendor].tolist())
    now = platform_sums(model, model.counted(model.tally.active))[vendor]
    before = now - came + gone
    return min(gone / before, 1.0) if before > 0.0 else model.scenario.demand.review.api


def outputs(model: MarketModel) -> npt.NDArray[np.float64]:
    """(V,) million tokens of model calls that each platform served last month."""
    calls = model.volumes.served * (model.world.channel == API)
    return platform_sums(model, calls)[: model.world.n_vendors]


def share_value(model: MarketModel, vendor: int) -> float:
    """Yuan that a further million tokens is worth to the objective beside its profit.

    omega dS/dq with S = q/Q: omega x 100 points x (1 - S) / Q.
    """
    name = model.world.vendors[vendor]
    omega = model.scenario.vendors[name].objective.share_point
    total = math.fsum(outputs(model).tolist())
    if omega == 0.0 or total <= 0.0:
        return 0.0
    share = float(model.state.token_share[vendor])
    return omega * MILLION * POINTS * (1.0 - share) / total
