"""Scenario discovery: how well a box of inputs explains where an outcome occurs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import Interval


class BoxQuality(NamedTuple):
    """Quality of a box; numbers that need a case or a point in the box are NaN without one.

    ``coverage``: part of all cases inside; ``density``: part of the points inside that are
    cases; ``lift``: density over that of the whole sample; ``support``: part of all points
    inside; ``quasi_p``: for each restricted input the chance of as many cases if its restriction
    meant nothing.
    """

    points: int
    coverage: float
    density: float
    lift: float
    support: float
    quasi_p: dict[int, float]


def in_box(inputs: npt.ArrayLike, box: Mapping[int, Interval]) -> npt.NDArray[np.bool_]:
    """Which points (N,) lie in a box of closed intervals by input column.

    Raises
    ------
    ValueError
        If the inputs are no (N, D) table or the box names a column that is not there.
    """
    table = np.asarray(inputs, dtype=np.float64)
    if table.ndim != 2 or not len(table):
        raise ValueError(f"inputs: needs a table with a row a point, got shape {table.shape}")
    inside = np.ones(len(table), dtype=np.bool_)
    for column, (low, high) in box.items():
        if not 0 <= column < table.shape[1]:
            raise ValueError(f"box: no input {column} among {table.shape[1]}")
        inside &= (table[:, column] >= low) & (table[:, column] <= high)
    return inside


def box_quality(
    inputs: npt.ArrayLike, cases: npt.ArrayLike, box: Mapping[int, Interval]
) -> BoxQuality:
    """Coverage, density, lift, support and quasi-p values of a box.

    With k cases among the n points inside: coverage ``k / all cases``, density ``k / n``. The
    quasi-p value of input j is ``P(Bin(n, d_j) >= k)`` with d_j the density of the box without
    its restriction on j.

    Parameters
    ----------
    inputs
        (N, D) one row a point, each column in its own units.
    cases
        (N,) whether the outcome occurred.
    box
        Lowest and highest value, both inside, of each restricted column.

    Raises
    ------
    ValueError
        If shapes disagree, an outcome is neither 0 nor 1 or the box names an unknown column.

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
        wider = in_box(inputs, {other: limits for other, limits in box.items() if other != column})
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
