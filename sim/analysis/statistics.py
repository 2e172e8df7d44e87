"""Intervals, tests and sample sizes for replicates and paired replicates.

t intervals stay one line of `scipy.special`: `scipy.stats.ttest_1samp` gives no interval for values
that never vary, and statsmodels' `ttost_paired` p-values without the interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]

CONFIDENCE = 0.95
"""Two-sided confidence of every interval of a verdict."""
Z_95 = 1.96
"""Two-sided 95 % point of the normal law as it is rounded in sample-size formulas."""
ROUNDING = 1e-12
"""Differences of computed numbers that are none, on the scale of these numbers."""


class Interval(NamedTuple):
    """Confidence interval; infinite ends mean that the data bound nothing."""

    lower: float
    upper: float


UNBOUNDED = Interval(-math.inf, math.inf)


class MeanEstimate(NamedTuple):
    """Mean of replicates with its t interval."""

    mean: float
    sd: float
    n: int
    interval: Interval


class PairedComparison(NamedTuple):
    """Paired difference OFF minus ON under common random numbers."""

    mean: float
    sd: float
    n: int
    interval: Interval
    t_statistic: float
    p_two_sided: float
    correlation: float
    variance_reduction: float


class Equivalence(NamedTuple):
    """Two one-sided tests: is the mean inside plus or minus the margin?"""

    interval: Interval
    equivalent: bool


def _values(values: npt.ArrayLike, name: str, minimum: int = 1) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < minimum:
        raise ValueError(f"{name}: needs a flat list of at least {minimum} numbers")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: every number must be finite")
    return array


def _check_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")


def wilson_interval(successes: float, n: float, confidence: float = 0.95) -> Interval:
    """Score interval of a proportion.

    ``(p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)``.

    Counts are not whole where a share is worth n independent runs. Wilson (1927, JASA 22:209-212);
    Brown, Cai & DasGupta (2001, Statistical Science).

    ValueError if the count is not in 0..n or the confidence not in (0, 1).
    """
    if not n > 0.0 or not 0.0 <= successes <= n:
        raise ValueError(f"needs 0 <= successes <= n and n > 0, got {successes} of {n}")
    _check_confidence(confidence)
    # One line of `proportion_confint` of statsmodels, whose import takes half a second.
    share, quantile = successes / n, -special.ndtri((1.0 - confidence) / 2.0)
    squared = quantile**2
    scale = 1.0 + squared / n
    middle = (share + squared / (2.0 * n)) / scale
    reach = quantile * np.sqrt(share * (1.0 - share) / n + squared / (4.0 * n**2)) / scale
    return _exact_ends(successes, n, middle - reach, middle + reach)


def _exact_ends(count: float, n: float, lower: float, upper: float) -> Interval:
    """An interval of a share; statsmodels leaves its ends at 0 and 1 to rounding."""
    return Interval(0.0 if count == 0 else float(lower), 1.0 if count == n else float(upper))


def goodman_intervals(counts: Sequence[int], confidence: float = 0.95) -> list[Interval]:
    """Simultaneous intervals of multinomial shares (Goodman 1965, Technometrics 7:247-254).

    The score interval of each class with ``z^2 = chi2_1 quantile of 1 - (1-confidence)/k`` for
    k classes.

    ValueError if no class or no observation is given, or a count is negative.
    """
    from statsmodels.stats.proportion import multinomial_proportions_confint

    _check_confidence(confidence)
    n = sum(counts)
    if not counts or n < 1 or min(counts) < 0:
        raise ValueError("counts: needs at least one class, no negative count, at least one run")
    found = multinomial_proportions_confint(counts, 1.0 - confidence, method="goodman")
    return [_exact_ends(k, n, low, high) for k, (low, high) in zip(counts, found, strict=True)]


def _t_interval(mean: float, standard_error: float, df: int, confidence: float) -> Interval:
    """``mean -+ t_{df} * standard_error``; unbounded if there are no degrees of freedom."""
    if df < 1:
        return UNBOUNDED
    half = float(special.stdtrit(df, 0.5 + confidence / 2.0)) * standard_error
    return Interval(mean - half, mean + half)


def mean_interval(values: npt.ArrayLike, confidence: float = 0.95) -> MeanEstimate:
    """Mean, standard deviation (ddof 1) and t interval of one or more finite values."""
    _check_confidence(confidence)
    x = _values(values, "values")
    mean = float(x.mean())
    # A constant column must give exactly its value, whatever the rounding of the mean.
    if (x == x[0]).all():
        mean, sd = float(x[0]), 0.0
    else:
        sd = float(x.std(ddof=1))
    se = sd / math.sqrt(x.size)
    return MeanEstimate(mean, sd, int(x.size), _t_interval(mean, se, x.size - 1, confidence))


def _t_statistic(difference: float, standard_error: float) -> float:
    if standard_error > 0.0:
        return difference / standard_error
    return math.copysign(math.inf, difference) if difference else 0.0


def p_greater(values: npt.ArrayLike, margin: float = 0.0) -> float:
    """One-sided p-value of ``mean <= margin`` against ``mean > margin`` (t test).

    A single value says nothing: p is 1.
    """
    estimate = mean_interval(values)
    if estimate.n < 2:
        return 1.0
    t = _t_statistic(estimate.mean - margin, estimate.sd / math.sqrt(estimate.n))
    return float(special.stdtr(estimate.n - 1, -t))


def paired_comparison(
    on: npt.ArrayLike, off: npt.ArrayLike, confidence: float = 0.95
) -> PairedComparison:
    """Paired t analysis of ``tau = off - on``, (R,) outcomes of the same seeds in two worlds.

    ``variance_reduction = (var_on + var_off) / var_tau`` says how many times fewer runs the pairing
    needs than independent worlds; infinite if tau never varies, and correlation is NaN if one world
    never varies. Stout & Goldie (2008, Health Care Management Science 11:399-406); Law (2015),
    chapter 10.

    ValueError if lengths differ or a number is not finite.
    """
    x, y = _values(on, "on"), _values(off, "off")
    if x.size != y.size:
        raise ValueError(f"pairs: {x.size} values on but {y.size} off")
    tau = mean_interval(y - x, confidence)
    if tau.n < 2:
        return PairedComparison(tau.mean, tau.sd, 1, UNBOUNDED, 0.0, 1.0, math.nan, math.nan)
    t = _t_statistic(tau.mean, tau.sd / math.sqrt(tau.n))
    p = min(1.0, 2.0 * float(special.stdtr(tau.n - 1, -abs(t))))
    varying = bool(np.ptp(x) > 0.0 and np.ptp(y) > 0.0)
    correlation = float(np.corrcoef(x, y)[0, 1]) if varying else math.nan
    spread = float(x.var(ddof=1) + y.var(ddof=1))
    reduction = spread / tau.sd**2 if tau.sd**2 > 0.0 else math.inf
    return PairedComparison(tau.mean, tau.sd, tau.n, tau.interval, t, p, correlation, reduction)


def equivalence_test(values: npt.ArrayLike, margin: float, alpha: float = 0.05) -> Equivalence:
    """Two one-sided t tests at level alpha: the (1 - 2 alpha) interval inside -+ margin.

    Schuirmann (1987, J. Pharmacokinetics and Biopharmaceutics 15:657-680).

    ValueError if the margin is negative or alpha not in (0, 0.5).
    """
    if margin < 0.0 or not 0.0 < alpha < 0.5:
        raise ValueError("equivalence needs a margin >= 0 and alpha in (0, 0.5)")
    interval = mean_interval(values, 1.0 - 2.0 * alpha).interval
    return Equivalence(interval, -margin < interval.lower and interval.upper < margin)


def ratio_interval(
    numerator: npt.ArrayLike, denominator: npt.ArrayLike, confidence: float = 0.95
) -> tuple[float, Interval]:
    """Ratio of two means of paired values with Fieller's interval.

    The set of theta with ``(ybar - theta xbar)^2 <= t^2 var(y - theta x)/n``; unbounded if the
    mean of the denominator may be zero (Fieller 1954, JRSS B 16:175-185).

    ValueError if lengths differ or the mean of the denominator is zero.
    """
    _check_confidence(confidence)
    y, x = _values(numerator, "numerator"), _values(denominator, "denominator")
    if x.size != y.size or x.mean() == 0.0:
        raise ValueError("ratio: needs equally many values and a denominator that is not zero")
    n = x.size
    y_mean, x_mean = float(y.mean()), float(x.mean())
    ratio = y_mean / x_mean
    if n < 2:
        return ratio, UNBOUNDED
    covariance = np.cov(x, y) / n
    t2 = float(special.stdtrit(n - 1, 0.5 + confidence / 2.0)) ** 2
    a = x_mean**2 - t2 * float(covariance[0, 0])
    b = x_mean * y_mean - t2 * float(covariance[0, 1])
    c = y_mean**2 - t2 * float(covariance[1, 1])
    if a <= 0.0:
        return ratio, UNBOUNDED
    root = math.sqrt(max(0.0, b * b - a * c))
    return ratio, Interval((b - root) / a, (b + root) / a)


def ols_slope(values: npt.ArrayLike) -> FloatArray:
    """Least-squares slope on the month index, along the last axis.

    ``sum (t - tbar) y / sum (t - tbar)^2``; units of the values a month.

    ValueError if there are fewer than two months.
    """
    y = np.asarray(values, dtype=np.float64)
    if y.ndim < 1 or y.shape[-1] < 2:
        raise ValueError("a slope needs at least two months")
    t = np.arange(y.shape[-1], dtype=np.float64)
    t -= t.mean()
    # Centring first keeps a constant path at a slope of exactly zero.
    with np.errstate(under="ignore"):
        slope: FloatArray = np.asarray((y - y[..., :1]) @ t / (t @ t), dtype=np.float64)
    return slope


def runs_for_share_halfwidth(halfwidth: float) -> int:
    """Runs for a Wilson half-width at a share of one half: ``ceil((z/2h)^2 - z^2)``."""
    if halfwidth <= 0.0:
        raise ValueError("needs a positive half-width")
    return max(1, math.ceil((Z_95 / (2.0 * halfwidth)) ** 2 - Z_95**2))


def differ(values: npt.ArrayLike) -> bool:
    """Whether numbers differ by more than rounding, on the scale of the largest, 1 at least."""
    x = np.asarray(values, dtype=np.float64)
    return bool(np.ptp(x) > ROUNDING * max(1.0, float(np.abs(x).max())))


def bimodality_coefficient(values: npt.ArrayLike) -> float:
    """Sarle's coefficient ``(g1^2 + 1) / (g2 + 3 (n-1)^2 / ((n-2)(n-3)))``.

    Above 5/9, the value of the uniform law, the ensemble may hide two humps behind its mean.
    NaN for fewer than four values or a constant column (Pfister et al. 2013, Front. Psychol. 4).
    """
    x = _values(values, "values")
    n = x.size
    if n < 4 or not differ(x):
        return math.nan
    z = (x - x.mean()) / x.std()
    skewness = float((z**3).mean()) * math.sqrt(n * (n - 1)) / (n - 2)
    excess = (n - 1) * ((n + 1) * (float((z**4).mean()) - 3.0) + 6.0) / ((n - 2) * (n - 3))
    return (skewness**2 + 1.0) / (excess + 3.0 * (n - 1) ** 2 / ((n - 2) * (n - 3)))


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Holm step-down adjusted p-values (Holm 1979, Scandinavian Journal of Statistics 6:65-70).

    ``max over j <= i of min(1, (k - j + 1) p_(j))`` in ascending order; reject where it is at
    most alpha.

    ValueError if a p-value lies outside 0..1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    # Written so that NaN fails too.
    if p.ndim != 1 or p.size < 1 or not bool(((p >= 0.0) & (p <= 1.0)).all()):
        raise ValueError("p_values: needs a flat list of numbers between 0 and 1")
    # `multipletests` of statsmodels searches for garbage in each call, for a fifth of a second.
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


LOOKS = (30, 60, 120, 240)
"""Numbers of replicates at which a verdict may be read."""
ALPHA_SPENT = (0.005, 0.01, 0.015, 0.02)
"""Error that each look may spend; together the error of the whole plan (Bonferroni)."""


class Look(NamedTuple):
    """Where an ensemble of n replicates stands among the planned looks."""

    number: int
    """Look reached, counted from 1; 0 before the first."""
    planned: int | None
    alpha: float | None
    next_n: int | None
    """Replicates of the next look; None after the last."""
    note: str


def look_at(n: int) -> Look:
    """The planned look that n >= 1 replicates have reached, its error, and the next one."""
    if n < 1:
        raise ValueError("needs at least one replicate")
    number = sum(look <= n for look in LOOKS)
    next_n = LOOKS[number] if number < len(LOOKS) else None
    more = f"next look at {next_n}" if next_n else "no further look planned"
    if number == 0:
        return Look(0, None, None, next_n, f"before the first planned look; {more}")
    planned = LOOKS[number - 1]
    off = "" if planned == n else f", {n - planned} replicates past it"
    note = f"look {number} of {len(LOOKS)} at {planned} replicates{off}; {more}"
    return Look(number, planned, ALPHA_SPENT[number - 1], next_n, note)
