"""Compiled loops of `portable` and `linear`, loaded when one of them is called."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.numeric import elementary
from sim.numeric.arrays import EXP, EXP2, EXPM1, LN, LOG1P, LOG2, POWER, Matrix, Vector
from sim.numeric.jit import inline, kernel

LEAST = float(np.finfo(np.float64).tiny)  # smaller numbers lose digits


@inline
def _inside(which: int, x: float, y: float) -> Any:
    """Whether the function is defined and finite there."""
    if which == POWER:
        positive = LEAST <= x < np.inf
        small = not positive or y == 1.0 or y * elementary.ln(x) <= elementary.LARGEST_EXPONENT
        return small and (positive or (x == 0.0 and y >= 0.0)) and abs(y) < np.inf
    if which in (LN, LOG2):
        return LEAST <= x < np.inf
    if which == LOG1P:
        return -1.0 < x < np.inf
    return x <= elementary.LARGEST_EXPONENT


@inline
def _value(which: int, x: float, y: float) -> Any:
    """The function where it is defined."""
    if which == EXP:
        return elementary.exp(x)
    if which == LN:
        return elementary.ln(x)
    if which == LOG1P:
        return elementary.log1p(x)
    if which == EXPM1:
        return elementary.expm1(x)
    if which == LOG2:
        return elementary.log2(x)
    if which == EXP2:
        return elementary.exp2(x)
    return elementary.power(x, y)


@kernel
def of_one(which: int, x: float, y: float) -> float:
    """The function of one number; not a number where it is not defined."""
    return _value(which, x, y) if _inside(which, x, y) else np.nan


@kernel
def of_each(
    which: int, x: Vector[np.float64], y: Vector[np.float64], out: Vector[np.float64]
) -> int:
    """The function of each number; returns the place of one where it is not defined, or -1.

    y holds an exponent for each number, or one for all.

    What large arrays are given to has loops of its own, which become vector operations.
    """
    wrong, step = -1, 0 if len(y) == 1 else 1
    for i in range(len(x)):
        if not _inside(which, x[i], y[i * step]):
            wrong = i
    if wrong < 0 and which == EXP:
        for i in range(len(x)):
            out[i] = elementary.exp(x[i])
    elif wrong < 0 and which == LN:
        for i in range(len(x)):
            out[i] = elementary.ln(x[i])
    elif wrong < 0:
        for i in range(len(x)):
            out[i] = _value(which, x[i], y[i * step])
    return wrong


@kernel
def part_of_way(
    x: Vector[np.float64],
    y: Vector[np.float64],
    part: float,
    least: float,
    out: Vector[np.float64],
) -> int:
    """x (y/x)^part of each pair, y and the result at least so much; returns the place of one where
    it is not defined, or -1."""
    wrong = -1
    for i in range(len(x)):
        move = max(y[i], least) / x[i]
        fine = _inside(LN, move, 0.0)
        move = part * elementary.ln(move if fine else 1.0)
        fine = fine and _inside(EXP, move, 0.0)
        out[i] = max(x[i] * elementary.exp(move if fine else 0.0), least)
        if not fine:
            wrong = i
    return wrong


@kernel
def add_products(a: Matrix[np.float64], b: Matrix[np.float64], out: Matrix[np.float64]) -> None:
    """Add `a @ b` to `out`, terms from the first to the last."""
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
