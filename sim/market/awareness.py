"""Phase `inform`: who knows whom this month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.shared import shared

if TYPE_CHECKING:
    from sim.market.model import MarketModel


def inform(model: MarketModel) -> None:
    """Awareness (cells, V) = 1 - exp(-(base + attention + weight x last token share + goodwill)).

    Goeree (2008, Econometrica 76:1017-1074) for consideration; word of mouth by last month's share;
    goodwill enters as a1 ln(1 + A / A0), here and nowhere else.
    A region may have an a0 of its own for a vendor.
    """
    scenario, state = model.scenario, model.state
    if not scenario.mechanisms.consideration:
        model.awareness[:] = 1.0
        return
    base = shared(scenario, "awareness", lambda: _base(model))
    heard = scenario.demand.awareness.share_weight * state.token_share
    table = scenario.demand.goodwill
    known = table.awareness_weight * np.log1p(state.goodwill / table.scale)
    np.negative(np.expm1(-(base + state.attention + heard + known)), out=model.awareness)


def _base(model: MarketModel) -> npt.NDArray[np.float64]:
    """(cells, V) what is known of each platform without any campaign."""
    scenario = model.scenario
    vendors, regions = model.world.vendors, model.world.regions
    base = np.array(
        [
            [scenario.regions[r].awareness.get(v, scenario.vendors[v].awareness) for v in vendors]
            for r in regions
        ]
    )
    return np.tile(base, (len(model.world.segments), 1))
