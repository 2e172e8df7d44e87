"""What only a vendor's own books tell: who left, what it made, what share is worth to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MILLION = 1e6
POINTS = 100.0  # share points in the whole market


class PrivateFigures(NamedTuple):
    """Last month by vendor, (V,) each; a vendor is told its own alone."""

    churn: list[float]
    output: npt.NDArray[np.float64]
    share_value: list[float]
    learning_exponent: float  # the same for all
    forgetting: float


def private_figures(model: MarketModel) -> PrivateFigures:
    """Last month's figures of all vendors."""
    world, n = model.world, model.world.n_api
    calls = model.volumes.served[:n]
    sums = np.bincount(world.platform[:n], weights=calls, minlength=world.n_vendors)
    output = np.asarray(sums, dtype=np.float64)
    values = share_values(model, math.fsum(output.tolist()))
    learning, learns = model.scenario.supply.learning, model.scenario.mechanisms.learning
    exponent = learning.exponent if learns else 0.0
    return PrivateFigures(churns(model), output, values, exponent, learning.forgetting)


def churns(model: MarketModel) -> list[float]:
    """Share of each vendor's workloads that left it last month; the review hazard at the start."""
    usual, vendors = model.scenario.demand.review.api, range(model.world.n_vendors)
    if model.month == 0:
        return [usual for _ in vendors]
    flow = model.tally.flow  # in the unit of `active`: the ratio has none
    left, came = np.add.reduce(flow, axis=1).tolist(), np.add.reduce(flow).tolist()
    now = np.bincount(model.world.platform, model.tally.active).tolist()
    before = [now[v] - came[v] + left[v] for v in vendors]
    return [min(left[v] / before[v], 1.0) if before[v] > 0.0 else usual for v in vendors]


def share_values(model: MarketModel, total: float) -> list[float]:
    """Yuan that a further million tokens is worth to each objective beside its profit.

    omega dS/dq with S = q/Q: omega x 100 points x (1 - S) / Q; Q = `total` million tokens.
    """
    tables, names = model.scenario.vendors, model.world.vendors
    points = model.fixed(
        "share points", lambda: [tables[name].objective.share_point for name in names]
    )
    if total <= 0.0 or not any(points):
        return [0.0] * len(points)
    worth = [omega * MILLION * POINTS for omega in points]
    shares = model.state.token_share.tolist()
    return [
        one * (1.0 - share) / total if one != 0.0 else 0.0
        for one, share in zip(worth, shares, strict=True)
    ]
