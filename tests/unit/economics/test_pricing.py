"""Equilibria, best replies and markups: first-order conditions, deviations, comparative statics."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.analysis.verification.demand import best_reply
from sim.analysis.verification.pricing import best_response_dynamics
from sim.economics.mixed import Demand
from sim.economics.pricing import (
    NoEquilibrium,
    bertrand_nash,
    choice_margin_weight,
    price_from_elasticity,
)
from tests.theory.oracles import lambert_best_response


@pytest.fixture(autouse=True)
def _strict_floats() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


def market(quality: list[float], alpha: float = 1.5, rho: float = 0.0, **options: object) -> Demand:
    size = len(quality)
    return Demand(
        weights=np.ones(1),
        values=np.array([[*quality, 0.0]]),
        alpha=np.array([alpha]),
        priced=np.arange(size + 1) < size,
        nest=np.array([0] * size + [1]),
        rho=np.array([rho, 0.0]),
        **{"box_cox": 1.0, **options},
    )


CALVANO = market([8.0, 8.0], alpha=4.0)
COST, OWNER = np.array([1.0, 1.0, 0.0]), np.array([0, 1, -1])


def largest_gain(panel, cost, owner, prices):
    """Largest relative gain of a firm that scales its markups, one or all, by 0.05 to 20."""

    def earned(trial, mine):
        return float((trial - cost)[mine] @ panel.quantities(trial)[mine])

    gain = 0.0
    for firm in range(owner.max() + 1):
        mine = np.flatnonzero(owner == firm)
        now = earned(prices, mine) if mine.size else 0.0
        for columns in [mine, *mine[:, None]] if mine.size else ():
            for factor in np.geomspace(0.05, 20.0, 41):
                trial = prices.copy()
                trial[columns] = cost[columns] + factor * (prices - cost)[columns]
                gain = max(gain, earned(trial, mine) / now - 1)
    return gain


def test_calvano_benchmarks():
    nash = bertrand_nash(CALVANO, COST, OWNER)
    np.testing.assert_allclose(nash.prices[:2], 1.4729266600306228, atol=1e-9)
    joint = bertrand_nash(CALVANO, COST, [0, 0, -1])
    np.testing.assert_allclose(joint.prices[:2], 1.9249809190177618, atol=1e-9)
    assert nash.residual < 1e-12


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]))
@example(196, 1.0, 0.0)  # acceleration leaps to where demand is certain
def test_equilibrium_satisfies_first_order_conditions_and_nobody_gains(seed, box_cox, eta):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 5))
    panel = market(
        rng.normal(1, 0.7, size).tolist(),
        alpha=float(rng.uniform(2, 4)),
        rho=float(rng.uniform(0, 0.7)),
        box_cox=box_cox,
        usage_elasticity=eta,
    )
    cost = np.append(rng.uniform(0.3, 1, size), 0.0)
    owner = np.append(rng.integers(0, 3, size), -1)
    prices = bertrand_nash(panel, cost, owner).prices
    system = panel.system(prices)
    jacobian = np.diag(system.diagonal) - system.cross
    same = (owner[:, None] == owner[None, :]) & (owner >= 0)[:, None]
    slope = system.quantities + np.where(same, jacobian, 0.0).T @ (prices - cost)
    assert np.abs(slope[panel.priced]).max() < 1e-10
    if size < 4:
        assert largest_gain(panel, cost, owner, prices) < 1e-9


TENTHS = st.integers(0, 60).map(lambda x: x / 10)


@given(TENTHS, st.integers(1, 20).map(lambda x: x / 10), TENTHS)
@settings(deadline=None, max_examples=40)
def test_best_response_is_the_lambert_price(quality, scale, rival):
    panel = market([quality / scale, 2.0 / scale], alpha=1 / scale)
    price = best_reply(panel, [1.0, 1.0], [1.0, rival], 0)
    closed = lambert_best_response(quality, 1.0, scale, [2.0], [rival])
    assert price == pytest.approx(closed.price, rel=1e-9)
    earned = (price - 1.0) * panel.quantities([price, rival, 0.0])[0]
    assert earned == pytest.approx(closed.profit, rel=1e-6, abs=1e-12)


def test_a_priced_column_of_nobody_keeps_its_price_and_disciplines_the_others():
    panel = market([2.0, 2.3, 1.5], alpha=2.0)
    cost = np.array([0.5, 0.3, 0.4, 0.0])
    with_fringe = bertrand_nash(panel, cost, [0, 1, -1, -1]).prices
    alone = bertrand_nash(market([2.0, 2.3], alpha=2.0), cost[[0, 1, 3]], [0, 1, -1]).prices
    assert with_fringe[2] == 0.4
    assert (with_fringe[:2] < alone[:2]).all()


def test_relabelling_firms_and_products_permutes_prices():
    quality, cost = [2.0, 1.4, 2.2], np.array([0.6, 0.4, 0.35])
    straight = bertrand_nash(market(quality), np.append(cost, 0), [0, 0, 1, -1]).prices
    order = [2, 0, 1]
    turned = bertrand_nash(
        market([quality[j] for j in order]), np.append(cost[order], 0), [5, 2, 2, -1]
    ).prices
    np.testing.assert_allclose(turned[:3], straight[order], rtol=1e-10)


def test_mergers_raise_and_correlation_lowers_prices():
    quality, cost = [2.0, 2.2, 1.8], np.array([0.5, 0.4, 0.45, 0.0])
    apart = bertrand_nash(market(quality), cost, [0, 1, 2, -1]).prices
    joined = bertrand_nash(market(quality), cost, [0, 1, 1, -1]).prices
    assert (joined[:3] > apart[:3]).all()
    close = bertrand_nash(market(quality, rho=0.7), cost, [0, 1, 2, -1]).prices
    assert (close[:3] < apart[:3]).all()


def test_weights_of_any_scale_give_the_same_prices():
    panel = market([2.0, 2.2], usage_elasticity=1.1, box_cox=0.0, alpha=3.0)
    heavy = Demand(
        panel.weights * 1e12,
        panel.values,
        panel.alpha,
        panel.priced,
        panel.nest,
        panel.rho,
        usage_elasticity=1.1,
    )
    cost = np.array([0.5, 0.4, 0.0])
    np.testing.assert_allclose(
        bertrand_nash(heavy, cost, OWNER).prices, bertrand_nash(panel, cost, OWNER).prices
    )


def test_a_column_nobody_can_choose_keeps_its_start_price():
    panel = market([2.0, -np.inf, 1.0])
    start = np.array([1.0, 7.0, 1.0, 0.0])
    prices = bertrand_nash(panel, np.full(4, 0.5), [0, 0, 1, -1], start=start).prices
    assert prices[1] == 7.0
    assert prices[0] == pytest.approx(
        bertrand_nash(market([2.0, 1.0]), np.full(3, 0.5), OWNER).prices[0]
    )


def test_vanishing_demand_is_no_trouble():
    panel = market([2.0, -1000.0])
    nash = bertrand_nash(panel, np.full(3, 0.5), OWNER)
    assert np.isfinite(nash.prices).all()


def test_inelastic_demand_has_no_equilibrium():
    panel = market([0.5, 0.4], alpha=0.5, box_cox=0.0, usage_elasticity=0.2)
    with pytest.raises(NoEquilibrium):
        bertrand_nash(panel, np.array([1.0, 1.0, 0.0]), OWNER)


def test_too_few_steps_are_reported():
    with pytest.raises(NoEquilibrium, match="3 steps"):
        bertrand_nash(CALVANO, COST, OWNER, max_iterations=3)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((COST[:2], OWNER), {}),
        ((COST * np.nan, OWNER), {}),
        ((COST, OWNER[:2]), {}),
        ((COST, [-2, 0, -1]), {}),
        ((COST, OWNER), {"start": [1.0]}),
        ((COST, OWNER), {"active": [1, 0, 0]}),
        ((COST, OWNER), {"damping": 0.0}),
        ((COST, OWNER), {"tolerance": 0.0}),
        ((COST, OWNER), {"max_iterations": 0}),
    ],
)
def test_bad_games_raise(arguments, options):
    with pytest.raises(ValueError, match=r"\w"):
        bertrand_nash(CALVANO, *arguments, **options)


def test_log_price_needs_a_positive_start():
    with pytest.raises(ValueError, match="> 0"):
        bertrand_nash(market([1.0, 1.0], box_cox=0.0), np.zeros(3), OWNER)


def test_both_update_orders_reach_the_equilibrium():
    for order in ("simultaneous", "sequential"):
        case = {"a": [2, 2], "c": [1, 1], "mu": 0.25, "p0": [1, 1], "T": 60, "update_order": order}
        answer = best_response_dynamics(case)
        np.testing.assert_allclose(answer["path"][-1], answer["nash_prices"], atol=1e-10)
        assert (np.diff(answer["path"], axis=0) >= -1e-12).all()
    with pytest.raises(ValueError, match="update_order 'random' is not known"):
        best_response_dynamics(case | {"update_order": "random"})


def test_inertia_vanishes_when_all_review_and_patience_restores_the_markup():
    assert choice_margin_weight(1.0, 0.0) == 1.0
    assert choice_margin_weight(0.1, 1.0) == pytest.approx(1.0)
    assert choice_margin_weight(0.1, 0.0) == 0.1
    assert price_from_elasticity(0.8, [2.0, 5.0]).tolist() == [1.6, 1.0]


def test_harvesting_without_a_finite_price_is_refused():
    with pytest.raises(ValueError, match="elasticity"):
        price_from_elasticity(1.0, [2.0, 1.0])
    with pytest.raises(ValueError, match="review_hazard"):
        choice_margin_weight(0.0, 0.9)
