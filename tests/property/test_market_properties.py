"""What holds in every small market: nothing is lost, and the order of storage says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.market.clients.population import Population, draw_population
from sim.market.model import MarketModel
from sim.market.world import RENT, make_world
from sim.scenario.checks.sense import validated
from sim.scenario.paths import plain_tables
from sim.scenario.schema.scenario import Scenario
from tests.permuted import permuted
from tests.unit.market.plain import cards_of_offers
from tests.unit.market.tiny import by_names, changed, differing, ran

# Every example runs whole markets, which are compiled on first use.
few = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
SHARES = (
    "platform_token_share",
    "family_token_share",
    "full_stack_revenue_share",
    "maas_revenue_share",
    "segment_token_share",
)
HOSTS = [
    {"vendor": "third", "family": "dam_open", "start": "2024-02", "price": 6.0},
    {"vendor": "volcano", "family": "dam_open", "start": "2024-03", "price": 5.0},
]
PRICING = (
    "list",
    "cost_plus",
    "undercut",
    "match",
    "penetration",
    "best_response",
    "zero_intelligence",
)

UTILITY = st.floats(-4.0, 6.0).map(lambda x: x if abs(x) > 1e-9 else 0.0)
"""Smaller sizes are refused: nobody means them."""


@st.composite
def markets(draw: st.DrawFn, *, pricing: tuple[str, ...] = PRICING) -> dict[str, Any]:
    """Changes to tiny that reach rationing, postponing, self-hosting and empty offers."""
    out: dict[str, Any] = {
        "population.clients": draw(st.integers(20, 300)),
        "population.size_sigma": draw(st.sampled_from([0.0, 1.0, 1.8])),
        "supply.spill_share": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "demand.outside.n0": draw(UTILITY),
        "demand.self_hosting.appeal": draw(UTILITY),
        "demand.nest_correlation.api": draw(st.sampled_from([0.0, 0.5, 0.9])),
        "demand.box_cox": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "events": [],
    }
    for vendor in ("dam", "volcano", "third"):
        out[f"vendors.{vendor}.pricing"] = {"strategy": draw(st.sampled_from(pricing))}
        cards = draw(st.sampled_from([None, 0.001, 0.3, 5.0]))
        if cards is not None:
            out[f"vendors.{vendor}.capacity.initial"] = cards
    return out


def platform_sums(model: MarketModel, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.bincount(model.world.platform, values, model.world.n_vendors + 2)


@few
@given(markets(), st.integers(0, 2**32))
def test_shares_add_to_one_or_are_all_zero(changes: dict[str, Any], seed: int) -> None:
    model = ran(changed(changes, months=3), seed)
    for name in SHARES:
        total = model.curves[name].sum(axis=-1)
        assert (model.curves[name] >= 0).all()
        assert ((np.abs(total - 1.0) < 1e-12) | (total == 0.0)).all(), name


@few
@given(markets(), st.integers(0, 2**32))
def test_tokens_and_money_are_conserved(changes: dict[str, Any], seed: int) -> None:
    model = MarketModel(changed(changes, months=4), seed)
    supply = model.scenario.supply
    for _ in range(4):
        cash = model.state.cash.copy()
        model.step()
        volumes, account, world = model.volumes, model.account, model.world
        for part in (volumes.kept, volumes.spilled, volumes.lost):
            assert (part >= -1e-9 * volumes.demanded.max(initial=0.0)).all()
        rent = world.channel == RENT
        for goods in (rent, ~rent):
            asked = volumes.demanded[goods].sum()
            met = (volumes.kept + volumes.spilled + volumes.lost)[goods].sum()
            np.testing.assert_allclose(met, asked, rtol=1e-9)
        np.testing.assert_allclose(volumes.by_cell.sum(axis=(0, 1)), volumes.demanded, rtol=1e-12)
        # no platform serves more than it has cards for
        used = platform_sums(model, cards_of_offers(model))
        assert (used[: world.n_vendors] <= volumes.cards * (1 + 1e-9) + 1e-9).all()
        np.testing.assert_allclose(account.revenue.sum(), account.paid, rtol=1e-9, atol=1e-12)
        by_hand = model.paid * volumes.served * (world.channel == 0) / 1e6
        np.testing.assert_allclose(
            account.calls, platform_sums(model, by_hand)[: world.n_vendors], rtol=1e-9, atol=1e-15
        )
        np.testing.assert_allclose(
            account.services,
            supply.services_on_calls * account.calls + supply.services_on_rent * account.rent,
            rtol=1e-12,
        )
        np.testing.assert_allclose(model.state.cash - cash, account.profit, rtol=1e-9, atol=1e-7)


@few
@given(
    markets(pricing=("list",)),
    st.sampled_from(["dam", "volcano", "third"]),
    st.sampled_from([1.1, 3.0]),
    st.integers(0, 2**32),
)
def test_more_capacity_never_serves_less(
    changes: dict[str, Any], vendor: str, factor: float, seed: int
) -> None:
    path = f"vendors.{vendor}.capacity.initial"
    less = MarketModel(changed(changes | {path: 0.2}), seed)
    more = MarketModel(changed(changes | {path: 0.2 * factor}), seed)
    for model in (less, more):
        model.step()
    np.testing.assert_array_equal(less.volumes.demanded, more.volumes.demanded)
    before, after = less.volumes, more.volumes
    assert (after.kept >= before.kept).all()
    assert after.served.sum() >= before.served.sum() * (1 - 1e-12)
    assert after.lost.sum() <= before.lost.sum() * (1 + 1e-12)


def reordered(scenario: Scenario, turn: int) -> Scenario:
    """The same scenario with the tables of its file in another order."""
    rng = np.random.default_rng(turn)
    data = plain_tables(scenario)
    for name in ("vendors", "families", "segments", "regions", "kinds", "levers"):
        keys = list(data[name])
        data[name] = {keys[i]: data[name][keys[i]] for i in rng.permutation(len(keys))}
    for name in ("events", "hosts"):
        data[name] = [data[name][i] for i in rng.permutation(len(data[name]))]
    return validated(data)


EVENTS = [
    {"what": "release", "month": "2024-02", "family": "lava", "capability": 0.9},
    {"what": "release", "month": "2024-02", "family": "dam_open", "context_tokens": 64_000},
    {"what": "attention", "month": "2024-02", "vendor": "volcano", "awareness_gain": 0.5},
    {"what": "campaign", "month": "2024-02", "vendor": "dam", "spend_million_yuan": 90.0},
    {"what": "campaign", "month": "2024-02", "vendor": "dam", "spend_million_yuan": 7.0},
    {
        "what": "price_list",
        "month": "2024-03",
        "vendor": "dam",
        "family": "dam_max",
        "price_yuan_per_million_tokens": 9.0,
    },
]


@few
@given(markets(), st.integers(0, 99), st.integers(0, 2**32))
def test_order_of_the_file_says_nothing(changes: dict[str, Any], turn: int, seed: int) -> None:
    scenario = changed(changes | {"events": EVENTS}, months=4)
    assert by_names(ran(reordered(scenario, turn), seed)) == by_names(ran(scenario, seed))


@pytest.mark.parametrize("turn", range(3))
def test_order_of_hosts_says_nothing(turn: int) -> None:
    scenario = changed({"hosts": HOSTS, "events": EVENTS}, months=5)
    assert by_names(ran(reordered(scenario, turn))) == by_names(ran(scenario))


def population(scenario: Scenario, seed: int) -> Population:
    return draw_population(scenario, make_world(scenario), np.random.SeedSequence(seed))


@few
@given(markets(), st.integers(0, 99), st.integers(0, 2**32))
def test_order_of_clients_says_nothing(changes: dict[str, Any], turn: int, seed: int) -> None:
    scenario = changed(changes, months=3)
    people = population(scenario, seed)
    order = np.random.default_rng(turn).permutation(people.n_clients)
    stored = MarketModel(scenario, seed, population=people).run()
    turned = MarketModel(scenario, seed, population=permuted(people, order)).run()
    assert differing(stored, turned) == set()
    assert stored.facts == turned.facts
