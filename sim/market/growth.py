"""Phase `grow`: adoption, attention that fades; calls what other files let grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.goodwill import next_goodwill
from sim.economics.usage import bass_step
from sim.market.clients.migration import migrate
from sim.market.ecosystem.agents import grow_agents
from sim.market.ecosystem.communities import community_rules, develop
from sim.market.state import MarketState
from sim.market.vendors.research import discover, imitate
from sim.market.world import MarketLayout
from sim.numeric.portable import exp

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.scenario.schema.scenario import Scenario


@dataclass(frozen=True)
class GrowthRules:
    """What the scenario says of adoption and attention, (K,) by kind of work."""

    adopts: bool
    innovation: npt.NDArray[np.float64]
    imitation: npt.NDArray[np.float64]
    attention_decay: float  # part of attention that a month forgets


def growth_rules(scenario: Scenario, world: MarketLayout) -> GrowthRules:
    """The scenario's rules of adoption and attention."""
    tables = [scenario.kinds[name].adoption for name in world.kinds]
    return GrowthRules(
        adopts=scenario.mechanisms.adoption,
        innovation=np.array([table.innovation for table in tables]),
        imitation=np.array([table.imitation for table in tables]),
        attention_decay=scenario.demand.awareness.attention_decay,
    )


def grow(model: BaseMarket) -> None:
    """Phase `grow`: let the slow states move on."""
    rules, state = model.rules(growth_rules), model.state
    if rules.adopts:
        adopt(rules, state)
    state.attention[:] = next_goodwill(state.attention, 0.0, rules.attention_decay)
    state.adoption_boost *= 1.0 - rules.attention_decay
    if model.scenario.mechanisms.communities:
        develop(model.rules(community_rules), state)
    grow_agents(model)
    shift_demand(model)
    market = model.columns, model.choices, model.world, model.terms
    migrate(model.homes, model.month_number, *market, model.threads)
    imitate(model)
    discover(model)


def adopt(rules: GrowthRules, state: MarketState) -> None:
    """Bass diffusion of workloads by kind; attention speeds innovators and imitators alike."""
    boost = exp(state.adoption_boost)
    speeds = rules.innovation * boost, rules.imitation * boost
    state.adopted[:] = bass_step(state.adopted, *speeds, 1.0)


def shift_demand(model: BaseMarket) -> None:
    """Dated shifts of demand go on, an equal step a month."""
    if not model.state.shifts:
        return
    going = []
    for kind, change, left in model.state.shifts:
        model.state.log_shift[kind] += change
        if left > 1:
            going.append((kind, change, left - 1))
    model.state.shifts = going
