"""Phase `inform`: who knows whom this month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.shared import shared
from sim.numeric.compiled import kernel
from sim.numeric.elementary import expm1, log1p

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
    table, heard = scenario.demand.goodwill, scenario.demand.awareness.share_weight
    fill_awareness(
        base,
        state.attention,
        heard,
        state.token_share,
        table.awareness_weight,
        state.goodwill,
        table.scale,
        model.awareness,
    )


@kernel
def fill_awareness(base, attention, heard, share, weight, goodwill, scale, out):  # type: ignore[no-untyped-def]
    """The formula of `inform` for all cells and platforms."""
    for c in range(out.shape[0]):
        for v in range(out.shape[1]):
            known = weight * log1p(goodwill[c, v] / scale)
            out[c, v] = -expm1(-(base[c, v] + attention[v] + heard * share[v] + known))


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
