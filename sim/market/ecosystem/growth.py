"""Phase `grow`: adoption, attention that fades; calls what other files let grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.usage import bass_next
from sim.market.clients.migration import migrate
from sim.market.clients.presence import Presence
from sim.market.ecosystem.agents import AgentRules, grow_agents
from sim.market.ecosystem.communities import Communities, CommunityRules, develop
from sim.market.state import MarketState
from sim.market.vendors.research import discover, imitate
from sim.numeric.arrays import Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel, step
from sim.numeric.elementary import exp

if TYPE_CHECKING:
    from sim.market.model import MarketModel


Floats = npt.NDArray[np.float64]


class GrowthRules(Bundle):
    """What the scenario says of adoption and attention, (K,) by kind of work."""

    adopts: bool
    innovation: Vector[np.float64]
    imitation: Vector[np.float64]
    kept: float  # part of attention that a month leaves


def growth_rules(model: MarketModel) -> GrowthRules:
    """The scenario's rules of adoption and attention."""
    tables = [model.scenario.kinds[name].adoption for name in model.world.kinds]
    return GrowthRules(
        adopts=model.scenario.mechanisms.adoption,
        innovation=np.array([table.innovation for table in tables]),
        imitation=np.array([table.imitation for table in tables]),
        kept=1.0 - model.scenario.demand.awareness.attention_decay,
    )


def grow(model: MarketModel) -> None:
    """Let the slow states move on."""
    rules = model.growth_rules, model.community_rules, model.agent_rules
    grow_slowly(*rules, model.presence, model.state, model.communities)
    shift_demand(model)
    migrate(model)
    imitate(model)
    discover(model)


@kernel
def grow_slowly(
    rules: GrowthRules,
    communities: CommunityRules,
    agents: AgentRules,
    presence: Presence,
    state: MarketState,
    room: Communities,
) -> None:
    """Adoption, attention, communities and agent platforms of a month."""
    if rules.adopts:
        adopt(rules, state)
    for v in range(len(state.attention)):
        state.attention[v] *= rules.kept  # A' = (1 - decay) A (Nerlove & Arrow 1962)
    state.adoption_boost *= rules.kept
    if communities.on:
        develop(communities, state, room)
    grow_agents(agents, presence, state.platforms)


@step
def adopt(rules, state):  # type: ignore[no-untyped-def]
    """Bass diffusion of workloads by kind; attention speeds innovators and imitators alike."""
    boost, adopted = exp(state.adoption_boost), state.adopted
    for k in range(len(adopted)):
        speed = rules.innovation[k] * boost, rules.imitation[k] * boost
        adopted[k] = bass_next(adopted[k], *speed, 1.0)


def shift_demand(model: MarketModel) -> None:
    """Dated shifts of demand go on, an equal step a month."""
    if not model.shifts:
        return
    going = []
    for kind, change, left in model.shifts:
        model.state.log_shift[kind] += change
        if left > 1:
            going.append((kind, change, left - 1))
    model.shifts = going
