"""Measures of tokens, prices and shares against sums written another way, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from sim.economics.concentration import hhi
from sim.errors import RunFailure
from sim.market.model import MarketModel
from sim.market.recorder import Measure
from sim.market.supply.serving import platform_sums
from tests.unit.market.plain import by_vendor, calls_of_rows, read, shares, shares_of_rows
from tests.unit.market.tiny import changed, ran

CHANGES = {
    "vendors.volcano.capacity.initial": 0.5,
    "vendors.third.model_company": True,
    "vendors.third.home_share": 0.0,
    "regions": {"domestic": {"share": 0.7}, "overseas": {"share": 0.3, "domestic": False}},
}


@pytest.fixture(scope="module")
def model() -> MarketModel:
    return ran(changed(CHANGES, months=4))


def same(one: np.ndarray, other: np.ndarray) -> bool:
    assert one.any(), "a sum of nothing shows nothing"
    return np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


def test_tokens_by_platform_owner_and_scope(model: MarketModel) -> None:
    world, volumes = model.world, model.volumes
    calls = np.where(world.calls, volumes.served, 0.0)
    assert same(read(model, "platform_tokens"), by_vendor(model, calls))
    assert same(read(model, "unserved_demand"), by_vendor(model, volumes.lost))
    assert same(
        read(model, "active_workloads"), by_vendor(model, model.counted(model.presence.active))
    )
    inside = np.tile([n == "domestic" for n in world.regions], len(world.segments))
    asked, whole = volumes.all_kinds[inside].sum(axis=0), volumes.all_kinds.sum(axis=0)
    part = np.divide(asked, whole, out=np.ones(world.n_offers), where=whole > 0)
    scope = by_vendor(model, calls * part) * [name != "third" for name in world.vendors]
    assert same(read(model, "platform_tokens_domestic"), scope)
    assert same(read(model, "platform_token_share"), shares(scope))
    tokens = np.where(world.hosting, volumes.kept, calls)
    family = np.bincount(np.maximum(world.family_owner, 0), tokens, world.n_vendors)
    assert same(read(model, "family_tokens"), family)
    assert same(read(model, "family_token_share"), shares(family))
    outside = np.where(world.family >= 0, volumes.all_kinds[~inside].sum(axis=0), 0.0)
    by_owner = np.bincount(np.maximum(world.family_owner, 0), outside, world.n_vendors)
    assert same(read(model, "overseas_family_share"), shares(by_owner))


def test_rows_of_segments_and_regions(model: MarketModel) -> None:
    world = model.world
    cells = model.volumes.all_kinds.reshape(len(world.segments), len(world.regions), -1)
    assert same(
        read(model, "segment_token_share"), shares_of_rows(calls_of_rows(model, cells.sum(axis=1)))
    )
    regions = cells.sum(axis=0)
    assert same(read(model, "region_token_share"), shares_of_rows(calls_of_rows(model, regions)))
    families = np.zeros((len(regions), len(world.families) + 1))
    np.add.at(families, (slice(None), world.family), regions)
    assert same(read(model, "region_family_share"), shares_of_rows(families[:, :-1]))
    weight = np.array([model.scenario.segments[n].share for n in world.segments])[:, None]
    share = np.array([model.scenario.regions[n].share for n in world.regions])
    known = model.state.awareness.reshape(len(weight), len(share), -1)
    means = (known * share[:, None]).sum(axis=1) / share.sum()
    assert same(read(model, "awareness"), (means * weight).sum(axis=0) / weight.sum())


def test_the_whole_market(model: MarketModel) -> None:
    world, volumes = model.world, model.volumes
    tokens = np.where(world.family >= 0, volumes.by_kind, 0.0)
    assert same(read(model, "tokens_by_kind"), tokens.sum(axis=1))
    assert read(model, "total_tokens") == read(model, "family_tokens").sum() > 0.0
    hosted = volumes.kept[world.host_start : world.rent_start]
    before = hosted.copy()
    hosted[:] = np.arange(1.0, len(hosted) + 1.0)
    assert read(model, "self_hosted_tokens") == hosted.sum() > 0.0
    hosted[:] = before
    assert read(model, "hhi_platform_tokens") == hhi(read(model, "platform_token_share"))
    assert read(model, "hhi_family_tokens") == hhi(read(model, "family_token_share"))
    revenue = read(model, "full_stack_revenue_share")
    assert read(model, "hhi_revenue") == hhi(revenue)
    assert revenue.any()


def test_means_and_margins_of_calls(model: MarketModel) -> None:
    world, n, cost = model.world, model.world.n_api, np.zeros(model.world.n_offers)
    cost[:n] = model.account.unit_cost
    tokens = np.where(model.on_sale, model.volumes.served, 0.0)
    sold = platform_sums(world, tokens)[world.platform] > 0
    weight = np.where(model.on_sale, np.where(sold, tokens, 1.0), 0.0)
    mass = by_vendor(model, weight)
    price, unit = (
        by_vendor(model, weight * model.paid) / mass,
        by_vendor(model, weight * cost) / mass,
    )
    assert same(read(model, "price_index"), price)
    assert same(read(model, "unit_cost"), unit)
    assert same(read(model, "lerner_index"), (price - unit) / price)


def test_a_measure_of_another_shape_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Measure("wrong", "-", ("vendor",), "One number for all.", lambda _: 1.0)
    monkeypatch.setattr("sim.market.recorder.measures", lambda: {"wrong": wrong})
    with pytest.raises(RunFailure, match=r"measure wrong: shape \(\), expected \(3,\)"):
        ran(changed(months=3))


def test_curves_may_be_read_at_any_time() -> None:
    model, whole = MarketModel(changed(months=3), 1), ran(changed(months=3))
    for month in range(3):
        model.step()
        for name, curve in model.curves.items():
            assert curve[: month + 1].tobytes() == whole.curves[name][: month + 1].tobytes()
            assert not curve[month + 1 :].any()
