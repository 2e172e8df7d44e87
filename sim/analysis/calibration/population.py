"""Population Monte Carlo on normal scores: proposals, importance weights, model discrepancy.

All uncertain numbers are written as normal scores ``z = Phi^-1(F(x))``, so that the prior is the
standard normal law in as many dimensions as there are numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.emulator import Emulated
from sim.analysis.calibration.targets import Target

FloatArray = npt.NDArray[np.float64]
Rng = np.random.Generator

PRIOR_PART = 0.1
"""Part of the proposals drawn from the prior, which keeps weights bounded (Hesterberg 1995)."""
CENTRES = 400
"""Kernels of a population at most."""
SMALLEST_FIGURE = 1e-12
SMALLEST_PART = 0.01
"""A simulated amount below this part of the recorded one, such as no tender won, counts as this."""
SMALLEST_ERROR = 1e-3
"""No recorded figure counts as more exact than this part of itself."""
SAMPLES_AT_ONCE = 2_000
DISCREPANCY = 0.05
"""Scale of the prior of the model discrepancy, relative to the figure."""
GRID = 200
MOST_OF_A_FAMILY = 8.0
"""Figures that a metric family counts as at most."""
ROUNDS = 2
"""Rounds in which weights and discrepancy are brought into agreement."""


def log_sum(logs: FloatArray, axis: int | None = None) -> Any:
    """``ln sum exp``; scipy's own checks take longer than the sum of a few hundred numbers."""
    top = logs.max(axis=axis, keepdims=True)
    total = np.log(np.exp(logs - top).sum(axis=axis))
    return total + (top.reshape(-1)[0] if axis is None else top.squeeze(axis))


def _log_normal(squares: FloatArray, dims: int) -> FloatArray:
    return np.asarray(-0.5 * squares - 0.5 * dims * np.log(2.0 * np.pi))


def log_prior(scores: FloatArray) -> FloatArray:
    """(n,) log density of the prior at (n, A) normal scores."""
    return _log_normal((scores**2).sum(axis=1), scores.shape[1])


@dataclass(frozen=True)
class WeightedScores:
    """Weighted scores whose kernel mixture, with a part of the prior, proposes the next ones.

    ``q(z) = (1 - e) sum_j w_j N(z; z_j, h^2 S) + e N(z; 0, I)`` with the weighted covariance S and
    ``h^2 = (4 / ((A + 2) n))^(2 / (A + 4))`` for effective size n. Beaumont et al. (2009) take 2 S,
    which in twelve dimensions wastes 97 of 100 proposals; the weights are theirs.
    """

    centres: FloatArray
    weights: FloatArray
    root: FloatArray
    """(A, A) lower Cholesky factor of the kernel's covariance."""

    @classmethod
    def of(cls, scores: FloatArray, weights: FloatArray) -> WeightedScores:
        """A population of (n, A) scores with (n,) weights: 400 centres in proportion to them."""
        share = weights / weights.sum()
        dims = scores.shape[1]
        size = 1.0 / float((share**2).sum())
        moved = scores - share @ scores
        covariance = (moved * share[:, None]).T @ moved
        # A few draws may lie in a plane; the floor keeps the kernel whole.
        covariance += 1e-4 * np.eye(dims)
        width = (4.0 / ((dims + 2.0) * max(size, 2.0))) ** (2.0 / (dims + 4.0))
        levels = (np.arange(CENTRES) + 0.5) / CENTRES
        edges = np.cumsum(share)
        found = np.minimum(np.searchsorted(edges / edges[-1], levels), len(share) - 1)
        kept, counts = np.unique(found, return_counts=True)
        return cls(scores[kept], counts / CENTRES, np.linalg.cholesky(width * covariance))

    def draws(self, count: int, rng: Rng) -> FloatArray:
        """(count, A) proposals."""
        dims = self.centres.shape[1]
        parents = rng.choice(len(self.centres), size=count, p=self.weights)
        noise = rng.standard_normal((count, dims))
        near = self.centres[parents] + noise @ self.root.T
        wide = rng.random(count) < PRIOR_PART
        return np.where(wide[:, None], rng.standard_normal((count, dims)), near)

    def log_density(self, scores: FloatArray) -> FloatArray:
        """(n,) log of q at (n, A) scores."""
        from scipy.linalg import solve_triangular

        dims = scores.shape[1]
        own = solve_triangular(self.root, self.centres.T, lower=True)
        scale = float(np.log(np.diag(self.root)).sum())
        logs = np.log(self.weights)[:, None]
        parts = []
        for first in range(0, len(scores), SAMPLES_AT_ONCE):
            some = scores[first : first + SAMPLES_AT_ONCE]
            there = solve_triangular(self.root, some.T, lower=True)
            squares = (own**2).sum(axis=0)[:, None] + (there**2).sum(axis=0) - 2.0 * own.T @ there
            near = log_sum(logs + _log_normal(np.maximum(squares, 0.0), dims) - scale, axis=0)
            wide = log_prior(some)
            parts.append(np.logaddexp(near + np.log1p(-PRIOR_PART), wide + np.log(PRIOR_PART)))
        return np.concatenate(parts)


def log_ratio(
    scores: FloatArray, proposals: Sequence[tuple[WeightedScores | None, int]]
) -> FloatArray:
    """(n,) log of prior over the mixture of all proposals, of which each gave so many scores.

    None is the prior. All simulations count, whichever proposal they come from (Cornuet, Marin,
    Mira & Robert 2012, Scandinavian Journal of Statistics 39:798-812).
    """
    prior = log_prior(scores)
    total = sum(count for _, count in proposals)
    parts = [
        (prior if source is None else source.log_density(scores)) + np.log(count / total)
        for source, count in proposals
    ]
    return np.asarray(prior - log_sum(np.array(parts), axis=0))


def effective_size(logs: FloatArray) -> float:
    """``(sum w)^2 / sum w^2`` of weights given by their logarithms; 0 without any."""
    if not np.isfinite(logs).any():
        return 0.0
    return float(np.exp(2.0 * log_sum(logs) - log_sum(2.0 * logs)))


def tempered(base: FloatArray, misfit: FloatArray, wanted: float) -> tuple[FloatArray, float]:
    """Weights ``exp(base - misfit / (2 T))`` with the least T >= 1 that leaves enough of them.

    Parameters
    ----------
    base, misfit
        (n,) log of prior over proposal, and minus twice the log likelihood; infinite where a run
        failed.
    wanted
        Effective size that T is raised for.

    Returns
    -------
    (n,) weights that sum to 1, and T.
    """

    def logs(log_heat: float) -> FloatArray:
        return base - 0.5 * misfit * np.exp(-log_heat)

    low, high = 0.0, 0.0
    if effective_size(logs(0.0)) < wanted:
        high = 20.0
        for _ in range(50):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if effective_size(logs(middle)) >= wanted else (middle, high)
    found = logs(high)
    return np.exp(found - log_sum(found)), float(np.exp(high))


@dataclass(frozen=True)
class Observed:
    """T recorded figures as normal variables: what they are, their error, the model's discrepancy.

    Residuals, errors and discrepancies are in the figure's unit, or in logarithms where the
    target's transform says so.
    """

    targets: tuple[Target, ...]
    discrepancy: FloatArray
    """(T,) standard deviation of what the model cannot reach at any numbers."""

    @classmethod
    def of(cls, targets: Sequence[Target]) -> Observed:
        """Targets before the discrepancy is estimated: twice the scale of its prior."""
        return cls(tuple(targets), np.array([2.0 * _start(target) for target in targets]))

    @property
    def errors(self) -> FloatArray:
        """(T,) standard deviations of the recorded figures."""
        return np.array([_error(target) for target in self.targets])

    @property
    def families(self) -> tuple[str, ...]:
        """(T,) metric family of each figure."""
        return tuple(_family(target) for target in self.targets)

    @property
    def sigma(self) -> FloatArray:
        """(T,) error and discrepancy together."""
        return np.sqrt(self.errors**2 + self.discrepancy**2)

    def residuals(self, figures: FloatArray) -> FloatArray:
        """(..., T) simulated minus recorded, in logarithms where the transform says so."""
        logs = np.array([_logs(target) for target in self.targets])
        recorded = np.array([target.value for target in self.targets])
        part = np.where(logs, figures, 1.0) / np.where(logs, recorded, 1.0)
        found = np.where(logs, np.log(np.maximum(part, SMALLEST_PART)), figures - recorded)
        return np.where(np.isnan(figures), np.nan, found)

    def figure(self, index: int, residual: float) -> float:
        """The figure, in its unit, that has a residual."""
        target = self.targets[index]
        return target.value * float(np.exp(residual)) if _logs(target) else target.value + residual

    def misfit(self, smooth: Emulated, kept: npt.NDArray[np.bool_] | None = None) -> FloatArray:
        """(n,) minus twice the log likelihood of the figures that are kept, None = all.

        Emulator and seeds have the covariance that the emulator tells; error and discrepancy are
        independent from figure to figure, but a family shares its error: it counts as at most eight
        figures, so that in a larger one each figure's variance is that much larger.
        """
        counts = np.array([self.families.count(family) for family in self.families])
        weight = np.minimum(1.0, MOST_OF_A_FAMILY / counts)
        everything = np.ones(len(self.targets), dtype=bool)
        independent = (self.sigma / smooth.scale) ** 2 / weight
        return smooth.misfit(independent, everything if kept is None else kept)

    def groups(self) -> list[tuple[tuple[str, str, str], npt.NDArray[np.int64]]]:
        """Figures of one family, transform and unit, which share a discrepancy."""
        keys = [(_family(t), t.transform, _unit(t)) for t in self.targets]
        return [
            (key, np.array([i for i, other in enumerate(keys) if other == key]))
            for key in sorted(set(keys))
        ]

    def estimated(
        self,
        base: FloatArray,
        residuals: FloatArray,
        smooth: Emulated,
        wanted: float,
    ) -> Observed:
        """The targets with the discrepancy that leaving figures out shows.

        Each part of the record in turn is predicted from weights of the rest alone: one family, or
        one family in one period. The mean residual b of a figure, its recorded error e and the
        predictive variance v give the likelihood ``N(b; 0, v + e^2 + d^2)`` of the discrepancy d of
        its group; a family that is left out counts as one figure. The prior of d is half-Cauchy
        with a scale of 5 % of the figures (Gelman 2006, Bayesian Analysis 1:515-534), and d is the
        median of the posterior: a part that the rest does not predict says nothing of d.

        Parameters
        ----------
        base
            (n,) log of prior over proposal of the simulations.
        residuals
            (n, T) residuals of the simulations; NaN rows where runs failed.
        smooth
            The same as the emulator sees them.
        wanted
            Effective size below which the weights of the rest are tempered.
        """
        now = self
        for _ in range(ROUNDS):
            now = now._once(base, residuals, smooth, wanted)
        return now

    def _once(
        self,
        base: FloatArray,
        residuals: FloatArray,
        smooth: Emulated,
        wanted: float,
    ) -> Observed:
        families = self.families
        periods = [f"{f} {t.period_end}" for f, t in zip(families, self.targets, strict=True)]
        by_family = self._left_out(np.array(families), base, residuals, smooth, wanted)
        by_period = self._left_out(np.array(periods), base, residuals, smooth, wanted)
        found = np.zeros(len(self.targets))
        for _, members in self.groups():
            scale = float(np.mean([_start(self.targets[t]) for t in members]))
            grid = scale * np.logspace(-2.0, 2.0, GRID)
            # Half-Cauchy in d, which on a grid of ln d takes the factor d.
            logs = np.log(grid / (1.0 + (grid / scale) ** 2))
            for (mean, spread), share in ((by_family, 1.0 / len(members)), (by_period, 1.0)):
                known = (spread + self.errors**2)[members]
                variance = known[:, None] + grid**2
                parts = mean[members, None] ** 2 / variance + np.log(variance)
                logs = logs - 0.5 * share * parts.sum(axis=0)
            weights = np.cumsum(np.exp(logs - log_sum(logs)))
            found[members] = grid[int(np.searchsorted(weights, 0.5 * weights[-1]))]
        return replace(self, discrepancy=found)

    def _left_out(
        self,
        parts: npt.NDArray[np.str_],
        base: FloatArray,
        residuals: FloatArray,
        smooth: Emulated,
        wanted: float,
    ) -> tuple[FloatArray, FloatArray]:
        """(T,) mean and variance of the residual of each figure, predicted without its part."""
        means, spreads = np.zeros(len(self.targets)), np.zeros(len(self.targets))
        failed = np.isnan(residuals).any(axis=1)
        for part in np.unique(parts):
            own = parts == part
            rest = np.where(failed, np.inf, self.misfit(smooth, ~own))
            weights, _ = tempered(base, rest, wanted)
            sound = weights > 0.0
            some, share = residuals[sound][:, own], weights[sound]
            means[own] = share @ some
            spreads[own] = share @ (some - means[own]) ** 2
        return means, spreads

    def as_rows(self) -> list[dict[str, Any]]:
        """The discrepancy of each group as plain values."""
        return [
            {
                "family": family,
                "transform": transform,
                "unit": unit,
                "figures": len(members),
                "sd": float(self.discrepancy[members[0]]),
            }
            for (family, transform, unit), members in self.groups()
        ]


def _start(target: Target) -> float:
    """Scale of the prior of the discrepancy, in logarithms where the transform says so."""
    return DISCREPANCY * (1.0 if _logs(target) else max(abs(target.value), SMALLEST_FIGURE))


def _family(target: Target) -> str:
    return target.family or target.metric


def _logs(target: Target) -> bool:
    return target.transform == "log" and target.value > 0.0


def _unit(target: Target) -> str:
    return "1" if _logs(target) else target.unit


def _error(target: Target) -> float:
    """Standard deviation of the recorded figure, in logarithms where the transform says so."""
    size = abs(target.value)
    error = max(target.error, SMALLEST_ERROR * size, SMALLEST_FIGURE)
    return error / size if _logs(target) else error
