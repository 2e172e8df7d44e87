"""Campaigns of a month, the goodwill they leave, and the awareness that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.goodwill import awareness, campaign_inflow, next_goodwill
from sim.market.state import MarketState
from sim.market.world import MarketLayout
from sim.strategies.marketing import MarketingBooks, MarketingView, Stage

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]


def client_shares(scenario: Scenario, world: MarketLayout) -> Floats:
    """(cells,) share of clients by segment and region, as the scenario states them; read-only."""
    segments = [scenario.segments[name].share for name in world.segments]
    regions = [scenario.regions[name].share for name in world.regions]
    out = np.outer(segments, regions).ravel()
    out.flags.writeable = False
    return out


def decide_campaigns(model: BaseMarket) -> None:
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
        model.state.stages += [(vendor.index, stage) for stage in wanted]


def public_campaigns(model: BaseMarket) -> MarketingView:
    """Last month's campaigns as a read-only snapshot."""
    world, state = model.world, model.state
    arrays = [model.rules(client_shares), state.campaign.copy(), state.token_share.copy()]
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


def campaigns_of_month(model: BaseMarket) -> tuple[Floats | float, Floats | float]:
    """(cells, V) goodwill that this month's stages add, and the (V,) money they cost, charged."""
    if not model.state.stages:
        return 0.0, 0.0
    shape = model.state.goodwill.shape
    inflow, money = np.zeros(shape), np.zeros(shape[1])
    for v in sorted({v for v, _ in model.state.stages}):
        stages = [stage for owner, stage in model.state.stages if owner == v]
        inflow[:, v] = _inflow(model, stages)
        money[v] = sum(stage.money for stage in stages)
    model.state.stages = []
    if money.any():
        model.charge("marketing", money)
    return inflow, money


def _inflow(model: BaseMarket, stages: list[Stage]) -> Floats:
    """(cells,) goodwill added; the money of a stage is spread over the clients it is meant for."""
    table, clients = model.scenario.demand.goodwill, model.rules(client_shares)
    reach = np.array([stage.reach for stage in stages])
    meant = np.where(reach > 0.0, clients, 0.0).sum(axis=1)
    money = np.zeros(len(stages))
    np.divide([stage.money for stage in stages], meant, out=money, where=meant > 0.0)
    return campaign_inflow(money, reach, table.overlap, table.elasticity, table.scale)


@dataclass(frozen=True)
class AwarenessRules:
    """What the scenario says of goodwill and awareness."""

    considers: bool  # whether awareness counts
    base: Floats  # (cells, V) what is known of each platform without any campaign
    share_weight: float  # of last month's token share: word of mouth
    goodwill_weight: float  # a1
    scale: float  # A0, million yuan
    decay: float  # part of goodwill that a month forgets


def awareness_rules(scenario: Scenario, world: MarketLayout) -> AwarenessRules:
    """The scenario's rules; a region may have an a0 of its own for a vendor."""
    vendors, goodwill = scenario.vendors, scenario.demand.goodwill
    regions = [scenario.regions[name] for name in world.regions]
    base = [[r.awareness.get(v, vendors[v].awareness) for v in world.vendors] for r in regions]
    return AwarenessRules(
        considers=scenario.mechanisms.consideration,
        base=np.tile(np.array(base), (len(world.segments), 1)),
        share_weight=scenario.demand.awareness.share_weight,
        goodwill_weight=goodwill.awareness_weight,
        scale=goodwill.scale,
        decay=goodwill.decay,
    )


def inform(model: BaseMarket) -> None:
    """Phase `inform`: goodwill takes in the campaigns of the month, and awareness follows."""
    state, rules = model.state, model.rules(awareness_rules)
    inflow, state.campaign[:] = campaigns_of_month(model)
    state.goodwill[:] = next_goodwill(state.goodwill, inflow, rules.decay)
    state.awareness[:] = current_awareness(rules, state)


def current_awareness(rules: AwarenessRules, state: MarketState) -> Floats:
    """(cells, V) awareness of each platform as the market is now; 1 where it does not count."""
    if not rules.considers:
        return np.ones_like(rules.base)
    return awareness(
        rules.base,
        state.attention,
        state.token_share,
        state.goodwill,
        share_weight=rules.share_weight,
        goodwill_weight=rules.goodwill_weight,
        scale=rules.scale,
    )
