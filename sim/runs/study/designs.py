"""Designs: the values of all factors at every point."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import SimError
from sim.runs.study.schema import MOST_POINTS, Design, Factor, acting

FloatArray = npt.NDArray[np.float64]
Point = dict[str, Any]


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
    from SALib.sample import sobol

    limits = np.asarray(bounds, dtype=np.float64)
    if limits.ndim != 2 or limits.shape[1] != 2 or len(limits) < 2:
        raise ValueError(f"bounds: needs (low, high) of two inputs or more, got {limits.shape}")
    if not np.isfinite(limits).all() or (limits[:, 0] >= limits[:, 1]).any():
        raise ValueError("bounds: every low must be finite and below its high")
    if base < 2 or base & (base - 1):
        raise ValueError(f"base: needs a power of two from 2 on, got {base}")
    size = len(limits)
    sample = sobol.sample(_problem(limits.tolist()), base, seed=rng).reshape(base, -1, size)
    blocks = [0, 2 * size + 1, *range(1, 2 * size + 1)]  # SALib puts B behind the mixed ones
    return SobolDesign(sample[:, blocks].transpose(1, 0, 2).reshape(-1, size))


def _problem(bounds: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Inputs as SALib describes them."""
    names = [str(k) for k in range(len(bounds))]
    return {"num_vars": len(bounds), "names": names, "bounds": bounds}


def grid_points(factors: Sequence[Factor], base: Point, levels: int) -> list[Point]:
    """Every combination of values; factors that do not act at a point do not multiply it.

    SimError if there are too many.
    """
    points: list[Point] = [{}]
    for factor in factors:
        points = list(
            itertools.islice(_with(points, factor, factors, base, levels), MOST_POINTS + 1)
        )
        if len(points) > MOST_POINTS:
            raise SimError(f"design: a grid of more than {MOST_POINTS:,} points; lower the levels")
    return points


def _with(
    points: list[Point], factor: Factor, factors: Sequence[Factor], base: Point, levels: int
) -> Iterator[Point]:
    values = factor.grid(levels)
    moved = {other.path for other in factors}
    for point in points:
        if factor.acts(point, moved, base):
            yield from ({**point, factor.path: value} for value in values)
        else:
            yield point


def unit_sample(design: Design, factors: int) -> FloatArray:
    """Coordinates between 0 and 1, (points, factors), of a sampled design.

    SimError if the number of points or factors does not suit the kind.
    """
    from scipy.stats import qmc

    refuse_many(design, factors)
    rng = np.random.default_rng(design.seed)
    if design.kind == "latin_hypercube":
        sample: FloatArray = qmc.LatinHypercube(factors, rng=rng).random(design.points)
        return sample
    if design.kind == "morris":
        return _morris(design, factors)
    if design.points & (design.points - 1):
        below = 1 << (design.points.bit_length() - 1)
        raise SimError(
            f"design.points = {design.points}: sobol needs a power of two (nearest: {below}, "
            f"{2 * below})"
        )
    if not design.saltelli:
        sobol: FloatArray = qmc.Sobol(factors, rng=rng).random(design.points)
        return sobol
    if factors < 2 or design.points < 2:
        raise SimError("design.saltelli: needs two factors or more, and two points or more")
    return sobol_design([(0.0, 1.0)] * factors, design.points, rng).points


def refuse_many(design: Design, factors: int) -> None:
    """Refuse a sample of more points than are run. SimError says how many it would be."""
    by_factor = {"morris": factors + 1, "sobol": 2 * factors + 2 if design.saltelli else 1}
    points = design.points * by_factor.get(design.kind, 1)
    if points > MOST_POINTS:
        raise SimError(
            f"design.points = {design.points}: {points:,} points; at most {MOST_POINTS:,}"
        )


def _morris(design: Design, factors: int) -> FloatArray:
    from SALib.sample import morris

    if design.levels % 2 or design.points < 2:
        raise SimError("design: morris needs an even number of levels and two trajectories or more")
    problem = _problem([[0.0, 1.0]] * factors)
    seed = np.random.default_rng(design.seed)
    sample: FloatArray = morris.sample(problem, design.points, num_levels=design.levels, seed=seed)
    return sample


def sampled_points(
    design: Design, factors: Sequence[Factor], base: Point, order: Sequence[Factor]
) -> list[Point]:
    """Points of a sampled design; errors as `unit_sample`.

    `factors` come in the order of the file: factor k has column k of the sample. In `order`
    conditions name earlier factors; `base` holds the values of the scenario that they name.
    """
    return [
        acting(order, {f.path: f.at(float(u)) for f, u in zip(factors, row, strict=True)}, base)
        for row in unit_sample(design, len(factors))
    ]
