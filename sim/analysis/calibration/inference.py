"""Inference from simulations: approximate posteriors, moment distances, history matching."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class MomentDistance(NamedTuple):
    """Efficiently weighted distance ``J`` of simulated to observed moments and its p-value."""

    statistic: float
    p_value: float


class AbcPosterior(NamedTuple):
    """Weighted draws (n, P) from an approximate posterior; weights (n,) add to one."""

    draws: FloatArray
    weights: FloatArray

    def mean(self) -> FloatArray:
        """Posterior mean (P,) in the units of the parameters."""
        return np.asarray(self.weights @ self.draws)

    def sd(self) -> FloatArray:
        """Posterior standard deviation (P,)."""
        return np.asarray(np.sqrt(self.weights @ (self.draws - self.mean()) ** 2))

    def quantile(self, level: float) -> FloatArray:
        """Posterior quantile (P,) at a level in [0, 1].

        Raises
        ------
        ValueError
            If the level lies outside [0, 1].
        """
        if not 0.0 <= level <= 1.0:
            raise ValueError(f"level must lie in [0, 1], got {level}")
        order = np.argsort(self.draws, axis=0)
        ranked = np.take_along_axis(self.draws, order, axis=0)
        mass = self.weights[order]
        # Each draw stands at the middle of its own mass.
        middle = np.cumsum(mass, axis=0) - mass / 2
        columns = range(self.draws.shape[1])
        return np.array([np.interp(level, middle[:, k], ranked[:, k]) for k in columns])


def abc_posterior(
    parameters: npt.ArrayLike,
    summaries: npt.ArrayLike,
    observed: npt.ArrayLike,
    accept: float,
) -> AbcPosterior:
    """Approximate Bayesian computation by rejection with local-linear adjustment.

    Keeps the draws whose summaries, each scaled by its median absolute deviation, lie nearest to
    the observed ones, weighs them by Epanechnikov's kernel ``1 - (d / d_max)^2``, and moves them
    along the weighted regression on the summaries: ``theta - (s - s_obs) beta``. Exact for
    linear relations with constant noise.

    Parameters
    ----------
    parameters
        (N, P) draws from the prior.
    summaries
        (N, S) summaries of one simulation a draw.
    observed
        (S,) the same summaries of the data.
    accept
        Part of the draws to keep, in (0, 1].

    Raises
    ------
    ValueError
        If shapes disagree, a number is not finite, a summary never varies, or fewer draws are
        kept than the regression needs.

    Notes
    -----
    Beaumont, Zhang & Balding (2002, Genetics 162:2025-2035).
    """
    theta, stats = _table("parameters", parameters), _table("summaries", summaries)
    target = _table("observed", np.asarray(observed, dtype=np.float64)[None])[0]
    if len(theta) != len(stats) or stats.shape[1:] != target.shape:
        raise ValueError("parameters, summaries and observed do not fit together")
    keep = math.ceil(accept * len(theta)) if 0.0 < accept <= 1.0 else 0
    if keep < stats.shape[1] + 3:
        raise ValueError(f"accept = {accept} keeps too few of {len(theta)} draws")
    scale = np.median(np.abs(stats - np.median(stats, axis=0)), axis=0)
    if not (scale > 0.0).all():
        raise ValueError("summaries: one hardly varies, so draws cannot be told apart by it")
    away = (stats - target) / scale
    distance = np.sqrt((away**2).sum(axis=1))
    near = np.argpartition(distance, keep - 1)[:keep]
    farthest = float(distance[near].max())
    kernel = 1.0 - (distance[near] / farthest) ** 2 if farthest > 0.0 else np.ones(keep)
    design = np.column_stack([np.ones(keep), away[near]])
    root = np.sqrt(kernel)[:, None]
    slopes = np.linalg.lstsq(design * root, theta[near] * root, rcond=None)[0][1:]
    return AbcPosterior(theta[near] - away[near] @ slopes, kernel / kernel.sum())


def weighted_distance(
    observed: npt.ArrayLike, simulated: npt.ArrayLike, weights: npt.ArrayLike
) -> float:
    """Objective of the simulated method of moments, ``J = sum_k w_k g_k^2``.

    Parameters
    ----------
    observed
        (K,) moments of the data.
    simulated
        (R, K) moments of R seeds; ``g = observed - mean over seeds``.
    weights
        (K,) non-negative, in one over the squared units of the moments.

    Raises
    ------
    ValueError
        If shapes disagree or a weight is negative.

    Notes
    -----
    McFadden (1989, Econometrica 57:995-1026); Grazzini & Richiardi (2015, JEDC 51:148-165).
    """
    gap, _ = _gap(observed, simulated)
    scale = np.asarray(weights, dtype=np.float64)
    if scale.shape != gap.shape or not (scale >= 0.0).all():
        raise ValueError(f"weights: needs {gap.size} numbers >= 0")
    return float(scale @ gap**2)


def efficient_distance(observed: npt.ArrayLike, simulated: npt.ArrayLike) -> MomentDistance:
    """Distance ``J = g' [Omega (1 + 1/R)]^-1 g`` and its chi-squared p-value with K degrees.

    Omega is the covariance between seeds (ddof 1), so that J judges the data as one more draw of
    the model; the degrees count no fitted parameter.

    Parameters
    ----------
    observed, simulated
        As `weighted_distance`; needs more seeds than moments.

    Raises
    ------
    ValueError
        If shapes disagree or the covariance between seeds is singular.

    Notes
    -----
    McFadden (1989, Econometrica 57:995-1026); Grazzini & Richiardi (2015, JEDC 51:148-165).
    """
    from scipy.special import chdtrc

    gap, table = _gap(observed, simulated)
    seeds, moments = table.shape
    if seeds <= moments:
        raise ValueError(f"simulated: {moments} moments need more than {seeds} seeds")
    omega = np.atleast_2d(np.cov(table, rowvar=False, ddof=1))
    if np.linalg.matrix_rank(omega) < moments:
        raise ValueError("simulated: the covariance between seeds is singular")
    statistic = float(gap @ np.linalg.solve(omega * (1.0 + 1.0 / seeds), gap))
    return MomentDistance(statistic, float(chdtrc(moments, statistic)))


def implausibility(
    observed: npt.ArrayLike, simulated: npt.ArrayLike, extra_variance: npt.ArrayLike = 0.0
) -> FloatArray:
    """Implausibility of each moment, ``I_k = |g_k| / sqrt(Omega_kk + extra)``, (K,).

    Parameters
    ----------
    observed, simulated
        As `weighted_distance`; needs two seeds or more.
    extra_variance
        Variance of observation and model error, a number or (K,), in squared units.

    Raises
    ------
    ValueError
        If shapes disagree, there is one seed only or a moment has no variance at all.

    Notes
    -----
    Craig, Goldstein, Seheult & Smith (1997); Vernon, Goldstein & Bower (2010, Bayesian Analysis
    5:619-669), who rule out above 3.
    """
    gap, table = _gap(observed, simulated)
    if len(table) < 2:
        raise ValueError("simulated: needs two seeds or more")
    variance = table.var(axis=0, ddof=1) + np.asarray(extra_variance, dtype=np.float64)
    if variance.shape != gap.shape or not (variance > 0.0).all():
        raise ValueError("every moment needs a positive variance")
    return np.asarray(np.abs(gap) / np.sqrt(variance))


def _gap(observed: npt.ArrayLike, simulated: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    table = _table("simulated", simulated)
    target = _table("observed", np.asarray(observed, dtype=np.float64)[None])[0]
    if target.shape != table.shape[1:]:
        raise ValueError(f"{target.size} observed but {table.shape[1]} simulated moments")
    return target - table.mean(axis=0), table


def _table(name: str, values: npt.ArrayLike) -> FloatArray:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise ValueError(f"{name}: needs a finite table, got shape {table.shape}")
    return table
