import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.analysis.attribution.shapley import _share_rows
from sim.analysis.statistics import (
    UNBOUNDED,
    bimodality_coefficient,
    differ,
    equivalence_test,
    goodman_intervals,
    holm,
    mean_interval,
    ols_slope,
    p_greater,
    paired_comparison,
    ratio_interval,
    runs_for_share_halfwidth,
    wilson_interval,
)
from sim.analysis.uncertainty.indices import seeded_indices

P_VALUES = st.floats(0.0, 1.0).map(lambda x: round(x, 9))
SAMPLE = st.lists(st.floats(-1.0, 1.0).map(lambda x: round(x, 6)), min_size=2, max_size=40)


@pytest.fixture(autouse=True)
def floating_errors():
    with np.errstate(all="raise"):
        yield


@given(st.integers(1, 300), st.data(), st.floats(0.6, 0.999))
def test_wilson_agrees_with_scipy(n, data, confidence):
    k = data.draw(st.integers(0, n))
    theirs = stats.binomtest(k, n).proportion_ci(confidence, "wilson")
    found = wilson_interval(k, n, confidence)
    assert found == pytest.approx((theirs.low, theirs.high), abs=1e-10)


def test_wilson_known_values_and_exact_ends():
    assert wilson_interval(63, 100) == pytest.approx((0.5322052958094291, 0.7181763946567546))
    assert wilson_interval(0, 20).lower == 0.0
    assert wilson_interval(20, 20).upper == 1.0


@pytest.mark.parametrize(("k", "n", "confidence"), [(-1, 5, 0.9), (6, 5, 0.9), (0, 0, 0.9)])
def test_wilson_refuses_bad_counts(k, n, confidence):
    with pytest.raises(ValueError, match="successes"):
        wilson_interval(k, n, confidence)


def test_wilson_refuses_bad_confidence():
    with pytest.raises(ValueError, match="confidence"):
        wilson_interval(1, 2, 1.0)


def test_goodman_is_wilson_at_the_level_shared_by_the_classes():
    counts = [31, 5, 4, 0]
    for count, interval in zip(counts, goodman_intervals(counts), strict=True):
        assert interval == pytest.approx(wilson_interval(count, 40, 1.0 - 0.05 / 4), abs=1e-12)
        assert interval.lower <= wilson_interval(count, 40).lower


def test_goodman_refuses_no_runs():
    with pytest.raises(ValueError, match="counts"):
        goodman_intervals([0, 0])


@given(SAMPLE)
def test_mean_interval_agrees_with_scipy(values):
    found = mean_interval(values)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-12)
    if found.sd > 1e-9:
        theirs = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
        assert found.interval == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-12)


def test_one_value_bounds_nothing():
    assert mean_interval([0.3]).interval == UNBOUNDED
    assert p_greater([5.0]) == 1.0
    assert paired_comparison([0.1], [0.4]).interval == UNBOUNDED
    assert not equivalence_test([0.0], 0.1).equivalent
    assert ratio_interval([1.0], [2.0]) == (0.5, UNBOUNDED)


def test_constant_difference_has_an_interval_of_no_width():
    found = paired_comparison([0.4, 0.5, 0.6], [0.4, 0.5, 0.6])
    assert found.interval == (0.0, 0.0)
    assert (found.t_statistic, found.p_two_sided) == (0.0, 1.0)
    assert found.variance_reduction == math.inf
    moved = paired_comparison([0.0, 0.0], [0.5, 0.5])
    assert moved.t_statistic == math.inf
    assert moved.p_two_sided == 0.0
    assert math.isnan(moved.correlation)


@given(SAMPLE, st.integers(0, 2**32 - 1))
def test_paired_comparison_agrees_with_scipy(on, seed):
    x = np.array(on)
    off = x + np.random.default_rng(seed).normal(0.05, 0.02, len(on))
    found = paired_comparison(on, off)
    theirs = stats.ttest_rel(off, on)
    assert found.t_statistic == pytest.approx(theirs.statistic, rel=1e-8)
    assert found.p_two_sided == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-14)
    assert p_greater(off - x, 0.03) == pytest.approx(
        stats.ttest_1samp(off - x, 0.03, alternative="greater").pvalue, abs=1e-12
    )


def test_pairs_must_match():
    with pytest.raises(ValueError, match="pairs"):
        paired_comparison([0.1, 0.2], [0.1])
    with pytest.raises(ValueError, match="finite"):
        paired_comparison([0.1, math.nan], [0.1, 0.2])


def test_equivalence_needs_the_whole_interval_inside():
    values = [0.001, -0.001, 0.002, -0.002]
    assert equivalence_test(values, 0.01).equivalent
    assert not equivalence_test(values, 0.001).equivalent
    assert not equivalence_test([0.0, 0.0], 0.0).equivalent
    with pytest.raises(ValueError, match="margin"):
        equivalence_test(values, -0.1)


def test_fieller_interval_solves_its_own_equation():
    rng = np.random.default_rng(5)
    x = rng.normal(0.2, 0.03, 25)
    y = 0.3 * x + rng.normal(0.0, 0.01, 25)
    ratio, interval = ratio_interval(y, x)
    assert interval.lower < ratio < interval.upper
    for theta in interval:
        p = stats.ttest_1samp(y - theta * x, 0.0).pvalue
        assert p == pytest.approx(0.05, abs=1e-9)
    assert ratio_interval(y, rng.normal(0.0, 1.0, 25))[1] == UNBOUNDED


@given(st.floats(-2.0, 2.0), st.floats(-0.5, 0.5), st.integers(2, 60))
def test_slope_of_a_line_is_its_slope(level, slope, months):
    line = level + slope * np.arange(months)
    assert ols_slope(line) == pytest.approx(slope, abs=1e-12)


def test_slope_of_a_constant_is_exactly_zero_and_agrees_with_polyfit():
    assert ols_slope(np.full((3, 12), 0.1)).tolist() == [0.0, 0.0, 0.0]
    y = np.random.default_rng(1).normal(size=(4, 15))
    assert ols_slope(y) == pytest.approx(np.polyfit(np.arange(15), y.T, 1)[0])
    with pytest.raises(ValueError, match="two months"):
        ols_slope([1.0])


def test_adjusted_p_values():
    p = [0.001, 0.02, 0.03, 0.04, 0.6]
    assert holm(p) == pytest.approx([0.005, 0.08, 0.09, 0.09, 0.6])


@given(st.lists(P_VALUES, min_size=1, max_size=20), st.randoms())
def test_adjusting_is_free_of_order_and_never_lowers(p, shuffler):
    order = list(range(len(p)))
    shuffler.shuffle(order)
    assert holm(np.array(p)[order]) == pytest.approx(holm(p)[order])
    assert (holm(p) >= np.array(p) - 1e-15).all()


def test_adjusting_refuses_what_is_no_probability():
    for bad in ([], [1.2], [math.nan]):
        with pytest.raises(ValueError, match="p_values"):
            holm(bad)


def test_sample_sizes():
    assert runs_for_share_halfwidth(0.05) == 381
    assert runs_for_share_halfwidth(0.10) == 93


def test_two_humps_show():
    rng = np.random.default_rng(2)
    one = rng.normal(0.5, 0.02, 400)
    two = np.concatenate([one - 0.2, one + 0.2])
    assert bimodality_coefficient(one) < 5 / 9 < bimodality_coefficient(two)
    assert math.isnan(bimodality_coefficient([0.5] * 10))


@pytest.mark.parametrize("size", [1.0, 1e9, 1e-20])
def test_what_rounding_leaves_is_no_difference(size: float) -> None:
    noise = size * (1.0 + 1e-15 * np.arange(40.0))
    assert not differ(noise)
    assert math.isnan(bimodality_coefficient(noise))
    with pytest.raises(ValueError, match="all are equal"):
        seeded_indices(noise.reshape(4, 10, 1))
    gains = np.array([[0.1 + 0.2, 0.3], [-0.3, -0.3]])  # they add up to 5e-17
    rows = _share_rows(("one", "other"), gains, gains.sum(axis=0))
    assert all("part_of_total" not in row.facts for row in rows)
