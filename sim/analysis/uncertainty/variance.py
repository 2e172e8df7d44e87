"""Sobol indices with the seed as one of the factors, and their bootstrap intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import Estimate
from sim.analysis.uncertainty.exploring import TITLES, Budget, Explored, bases_of, explore
from sim.analysis.uncertainty.exploring import outcomes_of as outcomes_of_runs
from sim.analysis.uncertainty.findings import Finding
from sim.analysis.uncertainty.unknowns import Unknowns
from sim.errors import SimError
from sim.runs.study.designs import sobol_design

Floats = npt.NDArray[np.float64]
SEED = "seed"
RESAMPLES = 1_000
INTERVAL = "bootstrap over base points, 95 %"
NAMED_FROM = 0.1
"""Total index from which an unknown is named in the conclusion."""


class SeededIndices(NamedTuple):
    """Parts of the variance: ``first`` and ``total`` (D + 1,), the seed last; it is NaN for R = 1.

    ``first_draws`` and ``total_draws`` (B, D + 1) are those of bootstrap resamples.
    """

    first: Floats
    total: Floats
    variance: float
    mean: float
    first_draws: Floats
    total_draws: Floats


def seeded_indices(outcomes: npt.ArrayLike, resamples: int = RESAMPLES) -> SeededIndices:
    """Sobol indices of D unknowns and the seed from runs under common random numbers.

    Every point of the samples A, B and A with column i of B is run with the same R seeds, so the
    seed is a factor that is enumerated. With r and r' two different seeds::

        V S_i   = E f(B, r) [f(AB_i, r') - f(A, r')]
        V ST_i  = E [f(A, r) - f(AB_i, r)]^2 / 2
        V S_seed  = E cov_r(f(A, r), f(B, r)),   V ST_seed = E var_r f(A, r)

    Parameters
    ----------
    outcomes
        (D + 2, N, R): block A, block B, then A with each column of B.
    resamples
        Bootstrap resamples of the N base points.

    Raises
    ------
    ValueError
        The shape is wrong, a number is not finite or none differs from the others.

    Notes
    -----
    Saltelli et al. (2010, Computer Physics Communications 181:259-270) with the pairs of seeds
    averaged; for R = 1 their estimators.
    """
    values = np.asarray(outcomes, dtype=np.float64)
    if values.ndim != 3 or len(values) < 3 or values.shape[1] < 2:
        raise ValueError(f"outcomes: needs (D + 2, N, R), got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("outcomes: every number must be finite")
    if np.ptp(values) == 0.0:
        raise ValueError("outcomes: all are equal, so there is no variance to attribute")
    mean = float(values[:2].mean())
    parts = _parts(values - mean)
    point = _ratios(parts[None])
    draws = np.random.Generator(np.random.Philox(1)).integers(
        parts.shape[1], size=(resamples, parts.shape[1])
    )
    spread = _ratios(np.stack([parts[:, picked] for picked in draws]))
    return SeededIndices(point[0][0], point[1][0], float(point[2][0]), mean, spread[0], spread[1])


def _parts(f: Floats) -> Floats:
    """(2 (D + 1) + 2, N) what each base point adds: V S, V ST, the second and first moment."""
    a, b, ab = f[0], f[1], f[2:]
    seeds = f.shape[2]
    gain = ab - a
    if seeds == 1:
        first = (b * gain)[..., 0]
        seed = np.full((2, f.shape[1]), np.nan)
        shared = np.zeros(f.shape[1])
    else:
        pairs = seeds * (seeds - 1)
        first = (b.sum(axis=1) * gain.sum(axis=2) - (b * gain).sum(axis=2)) / pairs
        shared = ((a * b).sum(axis=1) - a.sum(axis=1) * b.sum(axis=1) / seeds) / (seeds - 1)
        within = (a.var(axis=1, ddof=1) + b.var(axis=1, ddof=1)) / 2.0
        seed = np.stack([shared, within])
    total = (gain**2).mean(axis=2) / 2.0
    square = (a**2 + b**2).mean(axis=1) / 2.0 + shared / seeds
    level = (a + b).mean(axis=1) / 2.0
    return np.vstack([first, seed[:1], total, seed[1:], square, level])


def _ratios(parts: Floats) -> tuple[Floats, Floats, Floats]:
    """First and total indices (B, D + 1) and variances (B,) from (B, parts, N)."""
    means = parts.mean(axis=2)
    size = (means.shape[1] - 2) // 2
    variance = means[:, -2] - means[:, -1] ** 2
    variance = np.where(variance > 0.0, variance, np.nan)
    first, total = means[:, :size], means[:, size : 2 * size]
    return first / variance[:, None], total / variance[:, None], variance


def rows_of(found: SeededIndices, names: tuple[str, ...], n: int) -> tuple[Estimate, ...]:
    """Total indices with their intervals, largest first; the first order is a fact of each."""
    rows = []
    for i, name in enumerate((*names, SEED)):
        if np.isnan(found.total[i]):
            continue
        low, high = np.nanquantile(found.total_draws[:, i], [0.025, 0.975])
        first = np.nanquantile(found.first_draws[:, i], [0.025, 0.975])
        facts = {
            "first": float(found.first[i]),
            "first_low": float(first[0]),
            "first_high": float(first[1]),
        }
        total = float(found.total[i])
        rows.append(Estimate(name, total, float(low), float(high), n, INTERVAL, facts))
    return tuple(sorted(rows, key=lambda row: -row.mean))


def apportion(
    unknowns: Unknowns, base: int, budget: Budget, seed: int = 1
) -> tuple[Explored, Finding]:
    """Run Saltelli's design in every seed and share out the variance of each outcome.

    Raises
    ------
    SimError
        The base sample is no power of two, or a run failed: it is named.
    """
    size = len(unknowns)
    try:
        design = sobol_design([(0.0, 1.0)] * size, base, np.random.default_rng(seed))
    except ValueError as error:
        raise SimError(f"sobol: {error}") from error
    points = design.points[: base * (size + 2)]  # without the blocks of second-order indices
    explored = explore("sobol", bases_of(unknowns.scenario), unknowns, points, budget)
    return explored, read(explored, base)


def read(explored: Explored, base: int) -> Finding:
    """Indices of every outcome that varies."""
    names = explored.unknowns.names
    tables, facts, notes = {}, {}, []
    for outcome, table in outcomes_of_runs(explored).items():
        blocks = table.reshape(len(names) + 2, base, -1)
        if np.ptp(blocks[:2]) == 0.0:
            value = float(blocks.flat[0])
            notes.append(f"{outcome}: {value:g} in every run, so there is nothing to attribute")
            continue
        found = seeded_indices(blocks)
        tables[outcome] = rows_of(found, names, base)
        notes += _remarks(outcome, found)
        facts[outcome] = {
            "mean": found.mean,
            "variance": found.variance,
            "named": [row.label for row in tables[outcome] if row.mean > NAMED_FROM],
        }
    if not tables:
        raise SimError("sobol: no outcome differs between any two runs; widen the ranges")
    title = "Sobol: part of the variance that goes with an unknown, alone and with the others"
    told = {"named_from": NAMED_FROM, "outcomes": facts}
    return Finding("sobol", title, tables, (*_told(tables), *notes), told)


def _told(tables: dict[str, tuple[Estimate, ...]]) -> list[str]:
    return [f"{name}: {TITLES[name]}" for name in tables]


def _remarks(outcome: str, found: SeededIndices) -> list[str]:
    """First orders add up to at most 1: more than twice their error above says too few points."""
    total = float(np.nansum(found.first))
    error = float(np.nanstd(np.nansum(found.first_draws, axis=1)))
    if total <= 1.0 + 2.0 * error:
        return []
    return [f"{outcome}: first orders add up to {total:.2f}; take more points"]
