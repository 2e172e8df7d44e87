"""Simple forecasters on series whose continuation is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, ndtri

from sim.analysis.forecasts.scores import (
    score_of,
)
from sim.analysis.forecasts.simple import (
    DAMPING,
    FORECASTERS,
    LIMIT_ASSUMED,
    UNKNOWN_SD,
    Series,
    damped_trend,
    drift,
    last_value,
    logistic_trend,
    pooled_variance,
    series_of,
)

NORMALS = ndtri((np.arange(2000) + 0.5) / 2000)


def _exact(values: list[float], **facts: object) -> Series:
    return series_of([6.0 * k for k in range(len(values))], values, **facts)


@pytest.mark.parametrize("name", list(FORECASTERS))
@pytest.mark.parametrize("count", [3, 4, 7])
def test_a_constant_stays_and_nobody_doubts_it(name: str, count: int) -> None:
    series = _exact([40.0] * count, limit=100.0)
    sample = FORECASTERS[name](series, series.times[-1] + 12.0, NORMALS)
    assert sample == pytest.approx(np.full(2000, 40.0), abs=1e-3)


@pytest.mark.parametrize("count", [3, 7])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_drift_goes_on_along_a_straight_line(count: int, logarithmic: bool) -> None:
    line = np.array([2.0 + 0.3 * k for k in range(count + 2)])
    figures = np.exp(line) if logarithmic else line
    series = _exact(list(figures[:count]), logarithmic=logarithmic)
    sample = drift(series, 6.0 * (count + 1), NORMALS)
    assert sample == pytest.approx(np.full(2000, figures[-1]), rel=1e-6)


def test_the_last_value_spreads_with_the_root_of_time() -> None:
    series = series_of([0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 1.0, 2.0])
    near, far = (last_value(series, time, NORMALS) for time in (4.0, 7.0))
    assert np.mean(near) == pytest.approx(2.0)
    assert (np.std(near), np.std(far)) == pytest.approx((1.0, 2.0), rel=1e-2)


def test_drift_knows_its_slope_the_less_the_further_it_looks() -> None:
    series = series_of([0.0, 1.0, 2.0], [0.0, 3.0, 4.0])
    sample = drift(series, 4.0, NORMALS)
    # b = 2, s^2 = (1 + 1) / 1, h = 2, span 2: 2 x 2 x (1 + 1)
    assert np.mean(sample) == pytest.approx(8.0)
    assert np.var(sample) == pytest.approx(8.0, rel=1e-2)


def _logistic(limit: float, months: int, count: int) -> list[float]:
    return [float(limit * expit(-2.0 + 0.4 * months * k)) for k in range(count)]


def test_the_logistic_trend_finds_an_exact_logistic_curve() -> None:
    times = list(range(9))
    figures = _logistic(700.0, 1, 13)
    fitted = series_of(times, figures[:9], logarithmic=True)
    assert logistic_trend(fitted, 12.0, NORMALS) == pytest.approx(
        np.full(2000, figures[12]), rel=1e-3
    )
    known = series_of(times[:3], _logistic(100.0, 1, 3), limit=100.0)
    assert logistic_trend(known, 12.0, NORMALS) == pytest.approx(
        np.full(2000, _logistic(100.0, 1, 13)[12]), rel=1e-6
    )


def test_the_logistic_trend_stays_below_its_limit() -> None:
    series = series_of([0.0, 6.0, 12.0], [50.0, 70.0, 88.0], limit=100.0)
    sample = logistic_trend(series, 60.0, NORMALS)
    assert 88.0 < np.median(sample) <= sample.max() <= 100.0
    two = series_of([0.0, 6.0], [10.0, 90.0], logarithmic=True)
    assert logistic_trend(two, 500.0, NORMALS).max() <= 90.0 * LIMIT_ASSUMED * (1 + 1e-9)


def test_what_may_be_negative_has_no_logistic_trend() -> None:
    series = series_of([0.0, 1.0, 2.0], [3.0, 2.0, 2.0], bounded=False)
    assert np.array_equal(logistic_trend(series, 5.0, NORMALS), drift(series, 5.0, NORMALS))


def test_the_damped_trend_of_few_figures_bends() -> None:
    series = series_of([0.0, 1.0], [1.0, 2.0], family_variance=0.0)
    assert damped_trend(series, 2.0, NORMALS)[0] == pytest.approx(2.0 + DAMPING)
    assert damped_trend(series, 3.0, NORMALS)[0] == pytest.approx(2.0 + DAMPING + DAMPING**2)
    end = 2.0 + DAMPING / (1.0 - DAMPING)
    assert damped_trend(series, 1000.0, NORMALS)[0] == pytest.approx(end)


@pytest.mark.slow
def test_the_damped_trend_of_many_figures_is_fitted_and_bends_too() -> None:
    figures = [1.0, 2.5, 3.1, 4.5, 4.4, 5.2, 5.9, 5.7, 6.6, 6.9]
    series = series_of(range(10), figures)
    medians = [np.median(damped_trend(series, 9.0 + h, NORMALS)) for h in (1, 2, 4, 4.5, 8)]
    assert medians == sorted(medians)
    assert medians[0] > 6.0
    assert medians[-1] < 12.0
    spreads = [np.std(damped_trend(series, 9.0 + h, NORMALS)) for h in (1.0, 8.0)]
    assert 0.05 < spreads[0] <= spreads[1]


@pytest.mark.parametrize("name", list(FORECASTERS))
def test_one_figure_is_the_last_value_with_the_variance_of_the_family(name: str) -> None:
    one = series_of([3.0], [5.0], family_variance=0.25)
    assert np.std(FORECASTERS[name](one, 7.0, NORMALS)) == pytest.approx(1.0, rel=1e-2)
    unknown = series_of([3.0], [5.0], logarithmic=True)
    sample = FORECASTERS[name](unknown, 7.0, NORMALS)
    assert np.median(sample) == pytest.approx(5.0, rel=1e-3)
    assert np.std(np.log(sample)) == pytest.approx(2.0 * UNKNOWN_SD, rel=1e-2)


@pytest.mark.parametrize(("name", "slope"), [("last value", 0.0), ("drift", 0.5)])
@pytest.mark.parametrize("ahead", [1, 6])
def test_bands_cover_random_walks_as_often_as_they_say(name: str, slope: float, ahead: int) -> None:
    rng = np.random.default_rng(11)
    walks = np.cumsum(slope + rng.standard_normal((400, 40)), axis=1)
    inside = []
    for walk in walks:
        sample = FORECASTERS[name](series_of(range(30), walk[:30]), 29 + ahead, NORMALS)
        inside.append(score_of(walk[29 + ahead], sample).inside)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.045)  # three standard errors


def test_the_pooled_variance_is_a_change_in_a_month() -> None:
    several = [series_of([0.0, 4.0], [1.0, 3.0]), series_of([0.0, 1.0], [1.0, 4.0])]
    assert pooled_variance(several) == pytest.approx((4.0 + 9.0) / (4.0 + 1.0))
    assert pooled_variance([series_of([0.0], [1.0])]) is None


@given(st.permutations(range(5)))
def test_the_order_of_figures_does_not_count(order: list[int]) -> None:
    times, values = [0.0, 3.0, 3.0, 7.0, 9.0], [1.0, 2.0, 4.0, 2.0, 5.0]
    series = series_of([times[k] for k in order], [values[k] for k in order])
    assert list(series.times) == [0.0, 3.0, 7.0, 9.0]
    assert list(series.values) == [1.0, 3.0, 2.0, 5.0]
