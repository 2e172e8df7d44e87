"""Phase `grow`: adoption, attention that fades; calls what other files let grow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.economics.diffusion import bass_step
from sim.market.agents import grow_agents
from sim.market.community import develop
from sim.market.imitation import imitate
from sim.market.migration import migrate
from sim.market.research import discover

if TYPE_CHECKING:
    from sim.market.model import MarketModel


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
    tables = [model.scenario.kinds[name].adoption for name in model.world.kinds]
    boost = math.exp(model.state.adoption_boost)
    p = np.array([table.innovation for table in tables]) * boost
    q = np.array([table.imitation for table in tables]) * boost
    model.state.adopted = bass_step(model.state.adopted, p, q, 1.0)


def fade(model: MarketModel) -> None:
    """Attention is forgotten: A' = (1 - decay) A (Nerlove & Arrow 1962)."""
    keep = 1.0 - model.scenario.demand.awareness.attention_decay
    model.state.attention *= keep
    model.state.adoption_boost *= keep


def shift_demand(model: MarketModel) -> None:
    """Dated shifts of demand go on, an equal step a month."""
    going = []
    for kind, step, left in model.state.shifts:
        model.state.log_shift[kind] += step
        if left > 1:
            going.append((kind, step, left - 1))
    model.state.shifts = going
