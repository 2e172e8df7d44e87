"""Which unknowns matter: Morris effects, and Sobol indices with the seed as one of the factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import Estimate
from sim.analysis.statistics import differ
from sim.analysis.uncertainty.exploring import (
    TITLES,
    Budget,
    Explored,
    Finding,
    bases_of,
    explore,
    outcomes_of,
)
from sim.analysis.uncertainty.unknowns import Unknowns
from sim.economics.arrays import Floats
from sim.errors import SimError
from sim.runs.study.designs import sobol_design, unit_sample
from sim.runs.study.schema import Design

LEVELS = 4
MORRIS_RESAMPLES = 500
MORRIS_INTERVAL = "bootstrap over trajectories, 95 %"
SEED = "seed"
RESAMPLES = 1_000
INTERVAL = "bootstrap over base points, 95 %"
NAMED_FROM = 0.1
"""Total index from which an unknown is named in the conclusion."""


def screen(unknowns: Unknowns, trajectories: int, budget: Budget) -> tuple[Explored, Finding]:
    """Run a Morris design and rank the unknowns by outcome."""
    design = design_of(unknowns, trajectories)
    explored = explore(
        "morris", bases_of(unknowns.scenario), unknowns, unknowns.screened(design), budget
    )
    tables = {
        name: tuple(effects(design, table.mean(axis=1), unknowns.names))
        for name, table in outcomes_of(explored).items()
    }
    title = "Morris screening: mean size of the effect of an unknown over its range (mu*)"
    return explored, Finding("morris", title, tables, _titles(tables))


def _titles(tables: dict[str, tuple[Estimate, ...]]) -> tuple[str, ...]:
    return tuple(f"{name}: {TITLES[name]}" for name in tables)


def design_of(unknowns: Unknowns, trajectories: int) -> Floats:
    """(trajectories x (D + 1), D) points of the unit cube."""
    design = Design(kind="morris", points=trajectories, levels=LEVELS, seed=1)
    return unit_sample(design, len(unknowns))


def effects(design: npt.ArrayLike, outcome: npt.ArrayLike, names: Sequence[str]) -> list[Estimate]:
    """Elementary effects of each unknown over its whole range, largest mean size first.

    ``mu* = mean |EE|`` with its bootstrap interval; facts: ``mu = mean EE`` (its sign) and
    ``sigma``, which is large where the effect depends on the other unknowns.

    Notes
    -----
    Morris (1991, Technometrics 33:161-174); Campolongo, Cariboni & Saltelli (2007, Environmental
    Modelling & Software 22:1509-1518); computed by SALib.
    """
    from SALib.analyze import morris

    points = np.asarray(design, dtype=np.float64)
    size = points.shape[1]
    problem = {"num_vars": size, "names": list(names), "bounds": [[0.0, 1.0]] * size}
    found: dict[str, Any] = morris.analyze(
        problem,
        points,
        np.asarray(outcome, dtype=np.float64),
        num_resamples=MORRIS_RESAMPLES,
        num_levels=LEVELS,
        seed=np.random.default_rng(1),
    )
    columns = ("mu_star", "mu_star_conf", "mu", "sigma")
    table = zip(names, *(map(float, found[column]) for column in columns), strict=True)
    n = len(points) // (size + 1)
    rows = [
        Estimate(
            name,
            mean,
            max(0.0, mean - half),
            mean + half,
            n,
            MORRIS_INTERVAL,
            {"mu": mu, "sigma": sigma},
        )
        for name, mean, half, mu, sigma in table
    ]
    return sorted(rows, key=lambda row: -row.mean)


def kept(finding: Finding, number: int) -> tuple[str, ...]:
    """The unknowns that matter most on any outcome, each outcome naming its next in turn."""
    ranked = [[row.label for row in table if row.mean > 0.0] for table in finding.tables.values()]
    longest = max((len(names) for names in ranked), default=0)
    in_turn = (names[k] for k in range(longest) for names in ranked if k < len(names))
    return tuple(dict.fromkeys(in_turn))[:number]


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

    ValueError: the shape is wrong, a number is not finite or none differs from the others.

    Parameters
    ----------
    outcomes
        (D + 2, N, R): block A, block B, then A with each column of B. The bootstrap draws base
        points.

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
    if not differ(values):
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
        total = float(found.total[i])
        if np.isnan(total):
            continue
        low, high = np.nanquantile(found.total_draws[:, i], [0.025, 0.975]).tolist()
        first = np.nanquantile(found.first_draws[:, i], [0.025, 0.975]).tolist()
        facts = {"first": float(found.first[i]), "first_low": first[0], "first_high": first[1]}
        rows.append(Estimate(name, total, low, high, n, INTERVAL, facts))
    return tuple(sorted(rows, key=lambda row: -row.mean))


def apportion(unknowns: Unknowns, base: int, budget: Budget) -> tuple[Explored, Finding]:
    """Run Saltelli's design in every seed and share out the variance of each outcome."""
    size = len(unknowns)
    try:
        design = sobol_design([(0.0, 1.0)] * size, base, np.random.default_rng(1))
    except ValueError as error:
        raise SimError(f"sobol: {error}") from error
    points = design.points[: base * (size + 2)]  # without the blocks of second-order indices
    explored = explore("sobol", bases_of(unknowns.scenario), unknowns, points, budget)
    return explored, _variance_shares(explored, base)


def _variance_shares(explored: Explored, base: int) -> Finding:
    """Indices of every outcome that varies."""
    names = explored.unknowns.names
    tables, facts, notes = {}, {}, []
    for outcome, table in outcomes_of(explored).items():
        blocks = table.reshape(len(names) + 2, base, -1)
        if not differ(blocks[:2]):
            value = float(blocks.flat[0])
            notes.append(f"{outcome}: {value:g} in every run, so there is nothing to attribute")
            continue
        found = seeded_indices(blocks)
        tables[outcome] = rows_of(found, names, base)
        # First orders add up to at most 1: more than twice their error above says too few points.
        total = float(np.nansum(found.first))
        if total > 1.0 + 2.0 * float(np.nanstd(np.nansum(found.first_draws, axis=1))):
            notes.append(f"{outcome}: first orders add up to {total:.2f}; take more points")
        facts[outcome] = {
            "mean": found.mean,
            "variance": found.variance,
            "named": [row.label for row in tables[outcome] if row.mean > NAMED_FROM],
        }
    if not tables:
        raise SimError("sobol: no outcome differs between any two runs; widen the ranges")
    title = "Sobol: part of the variance that goes with an unknown, alone and with the others"
    named = {"named_from": NAMED_FROM, "outcomes": facts}
    return Finding("sobol", title, tables, (*_titles(tables), *notes), named)
