"""Research of vendors and the imitation of what rivals have shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.quality import closing_share, imitated_levels, success_probability
from sim.market.tables import term_rules
from sim.numeric.portable import exp2, log2
from sim.strategies.research import LadderParameters, ResearchBooks
from sim.strategies.view import View

if TYPE_CHECKING:
    from sim.market.agent import VendorAgent
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario


MILLION = 1e6


def researchers(model: BaseMarket) -> list[VendorAgent]:
    """Vendors that climb a ladder."""
    if not model.scenario.mechanisms.research:
        return []
    vendors = model.vendors.values()
    return [v for v in vendors if isinstance(v.research.parameters, LadderParameters)]


def invest(model: BaseMarket, view: View) -> None:
    """Part of phase `decide`: research budgets of all vendors, charged to this month."""
    climbing = researchers(model)
    if not climbing:
        model.state.research[:] = 0.0
        return
    spent = np.zeros(model.world.n_vendors)
    weight = _capability_weight(model)
    for vendor in climbing:
        books = research_books(model, vendor, weight)
        if books.cash >= -books.funding_limit:
            spent[vendor.index] = vendor.research.budget(view, books)
    if not (np.isfinite(spent).all() and (spent >= 0.0).all()):
        raise ValueError("a research budget must be finite and >= 0")
    model.state.research[:] = spent
    model.charge("research", spent)


def research_books(model: BaseMarket, vendor: VendorAgent, weight: float) -> ResearchBooks:
    """What a vendor knows when it decides on research."""
    state, world, v = model.state, model.world, vendor.index
    own = model.own_offers(v)
    margin = state.last_price[own] - model.costs.accounting[own]
    # an offer that begins this month has neither a last price nor tokens
    margin = np.where(state.last_price[own] > 0.0, margin, 0.0)
    owned = world.owner[world.family[own]] == v
    tokens = model.volumes.served[own] * owned
    return ResearchBooks(
        vendor=v,
        revenue=float(state.revenue[v]),
        call_margin=math.fsum((tokens * margin).tolist()) / MILLION,
        token_share=float(state.token_share[v]),
        capability_weight=weight,
        cash=float(state.cash[v]),
        funding_limit=vendor.table.finance.funding_limit,
    )


def _capability_weight(model: BaseMarket) -> float:
    """Mean theta over the tokens asked for last month."""
    asked = model.volumes.by_cell[:, :, model.world.family >= 0].sum(axis=2)
    total = math.fsum(asked.ravel().tolist())
    if total <= 0.0:
        return 0.0
    return math.fsum((asked * model.rules(term_rules).theta).ravel().tolist()) / total


def discover(model: BaseMarket) -> None:
    """Part of phase `grow`: success with probability a x / (1 + a x), on a stream a vendor.

    One draw a month, whatever is spent, so that two worlds share their draws.
    """
    state, world = model.state, model.world
    for vendor in researchers(model):
        draw, v = float(vendor.rng_research.random()), vendor.index
        ladder = vendor.research.parameters
        if draw < success_probability(float(state.research[v]), ladder.effectiveness):
            named = ladder.families or world.families
            lifted = np.array([name in named for name in world.families], bool)
            state.capability[(world.owner == v) & lifted & state.released] += ladder.step
            state.research_steps[v] += 1


Floats = npt.NDArray[np.float64]


def imitating(scenario: Scenario, world: MarketLayout) -> npt.NDArray[np.bool_]:
    """(F,) families whose owners imitate."""
    on = scenario.mechanisms.imitation
    return np.array([on and scenario.families[name].imitates for name in world.families], bool)


def imitate(model: BaseMarket) -> None:
    """Part of phase `grow`: gaps in capability and in log2 context window to rivals' families.

    Faster towards open weights. A dated release states a level anew; a limit of the window holds.
    """
    scenario, state, imitates = model.scenario, model.state, model.rules(imitating)
    if not np.count_nonzero(imitates):
        return
    tables = [scenario.families[name] for name in model.world.families]
    follows = imitates & state.released
    rival = model.world.owner[:, None] != model.world.owner[None, :]
    seen = follows[:, None] & rival & state.released[None, :]
    speed = np.where(state.weights_open, scenario.ecosystem.open_imitation_speed, 1.0)
    capability, context = _half_lives(model)
    shown = model.capability
    closing = closing_share(capability[:, None], speed[None, :])
    state.capability += imitated_levels(shown, closing, seen) - shown
    windows = log2(state.context)[:, None]
    closing = closing_share(context[:, None], speed[None, :])
    longer = imitated_levels(windows, closing, seen)[:, 0]
    limit = np.array([table.context_limit_tokens or math.inf for table in tables])
    wider = np.minimum(exp2(longer), limit)
    # through logarithms and back, a window that does not move would lose its exact number
    grown = longer > windows[:, 0]
    state.context[:] = np.where(grown, np.maximum(wider, state.context), state.context)


def _half_lives(model: BaseMarket) -> tuple[Floats, Floats]:
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
