"""How far the definitions of containment agree, replicate by replicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """Agreement of definitions; None where a statistic has no value (one rating throughout)."""

    names: tuple[str, ...]
    observed: tuple[tuple[float | None, ...], ...]
    """Share of replicates on which two definitions agree."""
    cohen: tuple[tuple[float | None, ...], ...]
    fleiss: float | None
    n: int


def cohen_kappa(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Cohen's kappa ``(p_o - p_e) / (1 - p_e)`` of two raters with ratings 0 and 1.

    Pairs with a missing rating (NaN) are left out; None if nothing is left or chance agreement
    is complete (Cohen 1960, Educational and Psychological Measurement 20:37-46).

    Raises
    ------
    ValueError
        If the two have different lengths.
    """
    a, b = _complete(first, second)
    if not len(a):
        return None
    chance = float(a.mean() * b.mean() + (1.0 - a.mean()) * (1.0 - b.mean()))
    if chance >= 1.0:
        return None
    return (float((a == b).mean()) - chance) / (1.0 - chance)


def fleiss_kappa(ratings: npt.ArrayLike) -> float | None:
    """Fleiss' kappa of (units, raters) ratings 0 and 1 (Fleiss 1971, Psychol. Bulletin 76:378).

    Units with a missing rating are left out; None with fewer than two raters, no unit, or one
    rating throughout.

    Raises
    ------
    ValueError
        If the ratings are not a table.
    """
    x = np.asarray(ratings, dtype=np.float64)
    if x.ndim != 2:
        raise ValueError("ratings must be (units, raters)")
    x = x[np.isfinite(x).all(axis=1)]
    units, raters = x.shape
    if units < 1 or raters < 2:
        return None
    ones = x.sum(axis=1)
    pairs = ones * (ones - 1.0) + (raters - ones) * (raters - ones - 1.0)
    observed = float(pairs.mean()) / (raters * (raters - 1))
    p = float(x.mean())
    chance = p * p + (1.0 - p) * (1.0 - p)
    return None if chance >= 1.0 else (observed - chance) / (1.0 - chance)


def agreement(indicators: Mapping[str, npt.ArrayLike]) -> Agreement:
    """Agreement matrix of the definitions that could be judged.

    Parameters
    ----------
    indicators
        Name of a definition to its (R,) ratings: 1 holds, 0 does not, NaN cannot be said.
    """
    tables = {name: np.asarray(ratings, dtype=np.float64) for name, ratings in indicators.items()}
    judged = {name: column for name, column in tables.items() if np.isfinite(column).any()}
    columns = list(judged.values())
    return Agreement(
        tuple(judged),
        tuple(tuple(_observed(a, b) for b in columns) for a in columns),
        tuple(tuple(cohen_kappa(a, b) for b in columns) for a in columns),
        fleiss_kappa(np.column_stack(columns)) if columns else None,
        len(columns[0]) if columns else 0,
    )


def _complete(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError("two raters need equally many ratings")
    known = np.isfinite(a) & np.isfinite(b)
    return a[known], b[known]


def _observed(first: FloatArray, second: FloatArray) -> float | None:
    a, b = _complete(first, second)
    return float((a == b).mean()) if len(a) else None
