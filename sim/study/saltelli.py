"""Saltelli's design: the points from which Sobol indices of all orders up to two are computed."""

from __future__ import annotations

from dataclasses import dataclass

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
