"""Cost, adoption, growth, concentration, research and learning to price: limits and bad input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics import (
    concentration,
    costs,
    demand,
    networks,
    pricing,
    q_learning,
    quality,
)

SHARES = st.lists(st.floats(0.01, 1), min_size=2, max_size=6).map(lambda x: np.array(x) / sum(x))


@pytest.fixture(autouse=True)
def _strict_floats() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


def test_each_doubling_cuts_cost_to_the_progress_ratio():
    path = costs.experience_unit_cost(10.0, [1.0, 2.0, 4.0], 1.0, -np.log2(0.8))
    np.testing.assert_allclose(path, [10, 8, 6.4])


def test_experience_settles_where_forgetting_offsets_output():
    experience = 50.0
    for _ in range(400):
        experience = costs.next_experience(experience, 10.0, 0.1)
    assert experience == pytest.approx(costs.steady_state_experience(10.0, 0.1))
    assert costs.next_experience([50.0, 60.0], 10.0, 0.0).tolist() == [60, 70]


def test_own_chips_insulate():
    np.testing.assert_allclose(costs.insulated_cost_shock(0.4, [0.0, 0.25, 1.0]), [0.4, 0.3, 0.0])


def test_the_cost_of_a_mix_lies_between_its_parts_and_falls_with_the_work_done():
    calm = costs.accelerator_cost([0.0, 0.5, 1.0], 800.0, 1_000.0, 0.0, 1.0)
    assert calm.tolist() == [1_000.0, 900.0, 800.0]
    hit = costs.accelerator_cost([0.0, 0.5, 1.0], 800.0, 1_000.0, np.log(4.0), 1.0)
    np.testing.assert_allclose(hit, [4_000.0, 1_800.0, 800.0])
    assert costs.accelerator_cost(1.0, 800.0, 1_000.0, 0.0, 0.5) == 1_600.0


def test_scarcity_costs_from_the_threshold_on():
    factor = costs.scarcity_factor([0.0, 0.8, 1.0, 3.0], 0.8, 2.0, 1.0)
    np.testing.assert_allclose(factor, [1.0, 1.0, 1.5625, 4.6875])
    steep = costs.scarcity_factor([0.8, 1.6], 0.8, 2.0, 2.0)
    np.testing.assert_allclose(steep, [1.0, 1.5625 * 2.56])


def test_rationing_serves_what_there_is():
    served = costs.served_fraction([0.0, 5.0, 10.0, 10.0], [0.0, 10.0, 4.0, -1.0])
    assert served.tolist() == [1.0, 1.0, 0.4, 0.0]


def test_the_market_price_follows_scarcity():
    assert costs.next_market_price(100.0, 60.0, 100.0, 0.6, 0.5) == pytest.approx(100.0)
    assert costs.next_market_price(100.0, 240.0, 100.0, 0.6, 0.5) == pytest.approx(200.0)
    for asked, supply, response in ((0.0, 1.0, 0.5), (1.0, 0.0, 0.5), (9.0, 1.0, 0.0)):
        assert costs.next_market_price(100.0, asked, supply, 0.6, response) == 100.0


@given(st.integers(0, 100).map(lambda x: x / 100), st.integers(-5, 5))
def test_expectations_move_a_part_of_the_way(memory, seen):
    moved = float(costs.adaptive_expectation(1.0, seen, memory))
    assert min(1.0, seen) - 1e-12 <= moved <= max(1.0, seen) + 1e-12
    assert costs.adaptive_expectation(1.0, seen, 0.0) == seen


def test_bass_step_stays_inside_the_market_and_takes_arrays():
    stepped = networks.bass_step([0.0, 5.0, 10.0, 12.0, 0.0], 0.9, 0.9, [10, 10, 10, 10, 0])
    np.testing.assert_allclose(stepped, [9.0, 10.0, 10.0, 12.0, 0.0])


@given(SHARES)
def test_concentration_lies_between_equal_shares_and_monopoly(shares):
    assert 1 / shares.size - 1e-12 <= concentration.hhi(shares) <= 1


@given(st.floats(0.1, 10), st.floats(0, 1), st.floats(-1, 20))
def test_no_other_investment_is_better(effectiveness, discount, gain):
    best = quality.best_investment(effectiveness, discount, gain)
    for other in (0.0, best.investment * 0.9, best.investment * 1.1 + 0.01):
        chance = quality.success_probability(other, effectiveness)
        assert discount * max(gain, 0) * chance - other <= best.value + 1e-9


def test_exploration_halves_and_the_grid_has_its_ends():
    assert q_learning.exploration_rate(0.01, np.log(2) / 0.01) == pytest.approx(0.5)
    assert q_learning.price_grid(1.0, 2.0, 5, 0.5) == pytest.approx([0.5, 1, 1.5, 2, 2.5])
    assert q_learning.profit_gain(3.0, 2.0, 4.0) == 0.5


def test_value_updates_reach_the_bellman_value():
    value = 0.0
    for _ in range(400):
        value = q_learning.updated_value(value, 1.0, value, 0.5, 0.9)
    assert value == pytest.approx(10.0)
    assert q_learning.initial_values([[1.0, 3.0], [0.0, 0.0]], 0.9) == pytest.approx([20.0, 0.0])


class TestFadingAge:
    def test_growth_that_loses_half_a_month_ends_at_the_sum_of_its_rates(self) -> None:
        """ln 2 a month halves the rate: in all 1 / ln 2 months of full growth."""
        age = concentration.fading_age([np.log(2.0), 0.0], 60)
        assert age[0].tolist() == [0.0, 0.0]
        assert age[1, 0] == pytest.approx(0.5 / np.log(2.0), rel=1e-14)
        assert age[60, 0] == pytest.approx(1.0 / np.log(2.0), rel=1e-14)
        assert age[:, 1].tolist() == np.arange(61.0).tolist()

    @given(st.floats(1e-6, 2.0), st.integers(1, 80))
    def test_it_is_the_integral_of_what_is_left_of_the_rate(
        self, slowdown: float, months: int
    ) -> None:
        time = np.linspace(0.0, months, 4001)
        left = np.exp(-slowdown * time)
        age = concentration.fading_age(slowdown, months)
        assert age[-1, 0] == pytest.approx(np.trapezoid(left, time), rel=1e-3)

    @pytest.mark.parametrize("wrong", [-0.1, np.nan, np.inf])
    def test_a_rate_that_grows_or_is_no_number_is_refused(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="finite and not negative"):
            concentration.fading_age([0.1, wrong], 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: costs.experience_unit_cost(1.0, [0.0], 1.0, 0.3),
        lambda: costs.insulated_cost_shock(0.1, 1.1),
        lambda: costs.steady_state_experience(1.0, 0.0),
        lambda: costs.scarcity_factor([-0.1], 0.8, 2.0, 1.0),
        lambda: networks.bass_step(-1.0, 0.1, 0.1, 1.0),
        lambda: concentration.hhi([0.7, 0.6]),
        lambda: concentration.hhi([-0.1, 0.6]),
        lambda: quality.best_investment(0.0, 0.9, 1.0),
        lambda: quality.success_probability(-1.0, 1.0),
        lambda: q_learning.price_grid(2.0, 1.0, 5, 0.1),
        lambda: q_learning.price_grid(1.0, 2.0, 1, 0.1),
        lambda: q_learning.initial_values([1.0], 0.9),
        lambda: q_learning.profit_gain(1.0, 2.0, 2.0),
        lambda: q_learning.exploration_rate(-1.0, 1),
    ],
)
def test_bad_input_raises(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()


def test_shares_are_parts_of_the_sum_and_zero_where_nothing_is_sold():
    shares = concentration.market_shares([[1.0, 3.0], [0.0, 0.0]])
    assert shares.tolist() == [[0.25, 0.75], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("fixed", "rents", "box_cox", "worth"),
    [
        (0.0, False, 0.0, np.log(10.0 / 8.0)),
        (10.0, False, 0.0, np.log(20.0 / 18.0)),
        (10.0, False, 1.0, 2.0),
        (0.0, False, 0.5, 2.0 * (np.sqrt(10.0) - np.sqrt(8.0))),
        (0.0, True, 1.0, np.log(10.0 / 8.0)),
    ],
)
def test_a_fifth_off_a_price_of_ten(fixed, rents, box_cox, worth):
    facts = 10.0, fixed, rents, box_cox, 0.0
    assert demand.concession_worth(0.2, *facts) == pytest.approx(worth, rel=1e-12)
    assert demand.concession_of_worth(worth, *facts) == pytest.approx(0.2, rel=1e-12)


def test_learning_is_worth_what_later_months_save():
    # everything forgotten in a month: one month saves b q / E
    assert costs.learning_value(1.0, 1.0, 0.5, 1.0, 0.9) == pytest.approx(0.45)
    # nothing forgotten: unit cost falls as (1 + k q / E)^-b, month after month
    later = np.arange(1.0, 2_001.0)
    saved = 0.9**later * 0.3 * (1.0 + 0.2 * later) ** -1.3 * 0.2
    assert costs.learning_value(10.0, 2.0, 0.3, 0.0, 0.9) == pytest.approx(saved.sum(), rel=1e-9)


def test_a_shock_fades_and_a_jump_adds_to_it():
    calm = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 2.0]])
    path = costs.ar1_with_jumps(calm, 0.5, 2.0, 0.5, 3.0, 0.25)
    np.testing.assert_allclose(path, [2.0, 1.0, 0.5 + 3.0 + 0.5])


def test_clients_stay_a_geometric_number_of_months():
    assert pricing.further_months(0.0, 0.5) == pytest.approx(1.0)
    assert pricing.further_months(0.1, 0.95) == pytest.approx(0.855 / 0.145)
    assert pricing.further_months(1.0, 0.95) == 0.0


def test_developers_make_hosting_cheaper_and_a_lead_draws_them():
    ease = networks.hosting_ease([0.0, 30.0], 10.0, 2.0)
    np.testing.assert_allclose(ease, [1.0, 1.0 / 16.0])
    rates = networks.pulled_innovation([0.01, 0.9], [1.0, 1.0], np.log([2.0, 2.0]))
    np.testing.assert_allclose(rates, [0.02, 1.0])


def test_channels_held_add_their_effects_and_never_their_own():
    found = demand.cross_channel_utility([[9.0, 1.0], [2.0, 9.0]])
    # sets: nothing, the first channel, the second, both
    assert found.tolist() == [[0.0, 0.0, 2.0, 2.0], [0.0, 1.0, 0.0, 1.0]]
    with pytest.raises(ValueError, match="square"):
        demand.cross_channel_utility([[1.0, 2.0]])


def test_ranks_are_served_from_the_highest_and_alike_within():
    asked, rank = np.array([4.0, 6.0, 10.0, 0.0]), np.array([2.0, 2.0, 1.0, 3.0])
    assert costs.served_by_rank(asked, rank, 15.0).tolist() == [1.0, 1.0, 0.5, 1.0]
    assert costs.served_by_rank(asked, rank, 5.0).tolist() == [0.5, 0.5, 0.0, 1.0]
    same = costs.served_by_rank(asked, np.ones(4), 5.0)[:3]
    assert same.tolist() == costs.served_fraction([20.0] * 3, 5.0).tolist()


def test_a_premium_rises_with_scarcity_and_ends_at_one():
    assert costs.next_premium([1.0, 2.0, 1.1], [4.0, 0.25, 0.01], 0.5).tolist() == [2.0, 1.0, 1.0]
    assert costs.next_premium(3.0, 5.0, 0.0) == 3.0
