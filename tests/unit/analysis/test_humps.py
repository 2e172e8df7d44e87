"""Silverman's test: samples of one hump and of two, and scipy's density."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gaussian_kde

from sim.analysis.verdict.final_states import critical_bandwidth, modes_of, silverman_test


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.Generator(np.random.Philox(3))


def test_two_humps_are_told_from_one(rng: np.random.Generator) -> None:
    one = silverman_test(rng.normal(0.5, 0.02, 60))
    two = silverman_test(np.concatenate([rng.normal(0.3, 0.02, 30), rng.normal(0.6, 0.02, 30)]))
    assert one is not None
    assert two is not None
    assert one.p_value > 0.1
    assert two.p_value < 0.01
    assert two.modes == pytest.approx((0.3, 0.6), abs=0.03)
    assert (one.n, two.n) == (60, 60)


def test_one_hump_is_rejected_no_more_often_than_it_should(rng: np.random.Generator) -> None:
    small = sum(silverman_test(rng.normal(size=25), rng, 60).p_value <= 0.05 for _ in range(60))
    assert small <= 7, "5 % of 60 and two standard errors"


def test_scale_and_place_do_not_matter(rng: np.random.Generator) -> None:
    x = rng.normal(size=20)
    here, there = silverman_test(x), silverman_test(1e8 + 1e6 * x)
    assert here.p_value == there.p_value
    assert there.critical_bandwidth == pytest.approx(1e6 * here.critical_bandwidth, rel=1e-6)


def test_the_same_values_give_the_same_p(rng: np.random.Generator) -> None:
    x = rng.normal(size=15)
    assert silverman_test(x) == silverman_test(x.copy())


def test_modes_are_those_of_the_kernel_density_of_scipy(rng: np.random.Generator) -> None:
    x = np.concatenate([rng.normal(size=10), 4.0 + rng.normal(size=10)])
    grid = np.linspace(x.min() - 2.0, x.max() + 2.0, 4_001)
    for bandwidth in (0.3, 0.6, 1.2, 3.0):
        density = gaussian_kde(x, bw_method=bandwidth / x.std(ddof=1))(grid)
        inner = density[1:-1]
        peaks = grid[1:-1][(inner > density[:-2]) & (inner > density[2:])]
        assert modes_of(x, bandwidth) == pytest.approx(peaks, abs=0.05)


def test_the_critical_bandwidth_parts_one_mode_from_two() -> None:
    # two points: one mode exactly if they are no further apart than two bandwidths
    h = critical_bandwidth(np.array([-1.0, 1.0]))
    assert h == pytest.approx(1.0, rel=0.01)
    x = np.array([0.0, 1.0, 3.0, 7.0, 7.5])
    h = critical_bandwidth(x)
    assert len(modes_of(x, 1.01 * h)) == 1
    assert len(modes_of(x, 0.97 * h)) == 2
    assert critical_bandwidth(x, 2) < h


def test_too_few_values_or_a_constant_say_nothing() -> None:
    assert silverman_test([0.1, 0.2, 0.3]) is None
    assert silverman_test([0.5] * 10) is None
    with pytest.raises(ValueError, match="values that differ"):
        modes_of([1.0, 1.0], 0.1)
