"""Identification: how well the moments tell the fitted numbers, and which they do not tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.evaluations import Evaluations
from sim.analysis.calibration.space import FitSpace, Values
from sim.analysis.calibration.targets import Moments

FloatArray = npt.NDArray[np.float64]

FLAT_BELOW = 3.0
"""A profile that rises less, in implausibility, does not tell the number."""
UNSEEN = 1e-8
"""Singular values below this part of the largest, and loadings below this, count as none."""
STIFFEST = 1e-3
"""Directions of the other numbers with less effect than this part of the largest are not moved."""
NEAR = 0.02
"""Points of a profile nearer to the optimum than this part of the range are left out."""


@dataclass(frozen=True)
class Precision:
    """Standard errors on the unit scale and correlations; infinite and NaN where unidentified."""

    errors: FloatArray
    correlations: FloatArray
    birge: float
    """Factor by which the errors are widened since misses pass the errors assumed and the noise."""


def precision(jacobian: FloatArray, misses: FloatArray, noise: FloatArray) -> Precision:
    """Gauss-Newton covariance of numbers fitted by least squares.

    ``A (I + N) A' B^2`` with ``A = (J'J)^-1 J'``, the noise N that seeds add, and the Birge ratio
    ``B^2 = max(1, r' (I + N)^-1 r / (T - P))``.

    Parameters
    ----------
    jacobian
        (T, P) change of the residuals, in standard errors of the record, per unit of a number.
    misses
        (T,) residuals at the optimum.
    noise
        (T,) variance that seeds add to the residuals: the record is one world, the simulated mean
        one of few.

    Notes
    -----
    Gourieroux & Monfort (1996), Simulation-Based Econometric Methods, section 2.3; Birge (1932,
    Physical Review 40:207-227).
    """
    count, width = jacobian.shape
    left, sizes, right = np.linalg.svd(jacobian, full_matrices=True)
    floor = UNSEEN * max(float(sizes.max(initial=0.0)), UNSEEN)
    rank = int((sizes > floor).sum())
    inverse = (right[:rank].T / sizes[:rank]) @ left[:, :rank].T
    freedom = count - rank
    birge = max(1.0, float(misses @ (misses / (1.0 + noise))) / freedom) if freedom > 0 else 1.0
    covariance = (inverse * (1.0 + noise)) @ inverse.T * birge
    hidden = np.any(np.abs(right[rank:]) > np.sqrt(UNSEEN), axis=0) if rank < width else None
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    size = np.outer(errors, errors)
    correlations = np.full((width, width), np.nan)
    np.divide(covariance, size, out=correlations, where=size > 0.0)
    if hidden is not None:
        errors = np.where(hidden, np.inf, errors)
        correlations[hidden, :] = correlations[:, hidden] = np.nan
    return Precision(errors, correlations, float(np.sqrt(birge)))


def slopes(
    values: Values,
    space: FitSpace,
    moments: Moments,
    evaluations: Evaluations,
    replicates: Sequence[int],
    step: float,
) -> FloatArray:
    """(T, P) central differences of the residuals on the unit scale, one-sided at the bounds.

    Raises
    ------
    SimError
        A run fails at a shifted point.
    """
    centre = space.unit(values)
    ends = []
    for index in range(len(centre)):
        for shift in (-step, step):
            moved = centre.copy()
            moved[index] = min(max(centre[index] + shift, 0.0), 1.0)
            ends.append(space.values(moved))
    evaluations.many(ends, replicates)
    columns = []
    for index, (low, high) in enumerate(zip(ends[::2], ends[1::2], strict=True)):
        below, above = (moments.misses(evaluations.at(end, replicates)) for end in (low, high))
        width = space.unit(high)[index] - space.unit(low)[index]
        columns.append((above - below) / width)
    return np.array(columns).T


@dataclass(frozen=True)
class Profile:
    """Least implausibility that a number can have at some values, the others free."""

    values: tuple[float, ...]
    implausibility: tuple[float, ...]
    """``sqrt(r'r - r'r at the optimum)``; infinite where runs fail."""

    @property
    def flat(self) -> bool:
        """Do all values of the range fit about as well?"""
        return max(self.implausibility, default=0.0) < FLAT_BELOW


@dataclass(frozen=True)
class _Spot:
    """A number held at a value, and where the others are tried."""

    index: int
    unit: FloatArray


def profiles(
    values: Values,
    jacobian: FloatArray,
    space: FitSpace,
    moments: Moments,
    evaluations: Evaluations,
    replicates: Sequence[int],
) -> list[Profile]:
    """Profile of each number at the ends of its range and half-way to them.

    The others stay, or go one, or two, Gauss-Newton steps towards the best they can do; the least
    misfit of the three counts, so that a profile is an upper bound.
    """
    centre = space.unit(values)
    base = moments.misses(evaluations.at(values, replicates))
    stay = list(_spots(centre))
    once = [
        _moved(spot, spot.unit, jacobian, base + _effect(spot, centre, jacobian)) for spot in stay
    ]
    found = evaluations.many([space.values(s.unit) for s in [*stay, *once]], replicates)
    misses = [None if isinstance(f, str) else moments.misses(f) for f in found]
    twice = [
        _moved(spot, spot.unit, jacobian, miss) if miss is not None else spot
        for spot, miss in zip(once, misses[len(stay) :], strict=True)
    ]
    more = evaluations.many([space.values(s.unit) for s in twice], replicates)
    misses += [None if isinstance(f, str) else moments.misses(f) for f in more]
    sums = np.array([np.inf if m is None else float(m @ m) for m in misses]).reshape(3, -1)
    rise = np.sqrt(np.maximum(sums.min(axis=0) - float(base @ base), 0.0))
    return [
        Profile(
            tuple(space.values(s.unit)[index] for s in stay if s.index == index),
            tuple(float(r) for s, r in zip(stay, rise, strict=True) if s.index == index),
        )
        for index in range(len(centre))
    ]


def _spots(centre: FloatArray) -> Iterator[_Spot]:
    for index, now in enumerate(centre):
        for unit in (0.0, now / 2.0, (1.0 + now) / 2.0, 1.0):
            if abs(unit - now) > NEAR:
                moved = centre.copy()
                moved[index] = unit
                yield _Spot(index, moved)


def _effect(spot: _Spot, centre: FloatArray, jacobian: FloatArray) -> FloatArray:
    return jacobian[:, spot.index] * (spot.unit[spot.index] - centre[spot.index])


def _moved(spot: _Spot, unit: FloatArray, jacobian: FloatArray, misses: FloatArray) -> _Spot:
    """The other numbers one Gauss-Newton step on, inside the bounds."""
    others = np.arange(jacobian.shape[1]) != spot.index
    moved = unit.copy()
    if others.any():
        step = np.linalg.lstsq(jacobian[:, others], -misses, rcond=STIFFEST)[0]
        moved[others] = np.clip(unit[others] + step, 0.0, 1.0)
    return _Spot(spot.index, moved)
