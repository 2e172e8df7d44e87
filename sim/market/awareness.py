"""Phase `inform`: who knows whom this month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sim.market.model import MarketModel


def inform(model: MarketModel) -> None:
    """Awareness (cells, V) = 1 - exp(-(base + attention + weight x last token share + goodwill)).

    Goeree (2008, Econometrica 76:1017-1074) for consideration; word of mouth by last month's share;
    goodwill enters as a1 ln(1 + A / A0), here and nowhere else.
    """
    scenario, state = model.scenario, model.state
    if not scenario.mechanisms.consideration:
        model.awareness[:] = 1.0
        return
    base = np.array([scenario.vendors[name].awareness for name in model.world.vendors])
    heard = scenario.demand.awareness.share_weight * state.token_share
    table = scenario.demand.goodwill
    known = table.awareness_weight * np.log1p(state.goodwill / table.scale)
    model.awareness[:] = -np.expm1(-(base + state.attention + heard + known))
