"""Sobol sensitivity: which inputs the variance of an outcome comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SobolDesign:
    """Points to evaluate for Sobol indices of D inputs.

    ``points`` (N (2 D + 2), D) holds, block after block of N rows, the sample A, the sample B,
    A with one column from B for each input, and B with one column from A for each input.
    """

    points: FloatArray

    @property
    def inputs(self) -> int:
        """Number of inputs D."""
        return int(self.points.shape[1])

    @property
    def base(self) -> int:
        """Size N of each of the two samples."""
        return len(self.points) // (2 * self.inputs + 2)


class SobolIndices(NamedTuple):
    """Parts of the variance of an outcome.

    ``first`` (D,) is the part of an input alone, ``total`` (D,) that of the input with all its
    interactions, ``second`` (D, D) that of each pair beyond the two alone (NaN on the diagonal).
    Estimates may leave 0..1 by their sampling error.
    """

    first: FloatArray
    total: FloatArray
    second: FloatArray
    mean: float
    variance: float


def sobol_design(bounds: npt.ArrayLike, base: int, rng: np.random.Generator) -> SobolDesign:
    """Saltelli's design over independent uniform inputs, from a scrambled Sobol sequence.

    Parameters
    ----------
    bounds
        (D, 2) lowest and highest value of each input, in its own units.
    base
        Size N of the two samples, a power of two.

    Raises
    ------
    ValueError
        If there are fewer than two inputs, a bound is not finite, an interval is empty or ``base``
        is no power of two.

    Notes
    -----
    Saltelli (2002, Computer Physics Communications 145:280-297).
    """
    from scipy.stats import qmc

    limits = np.asarray(bounds, dtype=np.float64)
    if limits.ndim != 2 or limits.shape[1] != 2 or len(limits) < 2:
        raise ValueError(f"bounds: needs (low, high) of two inputs or more, got {limits.shape}")
    if not np.isfinite(limits).all() or (limits[:, 0] >= limits[:, 1]).any():
        raise ValueError("bounds: every low must be finite and below its high")
    if base < 2 or base & (base - 1):
        raise ValueError(f"base: needs a power of two from 2 on, got {base}")
    size = len(limits)
    unit = qmc.Sobol(2 * size, rng=rng).random(base)
    scaled = limits[:, 0] + (limits[:, 1] - limits[:, 0]) * unit.reshape(base, 2, size)
    a, b = scaled[:, 0], scaled[:, 1]
    blocks = [a, b]
    for kept, lender in ((a, b), (b, a)):
        for i in range(size):
            mixed = kept.copy()
            mixed[:, i] = lender[:, i]
            blocks.append(mixed)
    return SobolDesign(np.concatenate(blocks))


def sobol_indices(design: SobolDesign, outcomes: npt.ArrayLike) -> SobolIndices:
    """Sobol indices from the outcomes at the points of a design.

    ``S_i = E[f_B (f_ABi - f_A)] / V``, ``ST_i = E[(f_A - f_ABi)^2] / 2V`` and
    ``S_ij = E[f_BAi f_ABj - f_A f_B] / V - S_i - S_j`` with V the variance over both samples.

    Parameters
    ----------
    outcomes
        (N (2 D + 2),) one number a point; average over seeds under common random numbers first.

    Raises
    ------
    ValueError
        If the number of outcomes is wrong, one is not finite or none differs from the others.

    Notes
    -----
    Sobol (2001, Mathematics and Computers in Simulation 55:271-280); Saltelli et al. (2010,
    Computer Physics Communications 181:259-270).
    """
    from scipy import stats

    values = np.asarray(outcomes, dtype=np.float64)
    size, base = design.inputs, design.base
    if values.shape != (len(design.points),):
        raise ValueError(f"outcomes: needs {len(design.points)} numbers, got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("outcomes: every number must be finite")
    mean, variance = float(values[: 2 * base].mean()), float(values[: 2 * base].var())
    if np.ptp(values[: 2 * base]) == 0.0:
        raise ValueError("outcomes: all are equal, so there is no variance to attribute")
    centred = (values - mean).reshape(2 * size + 2, base)
    a, b, ab, ba = centred[0], centred[1], centred[2 : size + 2], centred[size + 2 :]
    parts = {"f_A": a[None], "f_B": b[None], "f_AB": ab[:, None]}
    found = stats.sobol_indices(func=parts, n=base)
    first = np.asarray(found.first_order, dtype=np.float64)
    closed = (ba @ ab.T / base - (a * b).mean()) / variance
    second = (closed + closed.T) / 2 - first[:, None] - first[None, :]
    np.fill_diagonal(second, np.nan)
    total = np.asarray(found.total_order, dtype=np.float64)
    return SobolIndices(first, total, second, mean, variance)
