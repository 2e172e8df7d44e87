"""History matching: a Gaussian-process emulator of the figures, and where it is implausible."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

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
SHRUNK = 0.99
"""Correlations of nuggets count in this part, which keeps their matrix positive definite."""
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


class Emulated(NamedTuple):
    """What an emulator says of T figures at n points: normal, with one covariance at each.

    ``S_i = B' s_i A s_i B + diag(rest)``: what K components do together, seeds included, and what
    no component holds. One seed moves a figure in all periods, and a component does, too.
    """

    scale: FloatArray
    """(T,) units of the residuals."""
    mean: FloatArray
    """(n, T) residuals without the chance of their seeds, in units of `scale`."""
    spread: FloatArray
    """(n, K) standard deviations s of the components."""
    basis: FloatArray
    """(K, T) figures B that go with a component of 1."""
    alike: FloatArray
    """(K, K) correlation A of the components."""
    rest: FloatArray
    """(T,) variance of what no component holds."""

    @property
    def variance(self) -> FloatArray:
        """(n, T) variance of each figure alone."""
        moved = self.spread[:, :, None] * self.basis
        return np.asarray((moved * (self.alike @ moved)).sum(axis=1) + self.rest)

    def misfit(self, independent: FloatArray, kept: npt.NDArray[np.bool_]) -> FloatArray:
        """(n,) minus twice the log density, but for a constant, of residuals of 0.

        ``m' C^-1 m + ln |C|`` with ``C = S + diag(independent)``, over the figures that are kept.
        It is computed on K x K matrices, by the identities of Woodbury and Sylvester.

        Parameters
        ----------
        independent
            (T,) variance that each figure has beside S, in units of `scale` squared.
        """
        alone = (self.rest + independent)[kept]
        basis, mean = self.basis[:, kept], self.mean[:, kept]
        told = self.spread * (mean / alone @ basis.T)
        shared = self.spread[:, :, None] * (basis / alone @ basis.T) * self.spread[:, None, :]
        inner = np.linalg.inv(self.alike) + shared
        less = (told * np.linalg.solve(inner, told[:, :, None])[:, :, 0]).sum(axis=1)
        size = np.linalg.slogdet(inner)[1] + np.linalg.slogdet(self.alike)[1]
        return np.asarray((mean**2 / alone).sum(axis=1) - less + np.log(alone).sum() + size)


class Emulator:
    """Mean and covariance of compressed, standardised residuals between the simulated points.

    The figures are written in principal components; each is a linear trend and a Gaussian process
    with one length scale a number and a nugget for what seeds and the other numbers add. What the
    processes leave at their own points shows how the nuggets go together.

    Notes
    -----
    Higdon, Gattiker, Williams & Rightley (2008, JASA 103:570-583).
    """

    def __init__(self, scores: FloatArray, residuals: FloatArray, scale: FloatArray) -> None:
        self._scale = scale
        figures = compressed(residuals / scale)
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
        cube = _cube(scores)
        self._processes = [_process(cube, column) for column in leftover.T]
        smooth = np.array([process.predict(cube) for process in self._processes])
        self._alike = _correlation(leftover.T - smooth)

    def predict(self, scores: FloatArray) -> Emulated:
        """The figures at (n, A) scores."""
        parts = _linear(scores) @ self._trend
        spread = np.empty_like(parts)
        for k, process in enumerate(self._processes):
            mean, spread[:, k] = process.predict(_cube(scores), return_std=True)
            parts[:, k] += mean
        mean = self._mean + parts @ self._basis
        return Emulated(self._scale, mean, spread, self._basis, self._alike, self._rest)


def ruled_out_by(implausibility: FloatArray) -> FloatArray:
    """(n,) largest implausibility of (n, T), leaving out one figure in twenty.

    Implausibility is ``|E r| / sqrt(V + e^2 + d^2)`` with the variance V of emulator and seeds
    (Vernon, Goldstein & Bower 2010, Bayesian Analysis 5:619-669).
    """
    count = implausibility.shape[1]
    return np.asarray(np.sort(implausibility, axis=1)[:, count - 1 - count // 20])


def _correlation(values: FloatArray) -> FloatArray:
    """(K, K) correlation of (K, n) values; a row without spread goes with none."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.maximum(length, 1e-300)
    found = SHRUNK * (unit @ unit.T)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


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
