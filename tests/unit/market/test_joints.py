"""Joints of the market: channels that pull on each other, scarcity that has a price."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.market.clients.migration import units_of
from sim.market.supply.serving import note_excess
from sim.scenario.patches import replace
from sim.scenario.paths import dotted, field_at, leaves, plain_tables
from sim.scenario.schema.scenario import Scenario
from sim.strategies.capacity import ByMargin, CallsFirst, ContractsFirst, ProRata, Shortage
from sim.strategies.pricing.base import PriceLimits
from sim.strategies.pricing.lists import CostFollowing, CostPlus, ListPrice
from tests.contract.mock import Scene
from tests.unit.market.tiny import changed, differing, ran, started, tiny

SHORT: dict[str, Any] = {
    f"vendors.{name}.capacity": {"initial": 0.5, "order_cap": 0.0} for name in tiny().vendors
}


def test_without_weight_or_with_its_switch_off_channels_are_apart() -> None:
    weight = {"demand.cross_channel.weight": 1.5}
    apart = ran(changed())
    off = ran(changed(weight | {"mechanisms.cross_channel": False}))
    assert differing(apart, off) == set()
    tied = ran(changed(weight))
    assert "platform_token_share" in differing(apart, tied)


def test_a_win_in_calls_pulls_rent_only_where_channels_are_tied() -> None:
    def revenue(weight: float, appeal: float) -> float:
        over = {
            "demand.cross_channel.weight": weight,
            "vendors.volcano.appeal.api": appeal,
            "population.clients": 1_500,
        }
        model = ran(changed(over, months=18))
        v = model.axes["vendor"].index("volcano")
        return float(model.curves["iaas_revenue"][-6:, v].sum())

    apart = revenue(0.0, 5.0) / revenue(0.0, 0.5)
    tied = revenue(2.0, 5.0) / revenue(2.0, 0.5)
    assert apart < 1.1
    assert tied > 1.2


def test_homes_count_bills_workloads_or_tokens() -> None:
    model = started()
    world, terms = model.world, model.terms
    bill, per_skill = units_of("spend", world, terms)
    assert (bill[world.calls] == terms.unit_price[world.calls]).all()
    assert (per_skill == world.hosting).all()
    tokens, alike = units_of("tokens", world, terms)
    assert tokens[world.calls | world.hosting].tolist() == [1.0] * int(
        (world.calls | world.hosting).sum()
    )
    assert not tokens[world.renting].any()
    assert not alike.any()
    assert units_of("workloads", world, terms)[0].tolist() == [1.0] * world.n_offers


def test_strategies_rank_by_value_by_contract_or_not_at_all() -> None:
    shortage = Shortage(
        cards=np.array([1.0, 5.0, 9.0]),
        value=np.array([30.0, 10.0, 20.0]),  # calls, rent, own apps
        contracted=np.array([False, True, False]),
    )
    assert ByMargin().ranks(shortage).tolist() == [30.0, 10.0, 20.0]
    assert CallsFirst().ranks(shortage).tolist() == [np.inf, 10.0, 20.0]
    assert ContractsFirst().ranks(shortage).tolist() == [1.0, 2.0, 0.0]
    assert ProRata().ranks(shortage).tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("strategy", ["pro_rata", "by_margin", "calls_first", "contracts_first"])
def test_whoever_goes_first_cards_are_used_up_and_nothing_is_lost_on_the_way(strategy: str) -> None:
    over = {f"vendors.{name}.allocation": {"strategy": strategy} for name in tiny().vendors}
    model = ran(changed(SHORT | over, months=4))
    volumes, world = model.volumes, model.world
    np.testing.assert_allclose(
        volumes.demanded.sum(), (volumes.served + volumes.lost).sum(), rtol=1e-12
    )
    short = volumes.load > volumes.cards
    assert short.any()
    calls = slice(0, world.n_api)
    asked, kept = volumes.demanded[calls].sum(), volumes.kept[calls].sum()
    rents = world.renting
    rented = volumes.kept[rents].sum() / volumes.demanded[rents].sum()
    if strategy in ("by_margin", "calls_first"):
        assert kept / asked >= 0.95
    if strategy == "contracts_first":
        assert kept / asked < rented


def test_calls_that_earn_less_than_rent_are_kept_only_where_calls_go_first() -> None:
    """A list price below what a card earns in rent: margin turns calls away, whatever they need."""
    cheap = {f"families.{name}.price": 0.3 for name in tiny().families}
    lists = {f"vendors.{name}.pricing": {"strategy": "list"} for name in tiny().vendors}
    part = {}
    for rule in ("by_margin", "calls_first"):
        over = {f"vendors.{name}.allocation": {"strategy": rule} for name in tiny().vendors}
        short = {"events": [], "initial.utilisation": 1.0, "supply.rent": 40_000.0}
        model = ran(changed(SHORT | over | cheap | lists | short, months=2))
        calls = slice(0, model.world.n_api)
        volumes = model.volumes
        part[rule] = volumes.kept[calls].sum() / volumes.demanded[calls].sum()
    assert part["by_margin"] < 0.5
    assert part["calls_first"] >= 0.95


def test_who_turns_calls_away_does_not_cut_and_raises_its_price() -> None:
    limits = PriceLimits(0.5, 0.01, 0.25, scarcity_response=0.5)
    held = Scene(excess=1.21).books([4.0, 9.0])
    assert CostPlus().cleared(held, np.array([1.0, 50.0]), limits) == pytest.approx([4.4, 50.0])
    worst = Scene(excess=1e9).books([4.0, 9.0])
    assert CostPlus().cleared(worst, np.array([1.0, 1.0]), limits) == pytest.approx([5.0, 11.25])
    nothing = Scene(excess=float("inf")).books([4.0, 9.0])
    assert CostPlus().cleared(nothing, np.array([1.0, 1.0]), limits).tolist() == [5.0, 11.25]
    calm = Scene().books([4.0, 9.0])
    assert CostPlus().cleared(calm, np.array([1.0, 1.0]), limits).tolist() == [1.0, 1.0]
    assert ListPrice().cleared(held, np.array([1.0, 1.0]), limits).tolist() == [1.0, 1.0]
    off = PriceLimits(0.5, 0.01, 0.25)
    assert CostPlus().cleared(held, np.array([1.0, 1.0]), off).tolist() == [1.0, 1.0]


def test_prices_turn_upward_in_a_shortage_and_come_down_with_relief() -> None:
    drought = {
        f"vendors.{name}.capacity": {"initial": 0.8, "order_cap": 8.0, "headroom": 1.5}
        for name in tiny().vendors
    }
    same = {f"vendors.{name}.pricing": {"strategy": "cost_plus"} for name in tiny().vendors}
    model = ran(changed(drought | same, months=18))
    price = model.curves["mean_price"]
    peak = int(price.argmax())
    assert 0 < peak < 17
    assert price[peak] > 1.2 * price[0]
    assert price[-1] < 0.9 * price[peak]


def test_excess_is_of_this_month_also_where_nothing_is_asked_or_served() -> None:
    model = started()
    world, state = model.world, model.state
    calls, nothing = np.where(world.calls, 6.0, 0.0), np.zeros(world.n_offers)
    note_excess(world, calls, calls / 2.0, state)
    assert state.excess.tolist() == [2.0] * world.n_vendors
    note_excess(world, calls, nothing, state)
    assert state.excess.tolist() == [np.inf] * world.n_vendors
    note_excess(world, nothing, nothing, state)
    assert state.excess.tolist() == [1.0] * world.n_vendors


def test_prices_wait_for_their_turn() -> None:
    model = ran(changed({"decisions.months_between_changes": 3}, months=9))
    free = ran(changed(months=9))
    prices, every = model.curves["list_price"], free.curves["list_price"]
    j = model.axes["offer"].index("api/third/third_one")
    changes = np.flatnonzero(np.diff(prices[:, j]))
    assert (np.diff(changes) >= 3).all()
    assert len(np.flatnonzero(np.diff(every[:, j]))) > len(changes)


def test_prices_that_follow_cost_keep_their_first_markup() -> None:
    strategy, rng = CostFollowing(), np.random.default_rng(1)
    scene = Scene(unit_cost=(2.0, 1.0))
    assert strategy.wanted(scene.view(), scene.books([4.0, 9.0]), rng).tolist() == [4.0, 9.0]
    later = Scene(unit_cost=(1.0, 2.0)).books([4.0, 9.0])
    assert strategy.wanted(scene.view(), later, rng).tolist() == [2.0, 18.0]


def times_ten(scenario: Scenario) -> Scenario:
    """Every number whose unit is money, times ten."""
    data, money = plain_tables(scenario), {}
    for keys, value in leaves(data):
        field = field_at(data, keys)
        facts = field.json_schema_extra if field is not None else None
        unit = str(facts.get("unit", "")) if isinstance(facts, dict) else ""
        if "yuan" in unit and isinstance(value, float):
            money[dotted(keys)] = value / 10.0 if unit.startswith("1/") else value * 10.0
    return replace(scenario, money)


def test_all_prices_and_costs_times_ten_move_no_share() -> None:
    level = {"demand.price_shift_rule": "price_level", "decisions.lowest_price": 0.001}
    one = changed(level, months=8)
    ten = times_ten(one)
    assert ten.families["lava"].price == 100.0
    assert ten.supply.external_card_cost == 10.0 * one.supply.external_card_cost
    before, after = ran(one), ran(ten)
    for name in ("platform_token_share", "full_stack_revenue_share", "total_tokens", "churn"):
        np.testing.assert_allclose(after.curves[name], before.curves[name], rtol=1e-6)
    fixed = changed({"decisions.lowest_price": 0.001}, months=8)
    still = replace(times_ten(fixed), {"demand.price_shift": fixed.demand.price_shift})
    moved = ran(still).curves["platform_token_share"]
    assert abs(moved - ran(fixed).curves["platform_token_share"]).max() > 1e-3
