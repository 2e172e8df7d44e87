"""Campaigns of a month, the goodwill they leave, and the awareness that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.goodwill import campaign_inflow
from sim.market.shared import shared
from sim.market.state import MarketState
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel
from sim.numeric.elementary import expm1, log1p
from sim.strategies.marketing import MarketingBooks, MarketingView, Stage

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


class AwarenessRules(Bundle):
    """What the scenario says of goodwill and awareness."""

    considers: bool  # whether awareness counts
    base: Matrix[np.float64]  # (cells, V) what is known of each platform without any campaign
    heard: float  # weight of last month's token share: word of mouth
    goodwill: float  # weight a1 of ln(1 + A / A0)
    scale: float  # A0, million yuan
    kept: float  # part of goodwill that a month leaves


def awareness_rules(model: MarketModel) -> AwarenessRules:
    """The scenario's rules; a region may have an a0 of its own for a vendor."""
    scenario, vendors = model.scenario, model.scenario.vendors
    regions = [scenario.regions[name] for name in model.world.regions]
    base = [
        [r.awareness.get(v, vendors[v].awareness) for v in model.world.vendors] for r in regions
    ]
    goodwill = scenario.demand.goodwill
    return AwarenessRules(
        considers=scenario.mechanisms.consideration,
        base=np.tile(np.array(base), (len(model.world.segments), 1)),
        heard=scenario.demand.awareness.share_weight,
        goodwill=goodwill.awareness_weight,
        scale=goodwill.scale,
        kept=1.0 - goodwill.decay,
    )


def hear(model: MarketModel) -> None:
    """Goodwill takes in the campaigns of the month, and awareness follows."""
    inflow, money = campaigns_of_month(model)
    take_in(model.awareness_rules, inflow, money, model.state, model.awareness)


def inform(model: MarketModel) -> None:
    """Awareness as things stand."""
    spread(model.awareness_rules, model.state, model.awareness)


@kernel
def take_in(
    rules: AwarenessRules,
    inflow: Matrix[np.float64],
    money: Vector[np.float64],
    state: MarketState,
    awareness: Matrix[np.float64],
) -> None:
    """Goodwill after a month, A' = (1 - lambda) A + u (Nerlove & Arrow 1962), then `spread`."""
    goodwill = state.goodwill
    for v in range(goodwill.shape[1]):
        state.campaign[v] = money[v]
        for c in range(goodwill.shape[0]):
            goodwill[c, v] = rules.kept * goodwill[c, v] + inflow[c, v]
    spread(rules, state, awareness)


@kernel
def spread(rules: AwarenessRules, state: MarketState, out: Matrix[np.float64]) -> None:
    """Awareness (cells, V) = 1 - exp(-(base + attention + weight x last token share + goodwill)).

    Goeree (2008, Econometrica 76:1017-1074) for consideration; word of mouth by last month's share;
    goodwill enters as a1 ln(1 + A / A0), here and nowhere else.
    """
    if not rules.considers:
        out[:] = 1.0
        return
    attention, share, goodwill = state.attention, state.token_share, state.goodwill
    for c in range(out.shape[0]):
        for v in range(out.shape[1]):
            known = rules.goodwill * log1p(goodwill[c, v] / rules.scale)
            told = rules.base[c, v] + attention[v] + rules.heard * share[v]
            out[c, v] = -expm1(-(told + known))
