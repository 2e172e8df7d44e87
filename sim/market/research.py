"""Research: money of this month, and a step up the quality ladder with some luck."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.economics.quality import success_probability
from sim.market.costs import costs
from sim.strategies.research.base import LadderParameters, ResearchBooks
from sim.strategies.view import View

if TYPE_CHECKING:
    from sim.market.model import MarketModel
    from sim.market.vendors import VendorAgent

MILLION = 1e6


def researchers(model: MarketModel) -> list[VendorAgent]:
    """Vendors that climb a ladder."""
    if not model.scenario.mechanisms.research:
        return []
    vendors = model.vendors.values()
    return [v for v in vendors if isinstance(v.research.parameters, LadderParameters)]


def invest(model: MarketModel, view: View) -> None:
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
    model.state.research = spent
    model.charge("research", spent)


def research_books(model: MarketModel, vendor: VendorAgent, weight: float) -> ResearchBooks:
    """What a vendor knows when it decides on research."""
    state, world, v = model.state, model.world, vendor.index
    own = model.own_offers(v)
    margin = state.last_price[own] - costs(model).accounting[own]
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


def _capability_weight(model: MarketModel) -> float:
    """Mean theta over the tokens asked for last month."""
    asked = model.volumes.by_cell[:, :, model.world.family >= 0].sum(axis=2)
    total = math.fsum(asked.ravel().tolist())
    return (
        math.fsum((asked * model.builder.rules.theta).ravel().tolist()) / total
        if total > 0
        else 0.0
    )


def discover(model: MarketModel) -> None:
    """Part of phase `grow`: success with probability a x / (1 + a x), on a stream a vendor.

    One draw a month, whatever is spent, so that two worlds share their luck.
    """
    state, world = model.state, model.world
    for vendor in researchers(model):
        luck, v = float(vendor.rng_research.random()), vendor.index
        ladder = vendor.research.parameters
        if luck < success_probability(float(state.research[v]), ladder.effectiveness):
            named = ladder.families or world.families
            lifted = np.array([name in named for name in world.families], bool)
            state.capability[(world.owner == v) & lifted & state.released] += ladder.step
            state.research_steps[v] += 1
