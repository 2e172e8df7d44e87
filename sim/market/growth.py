"""Phase `grow`: adoption, fading attention, developers of open families, agents; homes move."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.economics.diffusion import bass_step
from sim.market.agents import grow_agents
from sim.market.migration import migrate

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


def develop(model: MarketModel) -> None:
    """Developers join open families (Bass; faster where the family leads), and contribute."""
    state, world = model.state, model.world
    asked = state.tokens_by_kind
    total = math.fsum(asked.tolist())
    for f, name in enumerate(world.families):
        if not state.weights_open[f]:
            continue
        table = model.scenario.families[name].community
        gap = model.capability[f] - state.mean_capability
        ahead = math.fsum((asked * gap).tolist()) / total if total > 0.0 else 0.0
        p = min(1.0, table.innovation * math.exp(table.capability_pull * ahead))
        state.developers[f] = float(
            bass_step(state.developers[f], p, table.imitation, table.potential)
        )
    contribute(model)


def contribute(model: MarketModel) -> None:
    """Capability that the developers of open families add: contribution x ln(1 + D / scale)."""
    state, scale = model.state, model.scenario.demand.community_scale
    for f, name in enumerate(model.world.families):
        if state.weights_open[f]:
            gain = model.scenario.families[name].community.contribution
            state.contribution[f] = gain * math.log1p(state.developers[f] / scale)
