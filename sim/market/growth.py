"""Phase `grow`: adoption, attention that fades; calls what other files let grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.diffusion import bass_step
from sim.market.agents import grow_agents
from sim.market.community import develop
from sim.market.imitation import imitate
from sim.market.migration import migrate
from sim.market.research import discover
from sim.numeric.portable import exp

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]


def grow(model: MarketModel) -> None:
    """Let the slow states move on."""
    adopt(model)
    fade(model)
    shift_demand(model)
    if model.scenario.mechanisms.communities:
        develop(model)
    grow_agents(model)
    migrate(model)
    imitate(model)
    discover(model)


def adopt(model: MarketModel) -> None:
    """Bass diffusion of workloads by kind; attention speeds innovators and imitators alike."""
    if not model.scenario.mechanisms.adoption:
        return
    innovation, imitation, everybody = model.fixed("adoption", lambda: _adoption(model))
    boost = exp(model.state.adoption_boost)
    model.state.adopted = bass_step(
        model.state.adopted, innovation * boost, imitation * boost, everybody
    )


def _adoption(model: MarketModel) -> tuple[Floats, Floats, Floats]:
    tables = [model.scenario.kinds[name].adoption for name in model.world.kinds]
    innovation = np.array([table.innovation for table in tables])
    imitation = np.array([table.imitation for table in tables])
    return innovation, imitation, np.ones(len(tables))


def fade(model: MarketModel) -> None:
    """Attention is forgotten: A' = (1 - decay) A (Nerlove & Arrow 1962)."""
    keep = 1.0 - model.scenario.demand.awareness.attention_decay
    model.state.attention *= keep
    model.state.adoption_boost *= keep


def shift_demand(model: MarketModel) -> None:
    """Dated shifts of demand go on, an equal step a month."""
    if not model.state.shifts:
        return
    going = []
    for kind, step, left in model.state.shifts:
        model.state.log_shift[kind] += step
        if left > 1:
            going.append((kind, step, left - 1))
    model.state.shifts = going
