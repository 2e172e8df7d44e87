"""Elementary functions of numbers and arrays with the same bits on every machine.

NumPy's own take whatever instructions a processor has, and the C library's differ between systems:
their last bits are not those of another machine. A run uses these instead.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sim.numeric.arrays import EXP, EXP2, EXPM1, LN, LOG1P, LOG2, NAMES, POWER

Floats = npt.NDArray[np.float64]
Value = TypeVar("Value", float, Floats)
NO_EXPONENT = np.zeros(1)


def exp(x: Value) -> Value:
    """Exponential.

    Raises
    ------
    FloatingPointError
        As all functions here: the result would overflow, or an argument lies outside the domain.
    """
    return _of(EXP, x)


def ln(x: Value) -> Value:
    """Natural logarithm of positive numbers."""
    return _of(LN, x)


def log1p(x: Value) -> Value:
    """ln(1 + x), x > -1."""
    return _of(LOG1P, x)


def expm1(x: Value) -> Value:
    """exp(x) - 1."""
    return _of(EXPM1, x)


def log2(x: Value) -> Value:
    """Binary logarithm of positive numbers, exact for powers of two."""
    return _of(LOG2, x)


def exp2(x: Value) -> Value:
    """2^x, exact for whole numbers."""
    return _of(EXP2, x)


def power(x: float | Floats, y: float | Floats) -> Any:
    """x^y for x >= 0 (y > 0 at 0), exact for y = 0 and y = 1; arrays broadcast."""
    if isinstance(x, float) and isinstance(y, float):
        return _number(POWER, x, y)
    base, exponent = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if exponent.ndim and base.shape != exponent.shape:
        base, exponent = np.broadcast_arrays(base, exponent)
    return _array(POWER, base, exponent.ravel())


def part_of_way(x: Floats, y: Floats, part: float, least: float) -> Floats:
    """x (y/x)^part, (n,): a part of the way in logarithms from x to y, and never below `least`.

    All are positive; y counts as `least` where it is below.

    Raises
    ------
    ValueError
        If x and y are not as long.
    """
    y = np.asarray(y, np.float64)
    if x.shape != y.shape:
        raise ValueError(f"from {x.shape} numbers to {y.shape}")
    out = np.empty(len(x))
    wrong = _loops().part_of_way(x, y, part, least, out)
    if wrong >= 0:
        at = f"{float(x[wrong]):g} to {float(y[wrong]):g}"
        raise FloatingPointError(f"part {part:g} of the way from {at} overflows or is not defined")
    return out


def _of(which: int, x: Any) -> Any:
    if isinstance(x, (float, int)):
        return _number(which, float(x), 0.0)
    return _array(which, np.asarray(x, np.float64), NO_EXPONENT)


@cache
def _loops() -> Any:
    """The compiled part: loads numba, which a check of a scenario does without."""
    from sim.numeric import loops

    return loops


def _number(which: int, x: float, y: float) -> float:
    value: float = _loops().of_one(which, x, y)
    if value != value:
        raise FloatingPointError(f"{NAMES[which]}({x:g}) overflows or is not defined")
    return value


def _array(which: int, x: Floats, y: Floats) -> Floats:
    """The function of each number of an array; y (n,) or (1,) holds exponents."""
    out = np.empty(x.shape)
    wrong = _loops().of_each(which, x.ravel(), y, out.reshape(-1))
    if wrong >= 0:
        _number(which, float(x.flat[wrong]), float(y[wrong % len(y)]))
    return out


DEPENDENT = 1e-12  # part of a column that is left of it where it follows from those before


def product(a: Floats, b: Floats) -> Any:
    """`a @ b` of vectors and matrices: terms are added from the first to the last.

    Raises
    ------
    ValueError
        The inner lengths differ.
    """
    from sim.numeric.loops import add_products  # numba, which a check of a scenario does without

    left = np.ascontiguousarray(np.atleast_2d(a), np.float64)
    right = np.ascontiguousarray(b if b.ndim == 2 else b[:, None], np.float64)
    if left.shape[1] != right.shape[0]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    out = np.zeros((left.shape[0], right.shape[1]))
    add_products(left, right, out)
    shaped = out.reshape(a.shape[:-1] + b.shape[1:])
    return shaped if shaped.ndim else float(shaped)


def least_squares(a: Floats, b: Floats) -> Floats:
    """Coefficients c (n,) that minimise |b - a c|, by Gram-Schmidt; 0 of dependent columns.

    Source: Bjorck (1996, Numerical Methods for Least Squares Problems, ch. 2.4): modified, with the
    right-hand side as a last column.
    """
    rest = np.array(b, np.float64)
    directions: list[Floats] = []
    upper, along = np.zeros((a.shape[1], a.shape[1])), np.zeros(a.shape[1])
    for i in range(a.shape[1]):
        column = np.array(a[:, i], np.float64)
        size = np.sqrt(product(column, column))
        for k, direction in enumerate(directions):
            upper[k, i] = product(direction, column)
            column -= upper[k, i] * direction
        left = np.sqrt(product(column, column))
        independent = left > DEPENDENT * size
        directions.append(column / left if independent else np.zeros(len(column)))
        upper[i, i] = left if independent else 0.0
        along[i] = product(directions[i], rest)
        rest -= along[i] * directions[i]
    out = np.zeros(a.shape[1])
    for i in range(a.shape[1] - 1, -1, -1):
        if upper[i, i] > 0.0:
            out[i] = (along[i] - product(upper[i, i + 1 :], out[i + 1 :])) / upper[i, i]
    return out
