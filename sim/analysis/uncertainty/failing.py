"""Scenario discovery: for which values of the unknowns does containment fail?"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import wilson_estimate
from sim.analysis.statistics import UNBOUNDED, Interval, holm
from sim.analysis.uncertainty.exploring import (
    CONTAINMENT,
    Budget,
    Explored,
    Finding,
    bases_of,
    explore,
    outcomes_of,
    sample_of,
)
from sim.analysis.uncertainty.unknowns import Unknowns
from sim.economics.arrays import Bools, Floats
from sim.errors import SimError

Box = dict[int, Interval]
"""Closed interval of each restricted input, by its column."""
PEEL = 0.05  # part of the points that a step takes off
LEAST_SUPPORT = 0.05  # smallest part of all points that a box may hold
SIGNIFICANCE = 0.05  # quasi-p above which a restriction is given up
SEPARATION = 0.05  # level at which an input alone tells failures from the rest
RESAMPLES = 50
MAJORITY = 0.5


class BoxQuality(NamedTuple):
    """Quality of a box; numbers that need a case or a point in the box are NaN without one."""

    points: int
    coverage: float  # part of all cases inside
    density: float  # part of the points inside that are cases
    lift: float  # density over that of the whole sample
    support: float  # part of all points inside
    quasi_p: dict[int, float]  # chance of as many cases if the restriction meant nothing, by input


def in_box(inputs: npt.ArrayLike, box: Box) -> Bools:
    """Which points (N,) of a table (N, D) lie in a box of closed intervals by input column."""
    table = np.asarray(inputs, dtype=np.float64)
    if table.ndim != 2 or not len(table):
        raise ValueError(f"inputs: needs a table with a row a point, got shape {table.shape}")
    inside = np.ones(len(table), dtype=np.bool_)
    for column, (low, high) in box.items():
        if not 0 <= column < table.shape[1]:
            raise ValueError(f"box: no input {column} among {table.shape[1]}")
        inside &= (table[:, column] >= low) & (table[:, column] <= high)
    return inside


def box_quality(inputs: npt.ArrayLike, cases: npt.ArrayLike, box: Box) -> BoxQuality:
    """Coverage, density, lift, support and quasi-p values of a box.

    With k cases among the n points inside: coverage ``k / all cases``, density ``k / n``. The
    quasi-p value of input j is ``P(Bin(n, d_j) >= k)`` with d_j the density of the box without
    its restriction on j.

    ValueError if shapes disagree, an outcome is neither 0 nor 1 or the box names an unknown column.

    Parameters
    ----------
    inputs, cases
        (N, D) one row a point, and (N,) whether the outcome occurred.

    Notes
    -----
    Friedman & Fisher (1999, Statistics and Computing 9:123-143); Bryant & Lempert (2010,
    Technological Forecasting and Social Change 77:34-49).
    """
    from scipy.stats import binom

    inside = in_box(inputs, box)
    outcome = np.asarray(cases)
    if outcome.shape != inside.shape or not np.isin(outcome, (0, 1)).all():
        raise ValueError(f"cases: needs {inside.size} values, each 0 or 1")
    is_case = outcome.astype(np.bool_)
    points, hits = int(inside.sum()), int((inside & is_case).sum())
    quasi_p = {}
    for column in box:
        wider = in_box(inputs, _without(box, column))
        without = _ratio(int((wider & is_case).sum()), int(wider.sum()))
        quasi_p[column] = float(binom.sf(hits - 1, points, without)) if points else math.nan
    density, base = _ratio(hits, points), float(is_case.mean())
    return BoxQuality(
        points=points,
        coverage=_ratio(hits, int(is_case.sum())),
        density=density,
        lift=density / base if base > 0.0 else math.nan,
        support=points / inside.size,
        quasi_p=quasi_p,
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def find_box(inputs: npt.ArrayLike, cases: npt.ArrayLike, level: float | None = None) -> Box:
    """The box of the peeling path that tells cases from the rest best.

    From the whole space, the step that raises the density most takes a thin slice off one side of
    one input, as long as the box keeps its least support. Of all boxes on the path the one that
    tells cases from the rest best is taken (likelihood ratio of one rate inside and another outside
    against one rate), each side is then pasted back as far as this ratio does not fall, and
    restrictions that chance would explain are given up.

    Inputs, cases and errors are those of `box_quality`. With a level, only inputs that alone tell
    cases from the rest are peeled (see `separating`). The box is empty if none is better than the
    whole space, or all or no points are cases.

    Notes
    -----
    Friedman & Fisher (1999, Statistics and Computing 9:123-143); Bryant & Lempert (2010,
    Technological Forecasting and Social Change 77:34-49). Why not ema-workbench: its boxes agree
    (Jaccard 0.86 to 1 on 12 samples), but it finds none among 24 points, takes 7 s to import with
    scikit-learn and seaborn, calls what pandas 3 deprecates, and its two versions for Python 3.11
    and 3.12 take other arguments.
    """
    x = np.asarray(inputs, dtype=np.float64)
    y = np.asarray(cases)
    box_quality(x, y, {})
    y = y.astype(np.bool_)
    if y.all() or not y.any():
        return {}
    columns = list(range(x.shape[1])) if level is None else separating(x, y, level)
    held = x[:, columns]
    best = max(_path(held, y), key=lambda box: _contrast(held, y, box))
    box = _significant(held, y, _pasted(held, y, best))
    return {columns[column]: sides for column, sides in box.items()}


def separating(inputs: Floats, cases: Bools, level: float) -> list[int]:
    """Columns that alone tell cases from the rest; all columns if none does.

    Of many inputs and few points some input always offers a thin slice without cases by chance,
    and peeling takes it before one that matters. So an input is peeled only if ranks (Mann-Whitney)
    or distributions (Kolmogorov-Smirnov) of cases and others differ: the smaller p-value doubled,
    Holm over the inputs. What matters only together with another input is not found this way.
    """
    from scipy.stats import ks_2samp, mannwhitneyu

    p_values = [
        min(1.0, 2.0 * min(mannwhitneyu(a, b).pvalue, ks_2samp(a, b).pvalue))
        for a, b in zip(inputs[cases].T, inputs[~cases].T, strict=True)
    ]
    found = np.flatnonzero(holm(p_values) <= level).tolist()
    return found or list(range(inputs.shape[1]))


def _contrast(x: Floats, y: Bools, box: Box) -> float:
    """ln likelihood ratio of two rates, in and out, against one; 0 if inside is not more."""
    from scipy.special import xlogy

    inside = in_box(x, box)
    n, k, m, cases = int(inside.sum()), int((inside & y).sum()), len(y), int(y.sum())
    if n == 0 or n == m or k * m <= n * cases:
        return 0.0

    def best(hits: int, points: int) -> float:
        return float(xlogy(hits, hits / points) + xlogy(points - hits, 1.0 - hits / points))

    return best(k, n) + best(cases - k, m - n) - best(cases, m)


def _path(x: Floats, y: Bools) -> list[Box]:
    path: list[Box] = [{}]
    least = max(2, int(np.ceil(LEAST_SUPPORT * len(x))))
    while True:
        box = path[-1]
        inside = in_box(x, box)
        found = [
            (float(y[kept].mean()), -int(kept.sum()), column, sides)
            for column in range(x.shape[1])
            for sides, kept in _peeled(x, inside, column, box)
            if kept.sum() >= least
        ]
        if y[inside].all() or not found:
            return path
        _, _, column, sides = max(found, key=lambda step: step[:2])
        path.append({**box, column: sides})


def _peeled(x: Floats, inside: Bools, column: int, box: Box) -> list[tuple[Interval, Bools]]:
    """The two thinner boxes on one input: at least one point goes."""
    values = np.unique(x[inside, column])
    if len(values) < 2:
        return []
    low, high = box.get(column, UNBOUNDED)
    cut = np.quantile(x[inside, column], [PEEL, 1.0 - PEEL])
    above = values[values > max(cut[0], values[0])]
    below = values[values < min(cut[1], values[-1])]
    sides = [Interval(float(above[0]), high)] if len(above) else []
    sides += [Interval(low, float(below[-1]))] if len(below) else []
    return [(side, inside & in_box(x, {column: side})) for side in sides]


def _without(box: Box, column: int) -> Box:
    return {other: side for other, side in box.items() if other != column}


def _pasted(x: Floats, y: Bools, box: Box) -> Box:
    """Every side as far out as the contrast does not fall; an input with no end left goes."""
    for column in sorted(box):
        low, high = box[column]
        for wider in (Interval(-np.inf, high), Interval(low, np.inf)):
            tried = {**box, column: wider}
            if _contrast(x, y, tried) >= _contrast(x, y, box):
                box = tried
        if box[column] == UNBOUNDED:
            box = _without(box, column)
    return box


def _significant(x: Floats, y: Bools, box: Box) -> Box:
    while box:
        quasi_p = box_quality(x, y, box).quasi_p
        worst = max(quasi_p, key=lambda column: quasi_p[column])
        if quasi_p[worst] <= SIGNIFICANCE:
            return box
        box = _without(box, worst)
    return box


def resampled(
    inputs: npt.ArrayLike,
    cases: npt.ArrayLike,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float | None = None,
) -> Floats:
    """(D,) part of bootstrap resamples of the points in which each input is restricted."""
    x, y = np.asarray(inputs, dtype=np.float64), np.asarray(cases)
    counts = np.zeros(x.shape[1])
    for _ in range(resamples):
        picked = rng.integers(len(x), size=len(x))
        counts[list(find_box(x[picked], y[picked], level))] += 1.0
    return counts / resamples


def discover(unknowns: Unknowns, points: int, budget: Budget) -> tuple[Explored, Finding]:
    """Run a latin hypercube and find the box in which containment fails."""
    bases = bases_of(unknowns.scenario)
    if len(bases) < 2:
        raise SimError(f"{unknowns.scenario.name}: without a lever nothing is containment")
    explored = explore("prim", bases, unknowns, sample_of(unknowns, points), budget)
    return explored, _failures(explored)


def _failures(explored: Explored) -> Finding:
    """A draw fails if at most half of its seeds end in containment."""
    fails = outcomes_of(explored)[CONTAINMENT].mean(axis=1) <= MAJORITY
    whole = wilson_estimate("all draws", int(fails.sum()), len(fails))
    title = "PRIM: the part of the unknowns in which containment fails"
    facts: dict[str, Any] = {
        "fails_in": int(fails.sum()),
        "draws": len(fails),
        "levels": explored.levels,
        "fails": fails.astype(int),
        "box": {},
    }
    if fails.all() or not fails.any():
        where = "every draw" if fails.all() else "no draw"
        note = f"containment fails in {where}: no box is needed to tell where"
        return Finding("prim", title, {"failure": (whole,)}, (note,), facts)
    box = find_box(explored.levels, fails, SEPARATION)
    draws = np.random.Generator(np.random.Philox(1))
    often = resampled(explored.levels, fails, draws, level=SEPARATION).tolist()
    found = box_quality(explored.levels, fails, box)
    hits = round(found.density * found.points)
    inside = wilson_estimate("draws in the box", hits, found.points)
    names = explored.unknowns.names
    facts |= {
        "box": {
            names[column]: _side(explored.unknowns, column, box[column])
            | {"restricted_in": often[column], "quasi_p": found.quasi_p[column]}
            for column in sorted(box, key=lambda column: -often[column])
        },
        "coverage": found.coverage,
        "density": found.density,
        "lift": found.lift,
        "support": found.support,
        "restricted_in": dict(zip(names, often, strict=True)),
        "resamples": RESAMPLES,
    }
    notes = () if box else ("no box is better than the whole space",)
    return Finding("prim", title, {"failure": (whole, inside)}, notes, facts)


def _side(unknowns: Unknowns, column: int, side: Interval) -> dict[str, Any]:
    """A restriction as levels between 0 and 1 and in its own units; None where an end is open."""
    low, high = side
    return {
        "low_level": max(low, 0.0),
        "high_level": min(high, 1.0),
        "low": None if math.isinf(low) else unknowns.value(column, low),
        "high": None if math.isinf(high) else unknowns.value(column, high),
    }
