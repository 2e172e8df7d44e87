"""Costs, diffusion, switching, sizes, queues and scoreboards: limits, identities, bad input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics import concentration, costs, queues, sizes, switching, usage
from sim.economics import concentration as anchors
from sim.economics import concentration as growth
from sim.economics import switching as coupling
from sim.economics import switching as multihoming
from sim.economics import usage as diffusion

SHARES = st.lists(st.floats(0.01, 1), min_size=2, max_size=6).map(lambda x: np.array(x) / sum(x))


@pytest.fixture(autouse=True)
def _strict_floats() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


def test_each_doubling_cuts_cost_to_the_progress_ratio():
    exponent = costs.learning_exponent(0.8)
    path = costs.experience_unit_cost(10.0, [1.0, 2.0, 4.0], 1.0, exponent)
    np.testing.assert_allclose(path, [10, 8, 6.4])
    assert costs.learning_exponent(1.0) == 0


@pytest.mark.parametrize("exponent", [0.0, 0.3, 1.0 - 1e-13, 1.0, 1.7])
def test_lot_cost_is_the_sum_of_its_parts(exponent):
    whole = costs.lot_cost(2.0, 3.0, exponent, 1.0, 9.0)
    parts = costs.lot_cost(2.0, 3.0, exponent, 1.0, 4.0) + costs.lot_cost(
        2.0, 3.0, exponent, 4.0, 9.0
    )
    grid = np.linspace(1.0, 9.0, 20_001)
    curve = costs.experience_unit_cost(2.0, grid, 3.0, exponent)
    assert whole == pytest.approx(parts)
    assert whole == pytest.approx(np.trapezoid(curve, grid), rel=1e-6)


def test_experience_settles_where_forgetting_offsets_output():
    path = costs.experience_path(50.0, 10.0, 0.1, 400)
    assert path[-1] == pytest.approx(costs.steady_state_experience(10.0, 0.1))
    assert costs.experience_path(50.0, 10.0, 0.0, 3).tolist() == [50, 60, 70, 80]


def test_own_chips_insulate():
    np.testing.assert_allclose(costs.insulated_cost_shock(0.4, [0.0, 0.25, 1.0]), [0.4, 0.3, 0.0])
    ratio = costs.pass_through([0.2, 0.1], [0.4, 0.0])
    assert ratio[0] == 0.5
    assert np.isnan(ratio[1])


@given(st.floats(0.001, 0.5), st.floats(0, 1), st.floats(1, 1e6))
def test_adoption_rises_to_the_market_and_peaks_at_the_peak(p, q, m):
    times = np.linspace(0, 60, 200)
    adopted = diffusion.bass_cumulative(times, p, q, m)
    assert adopted[0] == 0
    assert (np.diff(adopted) >= -1e-9 * m).all()
    assert adopted[-1] <= m * (1 + 1e-12)
    peak = diffusion.bass_peak(p, q, m)
    at_peak = diffusion.bass_cumulative(peak.time, p, q, m)
    assert float(at_peak) == pytest.approx(peak.cumulative, rel=1e-6, abs=1e-9 * m)
    assert peak.rate == pytest.approx((p + q * at_peak / m) * (m - at_peak), rel=1e-6)


def test_bass_step_stays_inside_the_market_and_takes_arrays():
    stepped = diffusion.bass_step([0.0, 5.0, 10.0, 12.0, 0.0], 0.9, 0.9, [10, 10, 10, 10, 0])
    np.testing.assert_allclose(stepped, [9.0, 10.0, 10.0, 12.0, 0.0])
    path = diffusion.bass_path(0.03, 0.4, 100.0, 40)
    assert (np.diff(path) > 0).all()
    assert path[-1] < 100


def test_unit_elastic_use_keeps_spending_and_adoption_adds_to_it():
    flat = usage.price_cut_rebound(1.0, 0.5, 0.0, 0.2)
    assert flat.spend_per_client == pytest.approx(1.0)
    assert flat.total_revenue == pytest.approx(1.0)
    more = usage.price_cut_rebound(1.0, 0.5, 0.8, 0.2)
    assert more.jevons_in_spend
    assert more.elasticity_after < more.elasticity_before
    step = usage.price_cut_rebound(1.1, 1e-6, 0.8, 0.2)
    assert np.log(step.total_tokens) / 1e-6 == pytest.approx(step.elasticity_before, rel=1e-4)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=5), st.floats(0, 3), st.floats(0.05, 1))
def test_stationary_shares_stay(utilities, kappa, hazard):
    matrix = switching.switching_matrix(utilities, kappa, hazard)
    shares = switching.stationary_shares(matrix)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    np.testing.assert_allclose(switching.shares_after(matrix, shares, 7), shares, atol=1e-9)
    assert 0 <= switching.churn(matrix, shares) <= hazard + 1e-12


def test_switching_costs_lower_churn_and_hazard_only_slows():
    free, tied = (switching.switching_matrix([1.0, 0.5], kappa, 0.2) for kappa in (0.0, 2.0))
    rates = [switching.churn(m, switching.stationary_shares(m)) for m in (free, tied)]
    assert rates[1] < rates[0]
    slow = switching.switching_matrix([1.0, 0.5], 2.0, 0.05)
    np.testing.assert_allclose(
        switching.stationary_shares(slow), switching.stationary_shares(tied), atol=1e-12
    )
    assert switching.half_life(slow) > switching.half_life(tied)
    assert switching.half_life(np.eye(2)) == np.inf
    assert switching.offsetting_price_cut(np.log(2), 1.0) == pytest.approx(0.5)


def test_size_laws_agree_with_their_samples():
    from scipy import stats

    grid = (np.arange(2_000_000) + 0.5) / 2_000_000
    for sample, top, gini in (
        (stats.lognorm.ppf(grid, 0.8), sizes.lognormal_top_share, sizes.lognormal_gini),
        (stats.pareto.ppf(grid, 4.0), sizes.pareto_top_share, sizes.pareto_gini),
    ):
        shape = 0.8 if top is sizes.lognormal_top_share else 4.0
        share = sample[int(0.99 * grid.size) :].sum() / sample.sum()
        assert top(0.01, shape) == pytest.approx(share, rel=2e-3)
        lorenz = 1 - 2 * np.mean(np.cumsum(sample) / sample.sum())
        assert gini(shape) == pytest.approx(lorenz, abs=1e-3)
    assert sizes.kish_efficiency(sizes.lognormal_cv2(1.8)) == pytest.approx(np.exp(-(1.8**2)))
    assert sizes.kish_efficiency(sizes.pareto_cv2(1.5)) == 0


@given(st.floats(0.1, 1e200), st.integers(1, 50))
def test_equal_weights_count_fully(weight, count):
    assert sizes.effective_sample_size(np.full(count, weight)) == pytest.approx(count)
    assert sizes.effective_sample_size([weight, 0.0, 0.0]) == pytest.approx(1)


@given(SHARES)
def test_concentration_lies_between_equal_shares_and_monopoly(shares):
    assert 1 / shares.size - 1e-12 <= concentration.hhi(shares) <= 1
    assert concentration.effective_number(shares) <= shares.size + 1e-9
    assert 0 <= concentration.entropy(shares) <= np.log(shares.size) + 1e-9
    delta = concentration.merger_delta_hhi(shares, 0, 1)
    assert delta == pytest.approx(2 * shares[0] * shares[1], abs=1e-12)
    assert concentration.concentration_ratio(shares, shares.size) == pytest.approx(1)


@given(SHARES, st.integers(1, 6))
def test_multihoming_limits(shares, workloads):
    assert multihoming.expected_vendors(shares, 1) == pytest.approx(1)
    independent = multihoming.single_home_probability(shares, workloads)
    diffuse = multihoming.single_home_probability(shares, workloads, 1e9)
    loyal = multihoming.single_home_probability(shares, workloads, 1e-9)
    assert diffuse == pytest.approx(independent, abs=1e-6)
    assert loyal == pytest.approx(1, abs=1e-6)
    count = multihoming.expected_vendors(shares, workloads)
    assert 1 - 1e-9 <= count <= min(workloads, shares.size) + 1e-9


def test_one_server_is_the_textbook_queue():
    times = queues.erlang_c(0.7, 1.0, 1)
    assert times.wait_probability == pytest.approx(0.7)
    assert times.time_in_system == pytest.approx(queues.mm1_time(1.0, 0.7))
    assert queues.erlang_b(0.7, 1.0, 1) == pytest.approx(0.7 / 1.7)
    pooled = queues.erlang_c(7.0, 1.0, 10)
    assert pooled.wait < times.wait


def test_congestion_lowers_the_share_and_capacity_restores_it():
    tight, wide = (queues.congested_share(1.8, 1000, k, 1.5, 4) for k in (500.0, 5000.0))
    assert tight.share < wide.share < wide.uncongested
    again = 1 / (1 + np.exp(-(1.8 - 1.5 * tight.utilisation**4)))
    assert again == pytest.approx(tight.share, abs=1e-12)
    assert queues.congested_share(1.8, 1000, 500, 0.0, 4).share == tight.uncongested


def test_growth_minus_market_growth_is_the_log_share_change():
    result = growth.growth_and_shares([[10.0, 13.0, 16.0], [8.0, 9.0, 11.0]])
    np.testing.assert_allclose(
        np.diff(np.log(result.shares), axis=1), result.share_log_change, atol=1e-14
    )
    ratio = growth.share_ratio_log_change([[10.0, 13.0], [8.0, 9.0]], 0, 1)
    assert ratio[0] == pytest.approx(np.log(1.3) - np.log(9 / 8))


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=5), st.floats(-2, 2))
def test_coupled_tables_keep_both_margins_and_gumbel_spares_bystanders(utilities, improvement):
    before, after = coupling.shares_before_after(utilities, 0, improvement)
    for joint in (coupling.gumbel_joint, coupling.inverse_cdf_joint):
        table = joint(utilities, 0, improvement)
        np.testing.assert_allclose(table.sum(axis=1), before, atol=1e-12)
        np.testing.assert_allclose(table.sum(axis=0), after, atol=1e-12)
    table = coupling.gumbel_joint(utilities, 0, improvement)
    assert coupling.bystander_switchers(table, 0) == 0
    spurious = coupling.bystander_switchers(
        coupling.inverse_cdf_joint(utilities, 0, improvement), 0
    )
    assert spurious >= -1e-12


def test_gumbel_table_agrees_with_drawn_clients():
    utilities, size = np.array([0.5, 0.8, 0.1]), 200_000
    noise = np.random.default_rng(3).gumbel(size=(size, 3))
    first = (utilities + noise).argmax(axis=1)
    second = (utilities + np.array([0, 0.6, 0]) + noise).argmax(axis=1)
    drawn = np.zeros((3, 3))
    np.add.at(drawn, (first, second), 1 / size)
    np.testing.assert_allclose(drawn, coupling.gumbel_joint(utilities, 1, 0.6), atol=5e-3)


def test_anchor_arithmetic():
    assert anchors.implied_average_price(1.0, 0.75) == 4.0
    assert anchors.bid_discount(250.0, 300.0, 15.0) == pytest.approx(65 / 300)
    assert anchors.monthly_growth_rate(8.0, 3) == pytest.approx(1.0)
    assert anchors.arc_elasticity(4.0, 0.5) == pytest.approx(2.0)
    assert anchors.token_to_revenue_conversion(0.1, 0.4) == pytest.approx(0.25)


@pytest.mark.parametrize(
    "call",
    [
        lambda: costs.learning_exponent(0.0),
        lambda: costs.learning_exponent(1.2),
        lambda: costs.experience_unit_cost(1.0, [0.0], 1.0, 0.3),
        lambda: costs.lot_cost(1.0, 1.0, 0.3, 2.0, 1.0),
        lambda: costs.output_multiple_to_halve_cost(0.0),
        lambda: costs.experience_path(1.0, 1.0, 1.5, 3),
        lambda: costs.experience_path(1.0, 1.0, 0.5, -1),
        lambda: costs.insulated_cost_shock(0.1, 1.1),
        lambda: costs.pass_through([1.0], [1.0, 2.0]),
        lambda: diffusion.bass_cumulative([-1.0], 0.1, 0.1, 1.0),
        lambda: diffusion.bass_peak(0.0, 0.1, 1.0),
        lambda: diffusion.bass_peak(0.1, -0.1, 1.0),
        lambda: diffusion.bass_step(-1.0, 0.1, 0.1, 1.0),
        lambda: diffusion.bass_path(0.1, 0.1, 1.0, -1),
        lambda: usage.price_cut_rebound(1.0, 1.0, 0.8, 0.2),
        lambda: usage.price_cut_rebound(1.0, 0.5, 0.8, 1.0),
        lambda: switching.switching_matrix([1.0, np.nan], 0.0, 0.5),
        lambda: switching.switching_matrix([1.0, 2.0], 0.0, 1.5),
        lambda: switching.stationary_shares(np.eye(2)),
        lambda: switching.stationary_shares(np.ones((2, 2))),
        lambda: switching.shares_after(np.eye(2), [1.0, 0.0], -1),
        lambda: switching.offsetting_price_cut(1.0, 0.0),
        lambda: sizes.pareto_top_share(0.01, 1.0),
        lambda: sizes.lognormal_top_share(0.0, 1.0),
        lambda: sizes.lognormal_gini(0.0),
        lambda: sizes.kish_efficiency(-1.0),
        lambda: sizes.effective_sample_size([0.0, 0.0]),
        lambda: concentration.hhi([0.7, 0.6]),
        lambda: concentration.hhi([-0.1, 0.6]),
        lambda: concentration.effective_number([0.0]),
        lambda: concentration.concentration_ratio([0.5], 0),
        lambda: concentration.merged([0.5, 0.5], 0, 0),
        lambda: multihoming.expected_vendors([0.5, 0.4], 2),
        lambda: multihoming.expected_vendors([0.5, 0.5], 0),
        lambda: multihoming.expected_vendors([0.5, 0.5], 2, 0.0),
        lambda: queues.erlang_c(2.0, 1.0, 2),
        lambda: queues.erlang_b(1.0, 1.0, 0),
        lambda: queues.mm1_time(1.0, 1.0),
        lambda: queues.congested_share(1.0, 1.0, 0.0, 1.0, 4.0),
        lambda: queues.congested_share(1.0, 1.0, 1.0, -1.0, 4.0),
        lambda: growth.growth_and_shares([[1.0, 0.0]]),
        lambda: growth.share_ratio_log_change([[1.0, 2.0]], 0, 1),
        lambda: coupling.gumbel_joint([1.0, 2.0], 2, 0.1),
        lambda: anchors.implied_average_price(1.0, 1.0),
        lambda: anchors.arc_elasticity(2.0, 1.0),
        lambda: anchors.growth_multiple(0.0, 1.0),
    ],
)
def test_bad_input_raises(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
