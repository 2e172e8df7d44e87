"""Auctions of key accounts in the running market: money, budgets, off switches, order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.market.clients.population import FIXED_POINT, draw_population
from sim.market.model import MarketModel
from sim.market.tables import term_rules
from sim.market.world import RENT, make_world
from tests.permuted import permuted
from tests.unit.market.tiny import by_names, changed, differing, ran

MEASURES = {
    "key_accounts_held",
    "account_auctions_won",
    "accounts_poached",
    "account_discount",
    "account_discounts",
    "account_credit",
}
MANY = {"population.key_account_share": 0.2}
FIGHT: dict[str, Any] = MANY | {
    "vendors.volcano.accounts": {"strategy": "poach", "budget": 8.0, "largest_discount": 0.4},
    "vendors.dam.accounts": {
        "strategy": "retain",
        "budget": 1e4,
        "largest_discount": 0.02,
        "largest_credit": 0.3,
    },
}
PENNILESS = {"strategy": "bid_all", "budget": 1e-12}
WITHOUT = (
    {"strategy": "bid_all", "budget": 0.0},
    {"strategy": "poach", "largest_discount": 0.0, "largest_credit": 0.0},
)


def test_an_auction_in_which_nobody_can_concede_is_a_review() -> None:
    """To the last bit."""
    silent = ran(changed(MANY))
    broke = ran(changed(MANY | {f"vendors.{v}.accounts": PENNILESS for v in ("dam", "volcano")}))
    assert differing(silent, broke) == {"account_auctions_won", "accounts_poached"}
    assert (silent.choices.current == broke.choices.current).all()
    assert (silent.choices.second == broke.choices.second).all()


@pytest.mark.parametrize("table", WITHOUT)
def test_who_may_concede_nothing_does_not_bid(table: dict[str, Any]) -> None:
    assert differing(ran(changed()), ran(changed({"vendors.volcano.accounts": table}))) == set()


def test_off_is_as_if_nobody_bid() -> None:
    silent = ran(changed(MANY))
    off = ran(changed(FIGHT | {"mechanisms.key_accounts": False}))
    assert differing(silent, off) == set()
    assert len(off.bidding.discount) == 0
    assert "account_credit" not in off.account.spending
    assert (silent.curves["key_accounts_held"] > 0).any()
    assert not any(silent.curves[name].any() for name in MEASURES - {"key_accounts_held"})


def test_switching_bids_off_needs_no_bid_to_stay_the_same() -> None:
    assert differing(ran(changed()), ran(changed({"mechanisms.key_accounts": False}))) == set()


def test_poaching_wins_accounts_and_costs_money() -> None:
    without = ran(changed(MANY, months=12))
    plan = {"strategy": "poach", "budget": 1e4, "largest_discount": 0.4}
    poached = ran(changed(MANY | {"vendors.volcano.accounts": plan}, months=12))
    v = poached.axes["vendor"].index("volcano")
    held = [model.curves["key_accounts_held"][-1, v] for model in (without, poached)]
    assert held[1] > 1.1 * held[0]
    discounts = poached.curves["account_discounts"]
    assert discounts[-1, v] > 0
    assert not np.delete(discounts, v, axis=1).any()
    assert 0.0 < poached.curves["account_discount"][:, v].max() <= 0.4


def test_money_into_vendors_is_money_out_of_clients() -> None:
    model = MarketModel(changed(FIGHT, months=8), 3)
    taken_off = 0.0
    for _ in range(8):
        cash = model.state.cash.copy()
        model.step()
        account, world = model.account, model.world
        np.testing.assert_allclose(account.revenue.sum(), account.paid, rtol=1e-12)
        np.testing.assert_allclose(model.state.cash - cash, account.profit, rtol=1e-9, atol=1e-9)
        layers = account.calls + account.rent
        served = model.volumes.served * model.paid * (world.channel == 0)
        rent = np.append(
            model.state.market_rent * model.rules(term_rules).rent_factor[:-1], [0.0, 0.0]
        )
        rent = rent[world.platform] / model.scenario.supply.card_hours
        served += model.volumes.served * rent * (world.channel == RENT)
        served += model.volumes.host_hours * rent
        listed = np.bincount(world.platform, served / 1e6, world.n_vendors + 2)[: world.n_vendors]
        np.testing.assert_allclose(layers + account.discounts, listed, rtol=1e-9)
        spent = model.bidding.counts.credit[: world.n_vendors] / FIXED_POINT
        np.testing.assert_array_equal(account.spent, spent)
        taken_off += float(account.discounts.sum())
    assert taken_off > 0
    assert model.curves["account_credit"].sum() > 0


def test_new_deals_stay_within_the_budget_of_the_month() -> None:
    model = MarketModel(changed(FIGHT, months=8), 3)
    v = model.world.vendors.index("volcano")
    used = []
    for _ in range(8):
        model.step()
        counts = model.bidding.counts
        promised = counts.off[v] * model.bidding.limits.months + counts.credit[v]
        used.append(promised / FIXED_POINT)
    assert max(used) <= 8.0 * (1.0 + 1e-6)
    rich = {**FIGHT["vendors.volcano.accounts"], "budget": 1e4}
    wanted = ran(changed(FIGHT | {"vendors.volcano.accounts": rich}, months=8), 3)
    assert wanted.curves["account_discounts"][-1].sum() > 0
    assert max(used) > 4.0


def test_a_deal_lasts_until_the_next_review() -> None:
    model = MarketModel(changed(FIGHT | {"mechanisms.triggers": False}, months=10), 3)
    kept = ended = 0
    model.step()
    columns = model.population
    for _ in range(9):
        before, offers = model.bidding.discount.copy(), model.choices.current.copy()
        model.step()
        bidding = model.bidding
        stayed = columns.key_account[columns.client]
        stayed[bidding.queue.work] = False
        assert (bidding.discount[stayed] == before[stayed]).all()
        assert (model.choices.current[stayed] == offers[stayed]).all()
        kept += int((before[stayed] > 0).sum())
        ended += int(((before > 0) & (model.bidding.discount == 0)).sum())
    assert kept > 20
    assert ended > 2


def test_deals_run_out_when_the_bidder_changes_its_mind() -> None:
    stop = {
        "what": "strategy",
        "month": "2024-05",
        "vendor": "volcano",
        "accounts": {"strategy": "list_price"},
    }
    plan = {"strategy": "poach", "budget": 1e4, "largest_discount": 0.4}
    changes = MANY | {"vendors.volcano.accounts": plan, "demand.review.key_account": 0.5}
    model = ran(changed(changes | {"events": [stop]}, months=16))
    off = model.curves["account_discounts"].sum(axis=1)
    assert off[3] > 0
    assert off[-1] < 0.05 * off[3]
    assert not model.curves["account_discount"][4:].any()
    assert model.curves["account_auctions_won"][4:].all(axis=1).any()


def test_beyond_its_funding_limit_a_vendor_concedes_nothing() -> None:
    poor = {"vendors.volcano.finance": {"cash": -1.0, "funding_limit": 0.0}}
    model = MarketModel(changed(FIGHT | poor), 1)
    model.step()
    v = model.world.vendors.index("volcano")
    assert not model.bidding.limits.discount[:, v].any()
    assert model.bidding.limits.discount[:, model.world.vendors.index("dam")].any()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_clients_says_nothing(seed: int) -> None:
    scenario = changed(FIGHT, months=8)
    first = MarketModel(scenario, seed)
    people = draw_population(scenario, make_world(scenario), first.seed)
    order = np.random.default_rng(7).permutation(people.n_clients)
    moved = MarketModel(scenario, seed, population=permuted(people, order)).run()
    assert differing(first.run(), moved) == set()
    assert first.curves["account_discounts"].any()


def test_the_order_of_vendors_says_nothing() -> None:
    scenario = changed(FIGHT, months=8)
    turned = scenario.model_copy(update={"vendors": dict(reversed(scenario.vendors.items()))})
    assert by_names(ran(scenario)) == by_names(ran(turned))


def test_wrong_tables_are_refused_before_the_first_month() -> None:
    with pytest.raises(ScenarioError, match="nearest: poach"):
        changed({"vendors.volcano.accounts": {"strategy": "poch"}})
    with pytest.raises(ScenarioError, match="nearest: budget"):
        changed({"vendors.volcano.accounts": {"strategy": "poach", "budgets": 1.0}})
    with pytest.raises(ScenarioError, match="a client always pays something"):
        changed({"vendors.volcano.accounts": {"strategy": "retain", "largest_credit": 0.9}})


def test_deals_take_four_bytes_a_workload_and_only_where_somebody_bids() -> None:
    model, silent = ran(changed(FIGHT, months=2)), ran(changed(MANY, months=2))
    columns = model.population
    assert model.bidding.discount.nbytes == 4 * columns.n_workloads
    assert silent.bidding.discount.nbytes == 0 == len(silent.bidding.queue.work)
