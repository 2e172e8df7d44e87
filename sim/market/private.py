"""What only a vendor's own books tell: who left, what it made, what share is worth to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.numeric.compiled import kernel

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MILLION = 1e6
POINTS = 100.0  # share points in the whole market


class PrivateFigures(NamedTuple):
    """Last month by vendor, (V,) each; a vendor is told its own alone."""

    own: list[npt.NDArray[np.int64]]  # columns of the model calls it sells now
    churn: list[float]  # share of its workloads that left; the review hazard before any could
    output: list[float]  # million tokens of model calls
    utilisation: list[float]
    token_share: list[float]
    cash: list[float]
    experience: list[float]
    share_value: list[float]
    learning_exponent: float  # the same for all
    forgetting: float


def private_figures(model: MarketModel) -> PrivateFigures:
    """Last month's figures of all vendors."""
    usual, output, churn = model.scenario.demand.review.api, *np.empty((2, model.world.n_vendors))
    last_month(
        model.world.platform,
        model.world.n_api,
        model.volumes.served,
        model.tally,
        usual,
        output,
        churn,
    )
    if model.month == 0:
        churn[:] = usual
    values = share_values(model, math.fsum(output.tolist()))
    learning, learns = model.scenario.supply.learning, model.scenario.mechanisms.learning
    exponent = learning.exponent if learns else 0.0
    state = model.state
    return PrivateFigures(
        model.own_columns(),
        churn.tolist(),
        output.tolist(),
        state.utilisation.tolist(),
        state.token_share.tolist(),
        state.cash.tolist(),
        state.experience.tolist(),
        values,
        exponent,
        learning.forgetting,
    )


@kernel
def last_month(platform, n_api, served, tally, usual, output, churn):  # type: ignore[no-untyped-def]
    """Tokens served by each vendor, and the share of its workloads that left it."""
    output[:] = 0.0
    for j in range(n_api):
        output[platform[j]] += served[j]
    for v in range(len(output)):
        before, left = 0, 0  # in the unit of `active`: the ratio has none
        for j in range(len(platform)):
            before += tally.active[j] if platform[j] == v else 0
        for w in range(len(tally.flow)):
            before += tally.flow[v, w] - tally.flow[w, v]
            left += tally.flow[v, w]
        churn[v] = min(float(left) / float(before), 1.0) if before > 0 else usual


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
