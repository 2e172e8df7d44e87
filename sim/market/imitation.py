"""Imitation: families that follow close part of their gap to what rivals have shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.quality import closing_share, imitated_levels
from sim.numeric.portable import exp2, log2

if TYPE_CHECKING:
    from sim.market.model import MarketModel
    from sim.scenario.schema.families import Family

Floats = npt.NDArray[np.float64]


def imitate(model: MarketModel) -> None:
    """Part of phase `grow`: gaps in capability and in log2 context window to rivals' families.

    Faster towards open weights. A dated release states a level anew; a limit of the window holds.
    """
    scenario, state = model.scenario, model.state
    if not scenario.mechanisms.imitation:
        return
    tables = model.fixed("followers", lambda: _followers(model))
    if not tables:
        return
    follows = np.array([table.imitates for table in tables], bool) & state.released
    rival = model.world.owner[:, None] != model.world.owner[None, :]
    seen = follows[:, None] & rival & state.released[None, :]
    speed = np.where(state.weights_open, scenario.ecosystem.open_imitation_speed, 1.0)
    capability, context = _half_lives(model)
    shown = model.capability
    closing = closing_share(capability[:, None], speed[None, :])
    state.capability = state.capability + (imitated_levels(shown, closing, seen) - shown)
    windows = log2(state.context)[:, None]
    closing = closing_share(context[:, None], speed[None, :])
    longer = imitated_levels(windows, closing, seen)[:, 0]
    limit = np.array([table.context_limit_tokens or math.inf for table in tables])
    wider = np.minimum(exp2(longer), limit)
    # through logarithms and back, a window that does not move would lose its exact number
    grown = longer > windows[:, 0]
    state.context = np.where(grown, np.maximum(wider, state.context), state.context)


def _followers(model: MarketModel) -> list[Family]:
    """All families, or none where nobody imitates."""
    tables = [model.scenario.families[name] for name in model.world.families]
    return tables if any(table.imitates for table in tables) else []


def _half_lives(model: MarketModel) -> tuple[Floats, Floats]:
    """(F,) months for capability and for the window: the family's, its owner's, or never."""
    scenario, world = model.scenario, model.world
    capability, context = np.full((2, len(world.families)), math.inf)
    for f, name in enumerate(world.families):
        family = scenario.families[name]
        owner = scenario.vendors[family.owner]
        for row, lives in (
            (capability, (family.imitation_half_life, owner.imitation_half_life)),
            (context, (family.context_half_life, owner.context_half_life)),
        ):
            row[f] = next((life for life in lives if life is not None), math.inf)
    return capability, context
