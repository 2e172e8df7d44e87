"""The patient rule induction method: a box of inputs in which an outcome is frequent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.analysis.discovery import box_quality, in_box
from sim.analysis.multiplicity import holm
from sim.analysis.statistics import Interval

Floats = npt.NDArray[np.float64]
Box = dict[int, Interval]


@dataclass(frozen=True)
class Patience:
    """How a box is found.

    `peel`: part of the points that a step takes off; `least_support`: smallest part of all
    points a box may hold; `significance`: quasi-p above which a restriction is given up; `told`:
    only inputs that alone tell cases from the rest at this level are peeled (see `telling`).
    """

    peel: float = 0.05
    least_support: float = 0.05
    significance: float = 0.05
    told: float | None = None


def find_box(inputs: npt.ArrayLike, cases: npt.ArrayLike, patience: Patience | None = None) -> Box:
    """The box of the peeling path that tells cases from the rest best.

    From the whole space, the step that raises the density most takes a thin slice off one side of
    one input, as long as the box keeps its least support. Of all boxes on the path the one that
    tells cases from the rest best is taken (likelihood ratio of one rate inside and another outside
    against one rate), each side is then pasted back as far as this ratio does not fall, and
    restrictions that chance would explain are given up.

    Parameters
    ----------
    inputs
        (N, D) points.
    cases
        (N,) whether the outcome occurred.

    Returns
    -------
    dict
        Closed interval of each restricted input by its column; empty if no box is better than
        the whole space, or all or no points are cases.

    Raises
    ------
    ValueError
        Shapes disagree or an outcome is neither 0 nor 1.

    Notes
    -----
    Friedman & Fisher (1999, Statistics and Computing 9:123-143); Bryant & Lempert (2010,
    Technological Forecasting and Social Change 77:34-49).
    """
    how = patience or Patience()
    x = np.asarray(inputs, dtype=np.float64)
    y = np.asarray(cases)
    box_quality(x, y, {})
    y = y.astype(np.bool_)
    if y.all() or not y.any():
        return {}
    columns = list(range(x.shape[1])) if how.told is None else telling(x, y, how.told)
    held = x[:, columns]
    best = max(_path(held, y, how), key=lambda box: _contrast(held, y, box))
    box = _significant(held, y, _pasted(held, y, best), how)
    return {columns[column]: sides for column, sides in box.items()}


def telling(inputs: Floats, cases: npt.NDArray[np.bool_], level: float) -> list[int]:
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


def _contrast(x: Floats, y: npt.NDArray[np.bool_], box: Box) -> float:
    """ln likelihood ratio of two rates, in and out, against one; 0 if inside is not more."""
    from scipy.special import xlogy

    inside = in_box(x, box)
    n, k, m, cases = int(inside.sum()), int((inside & y).sum()), len(y), int(y.sum())
    if n == 0 or n == m or k * m <= n * cases:
        return 0.0

    def best(hits: int, points: int) -> float:
        return float(xlogy(hits, hits / points) + xlogy(points - hits, 1.0 - hits / points))

    return best(k, n) + best(cases - k, m - n) - best(cases, m)


def _path(x: Floats, y: npt.NDArray[np.bool_], how: Patience) -> list[Box]:
    box: Box = {}
    path = [box]
    least = max(2, int(np.ceil(how.least_support * len(x))))
    while True:
        inside = in_box(x, box)
        if y[inside].all():
            return path
        found = [
            (float(y[kept].mean()), -int(kept.sum()), column, sides)
            for column in range(x.shape[1])
            for sides, kept in _peeled(x, inside, column, box, how)
            if kept.sum() >= least
        ]
        if not found:
            return path
        _, _, column, sides = max(found, key=lambda step: step[:2])
        box = {**box, column: sides}
        path.append(box)


def _peeled(
    x: Floats, inside: npt.NDArray[np.bool_], column: int, box: Box, how: Patience
) -> list[tuple[Interval, npt.NDArray[np.bool_]]]:
    """The two thinner boxes on one input: at least one point goes."""
    values = np.unique(x[inside, column])
    if len(values) < 2:
        return []
    low, high = box.get(column, Interval(-np.inf, np.inf))
    cut = np.quantile(x[inside, column], [how.peel, 1.0 - how.peel])
    above = values[values > max(cut[0], values[0])]
    below = values[values < min(cut[1], values[-1])]
    sides = [Interval(float(above[0]), high)] if len(above) else []
    sides += [Interval(low, float(below[-1]))] if len(below) else []
    return [
        (side, inside & (x[:, column] >= side.lower) & (x[:, column] <= side.upper))
        for side in sides
    ]


def _pasted(x: Floats, y: npt.NDArray[np.bool_], box: Box) -> Box:
    """Every side as far out as the contrast does not fall; an input with no end left goes."""
    for column in sorted(box):
        low, high = box[column]
        for wider in (Interval(-np.inf, high), Interval(low, np.inf)):
            tried = {**box, column: wider}
            if _contrast(x, y, tried) >= _contrast(x, y, box):
                box = tried
                low, high = wider
        if box[column] == Interval(-np.inf, np.inf):
            box = {other: side for other, side in box.items() if other != column}
    return box


def _significant(x: Floats, y: npt.NDArray[np.bool_], box: Box, how: Patience) -> Box:
    while box:
        quasi_p = box_quality(x, y, box).quasi_p
        worst = max(quasi_p, key=lambda column: quasi_p[column])
        if quasi_p[worst] <= how.significance:
            return box
        box = {other: side for other, side in box.items() if other != worst}
    return box


def resampled(
    inputs: npt.ArrayLike,
    cases: npt.ArrayLike,
    rng: np.random.Generator,
    resamples: int = 50,
    patience: Patience | None = None,
) -> Floats:
    """(D,) part of bootstrap resamples of the points in which each input is restricted.

    Raises
    ------
    ValueError
        As `find_box`.
    """
    x, y = np.asarray(inputs, dtype=np.float64), np.asarray(cases)
    counts = np.zeros(x.shape[1])
    for _ in range(resamples):
        picked = rng.integers(len(x), size=len(x))
        for column in find_box(x[picked], y[picked], patience):
            counts[column] += 1.0
    return counts / resamples
