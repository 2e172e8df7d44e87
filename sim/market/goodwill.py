"""Campaigns of a month and the goodwill they bring, by segment and region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.reach import campaign_inflow
from sim.market.shared import shared
from sim.strategies.marketing.base import MarketingBooks, MarketingView, Stage

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]


def client_shares(model: MarketModel) -> Floats:
    """(cells,) share of clients by segment and region, as the scenario states them; read-only."""
    return shared(model.scenario, "client shares", lambda: _client_shares(model))


def _client_shares(model: MarketModel) -> Floats:
    scenario, world = model.scenario, model.world
    segments = [scenario.segments[name].share for name in world.segments]
    regions = [scenario.regions[name].share for name in world.regions]
    out = np.outer(segments, regions).ravel()
    out.flags.writeable = False
    return out


def decide_campaigns(model: MarketModel) -> None:
    """Part of phase `decide`: all vendors name their stages from last month's campaigns."""
    if not model.scenario.mechanisms.goodwill:
        return
    asked = [vendor for vendor in model.vendors.values() if not vendor.marketing.idle]
    if not asked:
        return
    view = public_campaigns(model)
    for vendor in asked:
        books = MarketingBooks(vendor.index, vendor.cash, vendor.table.finance.funding_limit)
        wanted = vendor.marketing.campaign(view, books)
        model.stages += [(vendor.index, stage) for stage in wanted]


def public_campaigns(model: MarketModel) -> MarketingView:
    """Last month's campaigns as a read-only snapshot."""
    world, state = model.world, model.state
    arrays = [client_shares(model), state.campaign.copy(), state.token_share.copy()]
    for array in arrays:
        array.flags.writeable = False
    return MarketingView(
        month=model.month,
        date=model.date,
        vendors=world.vendors,
        segments=world.segments,
        regions=world.regions,
        clients=arrays[0],
        campaign=arrays[1],
        token_share=arrays[2],
    )


def campaigns_of_month(model: MarketModel) -> tuple[Floats, Floats]:
    """(cells, V) goodwill that this month's stages add, and the (V,) money they cost, charged."""
    shape = model.state.goodwill.shape
    if not model.stages:
        return model.fixed("no campaign", lambda: (np.zeros(shape), np.zeros(shape[1])))
    inflow, money = np.zeros(shape), np.zeros(shape[1])
    for v in sorted({v for v, _ in model.stages}):
        stages = [stage for owner, stage in model.stages if owner == v]
        inflow[:, v] = _inflow(model, stages)
        money[v] = sum(stage.money for stage in stages)
    model.stages = []
    if money.any():
        model.charge("marketing", money)
    return inflow, money


def _inflow(model: MarketModel, stages: list[Stage]) -> Floats:
    """(cells,) goodwill added; the money of a stage is spread over the clients it is meant for."""
    table, clients = model.scenario.demand.goodwill, client_shares(model)
    reach = np.array([stage.reach for stage in stages])
    meant = np.where(reach > 0.0, clients, 0.0).sum(axis=1)
    money = np.zeros(len(stages))
    np.divide([stage.money for stage in stages], meant, out=money, where=meant > 0.0)
    return campaign_inflow(money, reach, table.overlap, table.elasticity, table.scale)
