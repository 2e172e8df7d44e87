"""Four simple forecasters of a recorded series: last value, drift, logistic trend, damped trend.

Each turns a few dated figures into a predictive sample for a later month. A series works in
logarithms where its observation error does. Most recorded series hold one to three figures, so each
forecaster states what it does when there are too few: it takes over the variance of the other
series of its family, and a trend that cannot be fitted is the last value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

FloatArray = npt.NDArray[np.float64]

UNKNOWN_SD = 0.05
"""Relative change of a figure in a month, one standard deviation, where no series shows any."""
OWN_VARIANCE = 3
"""Figures from which a series' own variance is used."""
LIMIT_FITTED = 4
"""Figures from which the limit of a logistic trend is fitted."""
LIMIT_ASSUMED = 10.0
"""Limit of a logistic trend that cannot be fitted, in units of the largest known figure."""
LIMIT_HIGHEST = 100.0
ETS_FITTED = 6
"""Equally spaced figures from which a damped trend is fitted."""
DAMPING = 0.9
"""Part of a trend that is left after a month, where it cannot be fitted."""
SHORTEST = 0.5
"""Months ahead at least."""
EDGE = 1e-6


class Series(NamedTuple):
    """Recorded figures of one thing before the cut."""

    times: FloatArray
    """(n,) months since any origin, increasing."""
    values: FloatArray
    """(n,) figures."""
    logarithmic: bool = False
    """Changes are relative: the forecasters work in logarithms."""
    limit: float | None = None
    """Largest possible figure, as 100 of a share in per cent."""
    bounded: bool = True
    """Can a logistic trend be meant? Not for ranks and growth rates."""
    family_variance: float | None = None
    """Variance of a change in a month over the series of the family, in working units."""

    @property
    def working(self) -> FloatArray:
        """(n,) figures, or their logarithms."""
        return np.log(self.values) if self.logarithmic else self.values

    @property
    def variance(self) -> float:
        """Variance of a change in a month, ``sum d^2 / sum dt``; few figures take the family's."""
        if len(self.values) >= OWN_VARIANCE:
            return _change_variance([self])
        if self.family_variance is not None:
            return self.family_variance
        scale = 1.0 if self.logarithmic else abs(float(self.values[-1]))
        return (UNKNOWN_SD * scale) ** 2

    def ahead(self, time: float) -> float:
        """Months from the last figure to a time."""
        return max(time - float(self.times[-1]), SHORTEST)

    def sample(self, mean: float, variance: float, normals: FloatArray) -> FloatArray:
        """Figures from normal working values."""
        found = mean + np.sqrt(variance) * normals
        return np.exp(found) if self.logarithmic else found


def _change_variance(series: Sequence[Series]) -> float:
    # Over the mean of d^2 / dt it has the advantage that two lists of one week do not decide.
    squares = sum(float((np.diff(one.working) ** 2).sum()) for one in series)
    return squares / sum(float(one.times[-1] - one.times[0]) for one in series)


def pooled_variance(series: Iterable[Series]) -> float | None:
    """Variance of a change in a month over several series; None if none has two figures."""
    several = [one for one in series if len(one.values) > 1]
    return _change_variance(several) if several else None


def last_value(series: Series, time: float, normals: FloatArray) -> FloatArray:
    """Random walk: mean the last figure, variance that of a change times the months ahead."""
    ahead = series.ahead(time)
    return series.sample(float(series.working[-1]), series.variance * ahead, normals)


def drift(series: Series, time: float, normals: FloatArray) -> FloatArray:
    """Random walk with the mean change b a month from the first to the last figure.

    Variance ``s^2 h (1 + h / (t_n - t_1))`` with ``s^2 = (n - 1) / (n - 2) sum((d - b dt)^2) /
    sum(dt)``; from two figures s^2 is the family's; one figure gives the last value.

    Notes
    -----
    Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, section 5.5.
    """
    if len(series.values) == 1:
        return last_value(series, time, normals)
    ahead, figures = series.ahead(time), series.working
    span = float(series.times[-1] - series.times[0])
    slope = float(figures[-1] - figures[0]) / span
    variance = series.variance
    if len(figures) >= OWN_VARIANCE:
        steps = np.diff(series.times)
        misses = float(((np.diff(figures) - slope * steps) ** 2).sum())
        variance = misses / span * len(steps) / (len(steps) - 1)
    mean = float(figures[-1]) + slope * ahead
    return series.sample(mean, variance * ahead * (1.0 + ahead / span), normals)


def logistic_trend(series: Series, time: float, normals: FloatArray) -> FloatArray:
    """Trend ``K / (1 + exp(-(a + b t)))``, fitted by least squares of ``logit(y / K)``.

    K is the largest possible figure; where there is none it is fitted from four figures on, and
    from two or three assumed to be ten times the largest. Variance in logits: that of a prediction
    by least squares, from two figures on a line through both the family's times the months ahead.
    One figure gives the last value; what may be negative the drift.
    """
    if not series.bounded or series.values.min() <= 0.0:
        return drift(series, time, normals)
    if len(series.values) == 1:
        return last_value(series, time, normals)
    limit = _limit(series)
    line = np.column_stack([np.ones_like(series.times), series.times - series.times[-1]])
    figures = _logits(series.values, limit)
    at = np.array([1.0, time - series.times[-1]])
    if len(figures) >= OWN_VARIANCE:
        from statsmodels.api import OLS

        found = OLS(figures, line).fit()
        mean = float(at @ found.params)
        variance = float(found.scale * (1.0 + at @ found.normalized_cov_params @ at))
    else:
        mean = float(at @ np.linalg.solve(line, figures))
        last = float(series.values[-1])
        slope = 1.0 / (1.0 - min(last / limit, 1.0 - EDGE))
        slope = slope if series.logarithmic else slope / last
        variance = series.variance * slope**2 * series.ahead(time)
    return limit * expit(mean + np.sqrt(variance) * normals)


def _logits(values: FloatArray, limit: float) -> FloatArray:
    return np.asarray(logit(np.clip(values / limit, EDGE, 1.0 - EDGE)))


def _limit(series: Series) -> float:
    if series.limit is not None:
        return series.limit
    largest = float(series.values.max())
    if len(series.values) < LIMIT_FITTED:
        return LIMIT_ASSUMED * largest

    def misfit(beyond: float) -> float:
        limit = largest * (1.0 + np.exp(beyond))
        trend = np.polyfit(series.times, _logits(series.values, limit), 1)
        fitted = limit * expit(np.polyval(trend, series.times))
        return float(((np.log(fitted) - np.log(series.values)) ** 2).sum())

    bounds = (np.log(1e-3), np.log(LIMIT_HIGHEST))
    starts = np.linspace(*bounds, 60)
    best = int(np.argmin([misfit(start) for start in starts]))
    around = (starts[max(best - 1, 0)], starts[min(best + 1, len(starts) - 1)])
    found = minimize_scalar(misfit, bounds=around, method="bounded", options={"xatol": 1e-10})
    return largest * (1.0 + float(np.exp(found.x)))


def damped_trend(series: Series, time: float, normals: FloatArray) -> FloatArray:
    """Exponential smoothing with additive damped trend (statsmodels), from six equal steps on.

    Else the trend is the change a month between the last two figures, of which 0.9 are left after
    each month ahead: ``y_n + b phi (1 - phi^h) / (1 - phi)``, variance as of the last value. So too
    for figures on a straight line, where the likelihood has no maximum. One figure gives the last
    value.

    Notes
    -----
    Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing, ETS(A,Ad,N).
    """
    if len(series.values) == 1:
        return last_value(series, time, normals)
    figures, steps = series.working, np.diff(series.times)
    ahead = series.ahead(time)
    if len(figures) >= ETS_FITTED and np.allclose(steps, steps[0]) and not _straight(figures):
        return series.sample(*_smoothed(figures, ahead / float(steps[0])), normals)
    slope = float(figures[-1] - figures[-2]) / float(steps[-1])
    left = DAMPING * (1.0 - DAMPING**ahead) / (1.0 - DAMPING)
    return series.sample(float(figures[-1]) + slope * left, series.variance * ahead, normals)


def _straight(figures: FloatArray) -> bool:
    return bool(np.allclose(np.diff(figures, 2), 0.0, atol=1e-9 * (1.0 + np.abs(figures).max())))


def _smoothed(figures: FloatArray, steps: float) -> tuple[float, float]:
    """Mean and variance some steps ahead, straight between whole steps."""
    import warnings

    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    whole = max(int(np.ceil(steps)), 1)
    model = ETSModel(pd.Series(figures), trend="add", damped_trend=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that stops early is a forecast all the same
        found = model.fit(disp=False)
        ahead = found.get_prediction(len(figures), len(figures) + whole - 1)
    means = np.concatenate([[figures[-1]], np.asarray(ahead.predicted_mean)])
    variances = np.concatenate([[0.0], np.asarray(ahead.forecast_variance)])
    places = np.arange(whole + 1)
    return float(np.interp(steps, places, means)), float(np.interp(steps, places, variances))


Forecaster = Callable[[Series, float, FloatArray], FloatArray]
FORECASTERS: dict[str, Forecaster] = {
    "last value": last_value,
    "drift": drift,
    "logistic trend": logistic_trend,
    "damped trend": damped_trend,
}


def series_of(times: Sequence[float], values: Sequence[float], **facts: object) -> Series:
    """A series in the order of time; figures of one time are averaged."""
    moments, place = np.unique(np.asarray(times, dtype=np.float64), return_inverse=True)
    sums = np.bincount(place, weights=np.asarray(values, dtype=np.float64))
    return Series(moments, sums / np.bincount(place), **facts)  # type: ignore[arg-type]
