"""Compiled auctions end as plain ones do, account by account."""

from __future__ import annotations

import pytest

from sim.scenario.patches import replace
from sim.scenario.schema.scenario import Scenario
from tests.reference.auction import AuctionedMarket, Found
from tests.reference.random_scenarios import random_scenario

NUMBERS = (0, 1, 2, 5, 10)
DISCOUNT_TOLERANCE = 1e-6  # a discount is kept in single precision
MONEY_TOLERANCE = 1e-4  # of credits: whole multiples of 2^-20 million yuan


def bidders(number: int) -> Scenario:
    """A random market whose first vendors bid, out of budgets that do not always last."""
    scenario = random_scenario(number, clients=250, months=8)
    changes: dict[str, object] = {
        "population.key_account_share": 0.2,
        "mechanisms.key_accounts": True,
        "budget.freed": {},
    }
    tables = [
        {"strategy": "poach", "budget": 0.4, "largest_discount": 0.3, "largest_credit": 0.2},
        {"strategy": "retain", "budget": 0.2, "largest_discount": 0.02, "largest_credit": 0.3},
        {
            "strategy": "bid_all",
            "budget": 5.0,
            "largest_discount": 0.3,
            "committed_discount": 0.2,
            "commitment": 0.002,
        },
    ]
    for name, table in zip(sorted(scenario.vendors), tables, strict=False):
        changes[f"vendors.{name}.accounts"] = table
    return replace(scenario, changes)


@pytest.fixture(scope="module")
def markets() -> dict[int, AuctionedMarket]:
    """Random markets with every Box-Cox price term, run with both kinds of clients."""
    return {n: AuctionedMarket(bidders(n), n) for n in NUMBERS}


@pytest.mark.parametrize("number", NUMBERS)
def test_auctions_end_alike(markets: dict[int, AuctionedMarket], number: int) -> None:
    market = markets[number].run()
    assert market.agreement.differences == []
    assert market.agreement.reviews_differing == 0
    assert market.found.auctions > 50
    assert market.found.discount_gap <= DISCOUNT_TOLERANCE
    assert market.found.money_gap <= MONEY_TOLERANCE


def test_auctions_meet_discounts_credits_and_empty_budgets(
    markets: dict[int, AuctionedMarket],
) -> None:
    total = Found()
    for market in markets.values():
        total.conceded += market.found.conceded
        total.with_credit += market.found.with_credit
        total.stopped_by_budget += market.found.stopped_by_budget
        total.committed += market.found.committed
    assert total.committed > 5
    assert total.conceded > 60
    assert total.with_credit > 15
    assert total.stopped_by_budget > 30


def test_a_wrong_account_is_noticed() -> None:
    market = AuctionedMarket(bidders(0), 0)
    for client in market.plain_clients:
        client.traits.alpha *= 1.0 + 0.05 * client.traits.key_account
    found = market.run()
    assert found.found.discount_gap > 1e-3
