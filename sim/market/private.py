"""What only a vendor's own books tell: who left, what it made, what share is worth to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from sim.market.serving import platform_sums

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sim.market.model import MarketModel

MILLION = 1e6
POINTS = 100.0  # share points in the whole market


class PrivateFigures(NamedTuple):
    """Last month by vendor, (V,) each; a vendor is told its own alone."""

    churn: list[float]
    output: npt.NDArray[np.float64]
    share_value: list[float]


def private_figures(model: MarketModel) -> PrivateFigures:
    """Last month's figures of all vendors."""
    calls = model.volumes.served * model.world.calls
    output = platform_sums(model, calls)[: model.world.n_vendors]
    return PrivateFigures(churns(model), output, share_values(model, math.fsum(output.tolist())))


def churns(model: MarketModel) -> list[float]:
    """Share of each vendor's workloads that left it last month; the review hazard at the start."""
    usual, vendors = model.scenario.demand.review.api, range(model.world.n_vendors)
    if model.month == 0:
        return [usual for _ in vendors]
    flow = model.counted(model.tally.flow)
    leaving, coming = flow.tolist(), flow.T.tolist()
    now = platform_sums(model, model.counted(model.tally.active)).tolist()
    out = []
    for v in vendors:
        gone = math.fsum(leaving[v])
        before = now[v] - math.fsum(coming[v]) + gone
        out.append(min(gone / before, 1.0) if before > 0.0 else usual)
    return out


def share_values(model: MarketModel, total: float) -> list[float]:
    """Yuan that a further million tokens is worth to each objective beside its profit.

    omega dS/dq with S = q/Q: omega x 100 points x (1 - S) / Q; Q = `total` million tokens.
    """
    out = []
    for name, share in zip(model.world.vendors, model.state.token_share.tolist(), strict=True):
        omega = model.scenario.vendors[name].objective.share_point
        worthless = omega == 0.0 or total <= 0.0
        out.append(0.0 if worthless else omega * MILLION * POINTS * (1.0 - share) / total)
    return out
