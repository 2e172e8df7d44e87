"""Forward-looking prices and pricing algorithms: equilibrium conditions and bad input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.economics import q_learning
from sim.economics.dynamic_pricing import (
    equilibrium_log_odds,
    expected_concentration,
    learning_by_doing_mpe,
    small_switching_cost_slope,
    switching_cost_mpe,
)
from sim.economics.markups import lambert_best_response

DISCOUNTS = st.integers(0, 98).map(lambda percent: percent / 100)
SCALES = st.floats(0.2, 3)


@pytest.fixture(autouse=True)
def _strict_floats() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
@settings(deadline=None)
def test_log_odds_solve_their_equation(gap, own, rival):
    x = equilibrium_log_odds(gap, own, rival)
    size = abs(gap) + own * np.exp(x) + rival * np.exp(-x)
    assert x + own * np.exp(x) - rival * np.exp(-x) - gap == pytest.approx(0, abs=1e-12 * size)


def best_value(net_cost, rival_price, scale, after_loss, discount):
    """Value of the best one-period deviation, in closed form."""
    reply = lambert_best_response(0.0, net_cost, scale, outside=-rival_price)
    return discount * after_loss + reply.profit


@given(st.floats(-1, 8), SCALES, DISCOUNTS, st.floats(0, 5))
@settings(deadline=None)
def test_attached_client_leaves_no_profitable_deviation(switching_cost, scale, discount, cost):
    found = switching_cost_mpe(switching_cost, scale, discount, cost)
    win, lose = found.incumbent_value, found.entrant_value
    net = cost - discount * (win - lose)
    stays = best_value(net, found.entrant_price + switching_cost, scale, lose, discount)
    enters = best_value(net, found.incumbent_price - switching_cost, scale, lose, discount)
    assert stays == pytest.approx(win, rel=1e-9)
    assert enters == pytest.approx(lose, rel=1e-9)
    gap = found.incumbent_price - found.entrant_price - switching_cost
    assert found.stay == pytest.approx(1 / (1 + np.exp(gap / scale)))
    mean = found.stay * found.incumbent_price + (1 - found.stay) * found.entrant_price
    assert found.average_price == pytest.approx(mean, rel=1e-9, abs=1e-9)


@given(SCALES, DISCOUNTS, st.floats(0, 5))
@settings(deadline=None)
def test_slope_at_no_switching_cost_is_that_of_the_average_price(scale, discount, cost):
    step = 1e-4 * scale
    ahead, back = (
        switching_cost_mpe(s, scale, discount, cost).average_price for s in (step, -step)
    )
    slope = (ahead - back) / (2 * step)
    assert slope == pytest.approx(small_switching_cost_slope(discount), abs=1e-6)


@given(
    st.lists(st.floats(0.5, 10), min_size=2, max_size=6),
    SCALES,
    DISCOUNTS,
)
@settings(max_examples=40, deadline=None)
def test_learning_equilibrium_leaves_no_profitable_deviation(costs, scale, discount):
    cost = np.sort(costs)[::-1]
    found = learning_by_doing_mpe(cost, scale, discount)
    top = cost.size - 1
    for i in range(cost.size):
        for j in range(cost.size):
            win = found.values[min(i + 1, top), j]
            lose = found.values[i, min(j + 1, top)]
            net = cost[i] - discount * (win - lose)
            best = best_value(net, found.prices[j, i], scale, lose, discount)
            assert best == pytest.approx(found.values[i, j], rel=1e-8)
            gap = found.prices[i, j] - found.prices[j, i]
            chance = found.win_probability[i, j]
            assert chance == pytest.approx(1 / (1 + np.exp(gap / scale)), abs=1e-9)
            assert chance + found.win_probability[j, i] == pytest.approx(1)


def test_learning_ends_in_the_static_duopoly_and_myopic_vendors_ignore_it():
    cost = np.array([10.0, 8.0, 7.0])
    patient, myopic = (learning_by_doing_mpe(cost, 1.5, beta) for beta in (0.9, 0.0))
    assert patient.prices[-1, -1] == pytest.approx(7.0 + 2 * 1.5)
    assert patient.values[-1, -1] == pytest.approx(1.5 / 0.1)
    assert np.diag(myopic.prices) == pytest.approx(cost + 2 * 1.5)
    assert patient.prices[0, 0] < myopic.prices[0, 0]


def test_without_learning_every_state_is_the_same_and_sales_are_a_coin():
    found = learning_by_doing_mpe(np.full(4, 3.0), 1.0, 0.9)
    assert found.prices == pytest.approx(np.full((4, 4), 5.0))
    assert expected_concentration(found.win_probability, 6) == pytest.approx(np.full(7, 0.5))


def test_expected_concentration_follows_one_step_by_hand():
    q = np.array([[0.5, 0.2], [0.8, 0.5]])
    path = expected_concentration(q, 2)
    one_ahead = 0.8**2 + 0.2**2
    assert path == pytest.approx([0.5, one_ahead, 0.8 * one_ahead + 0.2 * 0.5])


def test_exploration_halves_and_the_grid_has_its_ends():
    assert q_learning.exploration_rate(0.01, q_learning.exploration_half_life(0.01)) == 0.5
    assert q_learning.price_grid(1.0, 2.0, 5, 0.5) == pytest.approx([0.5, 1, 1.5, 2, 2.5])
    assert q_learning.profit_gain(3.0, 2.0, 4.0) == 0.5


def test_value_updates_reach_the_bellman_value():
    value = 0.0
    for _ in range(400):
        value = q_learning.updated_value(value, 1.0, value, 0.5, 0.9)
    assert value == pytest.approx(10.0)
    assert q_learning.initial_values([[1.0, 3.0], [0.0, 0.0]], 0.9) == pytest.approx([20.0, 0.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: equilibrium_log_odds(np.inf),
        lambda: equilibrium_log_odds(1.0, own=0.0),
        lambda: switching_cost_mpe(1.0, 0.0, 0.9, 1.0),
        lambda: switching_cost_mpe(1.0, 1.0, 1.0, 1.0),
        lambda: switching_cost_mpe(1.0, 1.0, 0.9, np.nan),
        lambda: small_switching_cost_slope(1.0),
        lambda: learning_by_doing_mpe([], 1.0, 0.9),
        lambda: learning_by_doing_mpe([1.0, np.inf], 1.0, 0.9),
        lambda: learning_by_doing_mpe([1.0], 1.0, 1.0),
        lambda: expected_concentration([[0.5, 0.5]], 3),
        lambda: expected_concentration([[1.5]], 3),
        lambda: expected_concentration([[0.5]], -1),
        lambda: q_learning.price_grid(2.0, 1.0, 5, 0.1),
        lambda: q_learning.price_grid(1.0, 2.0, 1, 0.1),
        lambda: q_learning.initial_values([1.0], 0.9),
        lambda: q_learning.updated_value(0, 0, 0, 1.5, 0.9),
        lambda: q_learning.profit_gain(1.0, 2.0, 2.0),
        lambda: q_learning.exploration_rate(-1.0, 1),
        lambda: q_learning.exploration_half_life(0.0),
    ],
)
def test_bad_input_raises(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
