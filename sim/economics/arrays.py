"""Array types and input checks shared by the economics functions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def vector(name: str, values: ArrayLike, size: int | None = None) -> Floats:
    """Return ``values`` as a finite one-dimensional float array.

    Raises
    ------
    ValueError
        If the array is empty, not one-dimensional, not finite or not of length ``size``.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a non-empty vector, got shape {array.shape}")
    if size is not None and array.size != size:
        raise ValueError(f"{name} must have length {size}, got {array.size}")
    if not np.logical_and.reduce(np.isfinite(array)):
        raise ValueError(f"{name} must be finite")
    return array


def labels(name: str, values: ArrayLike, size: int, lowest: int = 0) -> Ints:
    """Return ``values`` as integer labels of length ``size``, none below ``lowest``.

    Raises
    ------
    ValueError
        If the shape is wrong, a label is not a whole number or lies below ``lowest``.
    """
    raw = np.asarray(values)
    if raw.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {raw.shape}")
    array = raw.astype(np.int64)
    if not np.array_equal(array, raw) or (array < lowest).any():
        raise ValueError(f"{name} must hold whole numbers >= {lowest}")
    return array


def everywhere(condition: Bools | np.bool_) -> bool:
    """Whether a condition holds of every number."""
    return bool(np.count_nonzero(condition) == condition.size)


def positive(name: str, value: float) -> float:
    """Return ``value`` if it is finite and above zero, else raise ``ValueError``."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value}")
    return float(value)


def fraction(name: str, value: float, *, below_one: bool = False) -> float:
    """Return ``value`` if it lies in [0, 1] (or [0, 1) with ``below_one``), else ``ValueError``."""
    if not (0 <= value <= 1) or (below_one and value == 1):
        raise ValueError(f"{name} must lie in [0, 1{')' if below_one else ']'}, got {value}")
    return float(value)
