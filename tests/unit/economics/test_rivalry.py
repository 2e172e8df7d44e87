"""Networks, platforms, goodwill, auctions, poaching, R&D and urns: limits and bad input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics import attachment, auctions, goodwill, networks, quality
from sim.economics import auctions as poaching
from sim.economics import networks as platforms


@pytest.fixture(autouse=True)
def _strict_floats() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


@given(st.floats(0, 8), st.floats(-1.5, 1.5))
def test_network_equilibria_reproduce_themselves_and_paths_end_at_one(strength, gap):
    found = networks.network_equilibria(strength, gap)
    for share in found.shares:
        assert networks.network_map(share, strength, gap) == pytest.approx(share, abs=1e-9)
    ends = [networks.network_limit(start, strength, gap) for start in (0.01, 0.99)]
    assert ends[0] <= ends[1]
    assert set(ends) <= set(found.shares.tolist())


def test_the_market_tips_only_above_the_critical_strength():
    assert networks.network_equilibria(1.9, 0.0).stable == (True,)
    assert networks.network_equilibria(2.1, 0.0).stable == (True, False, True)
    share = 0.2
    for _ in range(500):
        share = networks.network_map(share, 3.0, 0.2)
    assert networks.network_limit(0.2, 3.0, 0.2) == pytest.approx(share)


def test_platforms_amplify_a_gap_until_they_tip():
    plain = platforms.indirect_network(0.3, 0.0, (1.0, 1.0))
    strong = platforms.indirect_network(0.3, 0.7, (1.0, 1.0))
    assert plain.share == pytest.approx(1 / (1 + np.exp(-0.3)))
    assert strong.share > plain.share
    assert np.log(strong.share / (1 - strong.share)) == pytest.approx(0.3 * strong.multiplier)
    prices = platforms.two_sided_duopoly((0.5, 0.2), (1.0, 0.8), (0.3, 0.5))
    earned = (prices.group1 - 0.5) / 2 + (prices.group2 - 0.2) / 2
    assert prices.profit == pytest.approx(earned)


def test_goodwill_settles_and_halves():
    path = goodwill.goodwill_path(20.0, np.full(400, 5.0), 0.1)
    assert path[-1] == pytest.approx(goodwill.steady_goodwill(5.0, 0.1))
    half = goodwill.goodwill_half_life(0.1)
    assert 0.9**half == pytest.approx(0.5)
    assert goodwill.goodwill_half_life(1.0) == 0
    up = goodwill.goodwill_path(50.0, [5.0 * 1.001], 0.1)[-1]
    rise = np.log(up**0.24 / 50.0**0.24) / np.log(1.001)
    assert rise == pytest.approx(goodwill.short_run_elasticity(0.24, 0.1), rel=1e-2)


def test_auction_agrees_with_drawn_bids():
    surplus = np.array([1.25, 1.2, 0.4])
    bids = surplus + 0.3 * np.random.default_rng(2).gumbel(size=(200_000, 3))
    ranked = np.sort(bids, axis=1)
    lead = ranked[:, 2] - ranked[:, 1]
    winner = bids.argmax(axis=1)
    outcome = auctions.second_score_auction([1.0, 1.2, 0.4], 0.3, 0, 0.25)
    for j in range(3):
        assert outcome.win_probability[j] == pytest.approx((winner == j).mean(), abs=5e-3)
        assert outcome.expected_profit[j] == pytest.approx((lead * (winner == j)).mean(), abs=5e-3)
    hopeless = auctions.second_score_auction([1.0, 1.0, -900.0], 0.3)
    assert hopeless.margin_if_won[2] == pytest.approx(0.3)


@given(st.floats(0.26, 1), st.floats(0.1, 3))
def test_nobody_gains_by_another_price_on_the_turf(turf, transport):
    result = poaching.turf_poaching(0.2, transport, turf)

    def cutoff(own: float, rival: float) -> float:
        return float(np.clip(0.5 + (rival - own) / (2 * transport), 0, turf))

    def own_profit(own: float) -> float:
        return (own - 0.2) * cutoff(own, result.poaching_price)

    def rival_profit(rival: float) -> float:
        return (rival - 0.2) * (turf - cutoff(result.own_price, rival))

    for factor in (0.9, 0.99, 1.01, 1.1):
        assert own_profit(result.own_price * factor) <= own_profit(result.own_price) + 1e-12
        moved = rival_profit(result.poaching_price * factor)
        assert moved <= rival_profit(result.poaching_price) + 1e-12
    assert cutoff(result.own_price, result.poaching_price) == pytest.approx(result.cutoff)


def test_small_turf_is_safe_and_paid_switching_is_a_third():
    safe = poaching.turf_poaching(0.2, 1.0, 0.2)
    assert (safe.lost_share, safe.poaching_price) == (0.0, 0.2)
    edge = poaching.turf_poaching(0.2, 1.0, 0.25 + 1e-12)
    assert poaching.turf_poaching(0.2, 1.0, 0.25).own_price == pytest.approx(edge.own_price)
    paid = poaching.pay_to_switch(0.5, 0.9)
    assert paid.own_profit == pytest.approx((paid.own_price - 0.5) * (1 - paid.switching))
    assert paid.poached_profit == pytest.approx((paid.poaching_price - 0.5) * paid.switching)


@given(st.floats(0.1, 10), st.floats(0, 1), st.floats(-1, 20))
def test_no_other_investment_is_better(effectiveness, discount, gain):
    best = quality.best_investment(effectiveness, discount, gain)
    for other in (0.0, best.investment * 0.9, best.investment * 1.1 + 0.01):
        chance = quality.success_probability(other, effectiveness)
        assert discount * max(gain, 0) * chance - other <= best.value + 1e-9


def test_urns_spread_and_lock_in():
    early, late = (attachment.polya_urn(2, 3, 1, n) for n in (10, 100_000))
    assert early.variance < late.variance < late.limit_variance
    assert late.variance == pytest.approx(late.limit_variance, rel=1e-3)
    assert attachment.run_probability(1, 1, 1, 3) == pytest.approx(1 / 4)
    np.testing.assert_allclose(attachment.urn_function([0.0, 0.5, 1.0], 1.5), [0, 0.5, 1])
    assert attachment.urn_function(0.6, 1.5) > 0.6
    assert attachment.urn_function(0.6, 0.5) < 0.6
    assert attachment.urn_stable_points(0.5) == (0.5,)


def test_sizes_are_a_distribution_with_a_power_tail():
    rho = attachment.attachment_exponent(0.5)
    sizes = attachment.yule_simon_pmf(np.arange(1, 20_000), rho)
    assert sizes.sum() == pytest.approx(1, abs=1e-6)
    assert np.log(sizes[9999] / sizes[999]) / np.log(10) == pytest.approx(-(rho + 1), rel=1e-2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: networks.network_equilibria(-1.0, 0.0),
        lambda: networks.network_limit(1.5, 1.0, 0.0),
        lambda: platforms.two_sided_duopoly((0, 0), (1.0, 1.0), (1.0, 1.0)),
        lambda: platforms.indirect_network(0.1, 1.0, (1.0, 1.0)),
        lambda: platforms.indirect_network(0.1, 0.5, (0.0, 1.0)),
        lambda: goodwill.goodwill_path(0.0, [1.0], 1.5),
        lambda: goodwill.total_response([-1.0], 0.5),
        lambda: auctions.second_score_auction([1.0], 0.3),
        lambda: auctions.second_score_auction([1.0, 1.0], 0.0),
        lambda: auctions.second_score_auction([1.0, 1.0], 0.3, 2),
        lambda: poaching.pay_to_switch(1.0, 0.0),
        lambda: poaching.turf_poaching(1.0, 1.0, 1.5),
        lambda: quality.best_investment(0.0, 0.9, 1.0),
        lambda: quality.success_probability(-1.0, 1.0),
        lambda: attachment.polya_urn(0, 1, 1, 5),
        lambda: attachment.polya_urn(1, 1, 1, -5),
        lambda: attachment.urn_function(1.5, 2.0),
        lambda: attachment.urn_stable_points(1.0),
        lambda: attachment.attachment_exponent(1.0),
        lambda: attachment.yule_simon_pmf(0, 1.5),
    ],
)
def test_bad_input_raises(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
