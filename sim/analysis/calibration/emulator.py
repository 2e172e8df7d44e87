"""History matching: a Gaussian-process emulator of the figures, and where it is implausible."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import SimError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NO_EXTRA = "a posterior needs the extra: pip install 'sim[calibrate]'"
COMPONENTS = 8
"""Principal components of the figures that are emulated at most."""
EXPLAINED = 0.99
"""Part of the variance after which no further component is taken."""
NEAR = 3.0
"""Residuals up to here are emulated nearly as they are."""
TUNED_ON = 150
"""Points on which length scales are chosen; all points then condition the emulator."""
TRAINED_ON = 800
"""Points that condition an emulator at most: three quarters of them the most plausible ones."""
IMPLAUSIBLE = 3.0
"""Three standard deviations hold 95 % of any unimodal law (Pukelsheim 1994)."""
FREE_NUMBERS = (8, 14)
"""Numbers that an inference moves at least and at most, if there are so many."""
NOISE = 4.0
"""A number is moved if its effect is this many times what chance alone shows."""


def latin_hypercube(count: int, dims: int, rng: np.random.Generator) -> FloatArray:
    """(count, dims) points of the open unit cube, one in each of count slices of every axis."""
    slices = np.array([rng.permutation(count) for _ in range(dims)]).T.reshape(count, dims)
    return (slices + rng.uniform(0.01, 0.99, (count, dims))) / count


def compressed(residuals: FloatArray) -> FloatArray:
    """``3 asinh(r / 3)``: r near the record, a logarithm far from it, where detail is idle."""
    return np.asarray(NEAR * np.arcsinh(residuals / NEAR))


def effects(scores: FloatArray, residuals: FloatArray) -> FloatArray:
    """(D,) share of the variance of the figures that each number explains alone.

    Parameters
    ----------
    scores
        (n, D) normal scores of a design over the prior.
    residuals
        (n, T) standardised residuals.

    Notes
    -----
    Sum over principal components of the squared correlations with z and z^2 - 1, weighted by the
    variance of each component.
    """
    figures = compressed(residuals)
    left, sizes, _ = np.linalg.svd(figures - figures.mean(axis=0), full_matrices=False)
    share = sizes**2 / max(float((sizes**2).sum()), 1e-300)
    total = np.zeros(scores.shape[1])
    for form in (scores, scores**2 - 1.0):
        moved = form - form.mean(axis=0)
        length = np.linalg.norm(moved, axis=0)
        total += ((left.T @ (moved / np.maximum(length, 1e-300))) ** 2).T @ share
    return total


def moved_numbers(
    scores: FloatArray, residuals: FloatArray, declared: npt.NDArray[np.bool_]
) -> IntArray:
    """Positions of the numbers that the record speaks of; the others keep their prior.

    Those that the scenario declares as fitted come first, (D,) true.
    """
    least, most = FREE_NUMBERS
    found = effects(scores, residuals) + np.where(declared, 2.0, 0.0)
    seen = int((found > NOISE * 2.0 / len(scores)).sum())
    count = min(max(seen, least), most, len(found))
    return np.sort(np.argsort(-found, kind="stable")[:count])


class Emulator:
    """Mean and variance of compressed, standardised residuals between the simulated points.

    The figures are written in principal components; each is a linear trend and a Gaussian process
    with one length scale a number and a nugget for what seeds and the other numbers add.

    Notes
    -----
    Higdon, Gattiker, Williams & Rightley (2008, JASA 103:570-583).
    """

    def __init__(self, scores: FloatArray, residuals: FloatArray) -> None:
        figures = compressed(residuals)
        order = np.argsort(np.abs(figures).sum(axis=1), kind="stable")
        near, far = np.split(order, [TRAINED_ON * 3 // 4])
        kept = np.sort(np.concatenate([near, far[:: 1 + 4 * len(far) // TRAINED_ON]]))
        scores, figures = scores[kept], figures[kept]
        self._mean = figures.mean(axis=0)
        left, sizes, right = np.linalg.svd(figures - self._mean, full_matrices=False)
        share = np.cumsum(sizes**2) / max(float((sizes**2).sum()), 1e-300)
        count = min(COMPONENTS, int(np.searchsorted(share, EXPLAINED)) + 1, len(sizes))
        self._basis = right[:count]
        parts = left[:, :count] * sizes[:count]
        self._rest = ((figures - self._mean - parts @ self._basis) ** 2).mean(axis=0)
        self._trend = np.linalg.lstsq(_linear(scores), parts, rcond=1e-8)[0]
        leftover = parts - _linear(scores) @ self._trend
        self._processes = [_process(_cube(scores), column) for column in leftover.T]

    def predict(self, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n, T) means and variances at (n, A) scores, seeds included."""
        means = _linear(scores) @ self._trend
        variances = np.zeros_like(means)
        for k, process in enumerate(self._processes):
            mean, deviation = process.predict(_cube(scores), return_std=True)
            means[:, k] += mean
            variances[:, k] = deviation**2
        return self._mean + means @ self._basis, variances @ self._basis**2 + self._rest


def ruled_out_by(implausibility: FloatArray) -> FloatArray:
    """(n,) largest implausibility of (n, T), leaving out one figure in twenty.

    Implausibility is ``|E r| / sqrt(V + e^2 + d^2)`` with the variance V of emulator and seeds
    (Vernon, Goldstein & Bower 2010, Bayesian Analysis 5:619-669).
    """
    count = implausibility.shape[1]
    return np.asarray(np.sort(implausibility, axis=1)[:, count - 1 - count // 20])


def _linear(scores: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(scores)), scores])


def _cube(scores: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    return np.asarray(ndtr(scores))


def _process(points: FloatArray, values: FloatArray) -> Any:
    try:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    except ImportError as error:
        raise SimError(NO_EXTRA) from error
    kernel = ConstantKernel(1.0, (1e-3, 1e3)) * RBF(
        np.ones(points.shape[1]), (0.1, 30.0)
    ) + WhiteKernel(0.3, (1e-4, 10.0))
    step = -(-len(points) // TUNED_ON)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a length scale at its bound is no number that matters
        tuned = GaussianProcessRegressor(kernel, normalize_y=True)
        tuned.fit(points[::step], values[::step])
        process = GaussianProcessRegressor(tuned.kernel_, optimizer=None, normalize_y=True)
        return process.fit(points, values)
