"""What a posterior teaches: number by number, direction by direction, figure by figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from sim.analysis.calibration.population import Observed
from sim.analysis.priors import Prior

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SHOWN = (0.05, 0.5, 0.95)
FLAT = 0.8
"""A direction that keeps this part of its prior variance is flat."""
LOADING = 0.3
"""Loadings below this do not name a direction."""


class Learnt(NamedTuple):
    """What the record taught about a number; ends and medians in the terms of its prior."""

    name: str
    prior: tuple[float, float, float]
    """5 %, median and 95 %."""
    posterior: tuple[float, float, float]
    taught: float
    """1 - variance after / before, on the scale on which the prior is standard normal."""
    shift: float
    """Mean of the posterior in standard deviations of the prior."""
    moved: bool
    """Whether proposals for it were adapted; the others were drawn from their prior."""


class Predicted(NamedTuple):
    """A recorded figure and what the posterior predicts for it, discrepancy and error included."""

    id: str
    metric: str
    entity: str
    period_end: str
    family: str
    recorded: float
    p05: float
    median: float
    p95: float
    p_value: float
    """Probability of a figure below the recorded one."""


def resample(
    weights: FloatArray, count: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Positions chosen by systematic resampling, each once, and how often each was chosen."""
    levels = (rng.random() + np.arange(count)) / count
    edges = np.cumsum(weights)
    found = np.searchsorted(edges / edges[-1], levels, side="right")
    taken, counts = np.unique(np.minimum(found, len(weights) - 1), return_counts=True)
    return taken.astype(np.int64), counts.astype(np.int64)


def quantiles(values: FloatArray, weights: FloatArray) -> tuple[float, float, float]:
    """5 %, median and 95 % of weighted values."""
    found = np.quantile(values, SHOWN, weights=weights, method="inverted_cdf")
    return (float(found[0]), float(found[1]), float(found[2]))


def learnt(
    priors: Sequence[Prior], scores: FloatArray, weights: FloatArray, moved: IntArray
) -> tuple[Learnt, ...]:
    """What weighted (n, D) normal scores say about each of D numbers."""
    means = weights @ scores
    variances = weights @ (scores - means) ** 2
    rows = []
    for index, prior in enumerate(priors):
        low, middle, high = quantiles(scores[:, index], weights)
        ends = [prior.law.quantile(float(p)) for p in ndtr(np.array([low, middle, high]))]
        before = [prior.law.quantile(p) for p in SHOWN]
        rows.append(
            Learnt(
                prior.name,
                (before[0], before[1], before[2]),
                (ends[0], ends[1], ends[2]),
                1.0 - float(variances[index]),
                float(means[index]),
                index in moved,
            )
        )
    return tuple(rows)


def flat_directions(
    names: Sequence[str], scores: FloatArray, weights: FloatArray, moved: IntArray
) -> list[dict[str, Any]]:
    """Directions of the moved numbers in which the posterior is about as wide as the prior.

    Eigenvectors of the posterior covariance of the normal scores whose variance is at least 0.8 of
    the prior's, the widest first, with their loadings above 0.3.
    """
    some = scores[:, moved]
    away = some - weights @ some
    sizes, vectors = np.linalg.eigh((away * weights[:, None]).T @ away)
    found = []
    for size, vector in zip(sizes[::-1], vectors.T[::-1], strict=True):
        if size < FLAT:
            break
        largest = vector[np.argmax(np.abs(vector))]
        pairs = zip(moved, vector * np.sign(largest), strict=True)
        loadings = {names[i]: float(x) for i, x in pairs if abs(x) >= LOADING}
        found.append({"variance": float(size), "loadings": loadings})
    return found


def predicted(
    observed: Observed, figures: FloatArray, weights: FloatArray, rng: np.random.Generator
) -> tuple[Predicted, ...]:
    """What weighted (n, T) figures predict for the record, error and discrepancy included.

    The p-value is ``sum_i w_i Phi((y - m_i) / s)``, in logarithms where the transform says so.
    """
    sound = weights > 0.0
    share = weights[sound] / weights[sound].sum()
    residuals = observed.residuals(figures[sound])
    noise = rng.standard_normal(residuals.shape) * observed.sigma
    rows = []
    for index, target in enumerate(observed.targets):
        p_value = float(share @ ndtr(-residuals[:, index] / observed.sigma[index]))
        ends = quantiles(residuals[:, index] + noise[:, index], share)
        low, middle, high = (observed.figure(index, residual) for residual in ends)
        rows.append(
            Predicted(
                target.id,
                target.metric,
                target.entity,
                target.period_end.isoformat(),
                observed.families[index],
                target.value,
                low,
                middle,
                high,
                p_value,
            )
        )
    return tuple(rows)
