"""Adjusted p-values when several strategies are judged at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Holm step-down adjusted p-values (Holm 1979, Scandinavian Journal of Statistics 6:65-70).

    ``max over j <= i of min(1, (k - j + 1) p_(j))`` in ascending order; reject where it is at
    most alpha.

    Raises
    ------
    ValueError
        If a p-value lies outside 0..1.
    """
    p = _p_values(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """Adjusted p-values that control the false discovery rate.

    ``min over j >= i of min(1, k p_(j) / j)`` (Benjamini & Hochberg 1995, JRSS B 57:289-300).

    Raises
    ------
    ValueError
        If a p-value lies outside 0..1.
    """
    p = _p_values(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * p.size / np.arange(1, p.size + 1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(steps[::-1])[::-1]
    return adjusted


def _p_values(p_values: npt.ArrayLike) -> FloatArray:
    p = np.asarray(p_values, dtype=np.float64)
    # Written so that NaN fails too.
    if p.ndim != 1 or p.size < 1 or not bool(((p >= 0.0) & (p <= 1.0)).all()):
        raise ValueError("p_values: needs a flat list of numbers between 0 and 1")
    return p
