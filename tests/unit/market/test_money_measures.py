"""Measures of money, clients and families, and last month's private figures against plain sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.economics.concentration import market_shares
from sim.market.model import MarketModel
from sim.market.supply.books import MILLION
from sim.market.vendors.information import information
from tests.unit.market.plain import by_vendor, read, shares, shares_of_rows
from tests.unit.market.tiny import changed, ran

POACH = {"strategy": "poach", "budget": 50.0, "largest_discount": 0.3, "largest_credit": 0.1}
CHANGES: dict[str, Any] = {
    "vendors.volcano.accounts": POACH,
    "demand.migration.rate": 0.9,
    "vendors.third.objective.share_point": 3.0,
    "regions": {"domestic": {"share": 0.7}, "overseas": {"share": 0.3, "domestic": False}},
}


@pytest.fixture(scope="module")
def model() -> MarketModel:
    return ran(changed(CHANGES, months=4))


def test_accounts_of_a_month(model: MarketModel) -> None:
    account, omega = model.account, [3.0 if n == "third" else 0.0 for n in model.world.vendors]
    revenue = account.calls + account.rent + account.services
    spent = np.zeros(len(revenue))
    for purpose in sorted(account.spending):
        spent = spent + account.spending[purpose]
    profit = revenue + account.applications - account.cost - account.levers - spent
    assert revenue.all()
    assert read(model, "full_stack_revenue").tolist() == (revenue * MILLION).tolist()
    assert read(model, "move_spending").tolist() == (spent * MILLION).tolist()
    assert read(model, "profit").tolist() == (profit * MILLION).tolist()
    assert read(model, "full_stack_revenue_share").tolist() == shares(revenue).tolist()
    assert read(model, "maas_revenue_share").tolist() == shares(account.calls).tolist()
    worth = np.array(omega) * 100.0 * model.state.token_share
    assert worth.any()
    assert read(model, "objective").tolist() == ((profit + worth) * MILLION).tolist()
    assert read(model, "cash").tolist() == (model.state.cash * MILLION).tolist()


def test_clients_and_workloads_of_a_month(model: MarketModel) -> None:
    tally, there, v = model.tally, model.presence, model.world.n_vendors
    total, adopted = float(there.homing[1:].sum()), float(there.active.sum())
    numbers = np.arange(len(there.homing))
    assert total > 0.0
    assert read(model, "client_share").tolist() == (there.clients[:v] / total).tolist()
    assert read(model, "vendors_per_client") == float((there.homing * numbers).sum()) / total
    assert read(model, "postponing") == float(there.active[model.world.none]) / adopted
    assert read(model, "reviewed") == float(tally.review[0]) / adopted > 0.0
    assert read(model, "churn") == float(tally.review[1]) / adopted > 0.0
    assert read(model, "consumer_surplus") == float(tally.review[3]) / float(tally.review[2])


def test_accounts_and_homes_of_a_month(model: MarketModel) -> None:
    counts, v, homes = model.bidding.counts, model.world.n_vendors, model.homes
    assert (
        read(model, "key_accounts_held").tolist()
        == model.counted(model.presence.accounts[:v]).tolist()
    )
    assert read(model, "account_auctions_won").tolist() == model.counted(counts.won[:v]).tolist()
    assert (
        read(model, "account_credit").tolist()
        == (model.counted(counts.credit[:v]) * MILLION).tolist()
    )
    off = [float(a) / float(b) if b else 0.0 for a, b in zip(counts.off, counts.bill, strict=True)]
    assert read(model, "account_discount").tolist() == off[:v]
    assert (
        read(model, "home_share").tolist()
        == (homes.clients[:-1] / float(homes.clients.sum())).tolist()
    )
    gained = homes.moved.sum(axis=0) - homes.moved.sum(axis=1)[:-1]
    assert read(model, "home_gain").tolist() == model.counted(gained).tolist()
    assert read(model, "home_gain").any()


def test_families_of_a_month(model: MarketModel) -> None:
    state = model.state
    weight = state.tokens_by_kind / state.tokens_by_kind.sum()
    assert read(model, "capability").tolist() == (model.capability * weight).sum(axis=1).tolist()
    shown = state.weights_open.astype(float)
    assert shown.any()
    everywhere = state.developers + state.developers_in.sum(axis=1)
    assert read(model, "developers").tolist() == (everywhere * shown).tolist()
    assert read(model, "derivatives").tolist() == (state.derivatives * shown).tolist()
    for row in read(model, "developers_by_region"):
        assert row.tolist() == (state.developers * shown).tolist()


def test_last_month_of_a_vendor(model: MarketModel) -> None:
    told, flow, world = information(model).private, model.tally.flow, model.world
    calls = np.where(world.calls, model.volumes.served, 0.0)
    assert [one.output for one in told] == by_vendor(model, calls).tolist()
    now = np.bincount(world.platform, model.presence.active)
    left, came = flow.sum(axis=1), flow.sum(axis=0)
    before = [now[v] - came[v] + left[v] for v in range(world.n_vendors)]
    churn = [one.churn for one in told]
    assert churn == [min(left[v] / before[v], 1.0) for v in range(world.n_vendors)]
    assert max(churn) > 0.0


@pytest.mark.parametrize("size", [1, 3, 7, 8, 9, 16, 41, 128])
def test_shares_are_parts_of_each_row(size: int) -> None:
    values = np.random.default_rng(size).random((4, size))
    values[2] = 0.0
    shares = market_shares(values)
    assert shares.tobytes() == shares_of_rows(values).tobytes()
    assert shares[1].tobytes() == market_shares(values[1]).tobytes()
