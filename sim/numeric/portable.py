"""Elementary functions of numbers and arrays with the same bits on every machine.

NumPy's own take whatever instructions a processor has, and the C library's differ between systems:
their last bits are not those of another machine. A run uses these instead.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sim.numeric import elementary
from sim.numeric.arrays import Vector
from sim.numeric.compiled import inlined, kernel

Floats = npt.NDArray[np.float64]
Value = TypeVar("Value", float, Floats)
_LEAST = float(np.finfo(np.float64).tiny)  # smaller numbers lose digits
EXP, LN, LOG1P, EXPM1, LOG2, EXP2, POWER = range(7)
_NAMES = ("exp", "ln", "log1p", "expm1", "log2", "exp2", "power")


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
    base, exponent = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    return _array(POWER, base, exponent)


def _of(which: int, x: Any) -> Any:
    if isinstance(x, float | int):
        return _number(which, float(x), 0.0)
    values = np.asarray(x, np.float64)
    return _array(which, values, values)


def _number(which: int, x: float, y: float) -> float:
    value: float
    value, fine = _one(which, x, y)
    if not fine:
        raise FloatingPointError(f"{_NAMES[which]}({x:g}) overflows or is not defined")
    return value


def _array(which: int, x: Floats, y: Floats) -> Floats:
    out = np.empty(x.shape)
    wrong = _fill(which, x.ravel(), y.ravel(), out.reshape(-1))
    if wrong >= 0:
        _number(which, float(x.flat[wrong]), float(y.flat[wrong]))
    return out


@inlined
def _inside(which, x, y):  # type: ignore[no-untyped-def]
    """Whether the function is defined and finite there."""
    if which == POWER:
        positive = _LEAST <= x < np.inf
        small = not positive or y == 1.0 or y * elementary.ln(x) <= elementary.LARGEST_EXPONENT
        return small and (positive or (x == 0.0 and y >= 0.0)) and abs(y) < np.inf
    if which in (LN, LOG2):
        return _LEAST <= x < np.inf
    if which == LOG1P:
        return -1.0 < x < np.inf
    return x <= elementary.LARGEST_EXPONENT


@inlined
def _value(which, x, y):  # type: ignore[no-untyped-def]
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
def _one(which: int, x: float, y: float) -> tuple[float, bool]:
    """The function of one number, and whether it is defined there."""
    inside = _inside(which, x, y)
    return _value(which, x if inside else 1.0, y if inside else 1.0), inside


@kernel
def _fill(which: int, x: Vector[np.float64], y: Vector[np.float64], out: Vector[np.float64]) -> int:
    """The function of each number; returns the place of one where it is not defined, or -1.

    What large arrays are given to has loops of its own, which become vector operations.
    """
    wrong = -1
    for i in range(len(x)):
        if not _inside(which, x[i], y[i]):
            wrong = i
    if wrong < 0 and which == EXP:
        for i in range(len(x)):
            out[i] = elementary.exp(x[i])
    elif wrong < 0 and which == LN:
        for i in range(len(x)):
            out[i] = elementary.ln(x[i])
    elif wrong < 0:
        for i in range(len(x)):
            out[i] = _value(which, x[i], y[i])
    return wrong
