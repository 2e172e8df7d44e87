"""Arrays as annotations state them, sums by group, and numbers of the elementary functions."""

from __future__ import annotations

import math
from typing import Annotated, Any, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=np.generic)
Array = npt.NDArray[Any]
Vector = Annotated[npt.NDArray[T], 1]
Matrix = Annotated[npt.NDArray[T], 2]
Cube = Annotated[npt.NDArray[T], 3]


def sums_by_group(
    values: Array, group: npt.NDArray[np.int64], groups: int
) -> npt.NDArray[np.float64]:
    """(..., groups) sums of `values` (..., n) by group (n,), added from the first to the last."""
    if values.ndim == 1:
        return np.bincount(group, values, groups).astype(np.float64, copy=False)
    rows = math.prod(values.shape[:-1])
    place = np.arange(rows)[:, None] * groups + group
    sums = sums_by_group(values.ravel(), place.ravel(), rows * groups)
    return sums.reshape(*values.shape[:-1], groups)


def ratio(
    part: npt.ArrayLike, whole: npt.ArrayLike, otherwise: float = 0.0
) -> npt.NDArray[np.float64]:
    """part / whole where the whole is positive, else `otherwise`; arrays broadcast."""
    out = np.empty(np.broadcast(part, whole).shape)
    out.fill(otherwise)
    return np.divide(part, whole, out=out, where=np.greater(whole, 0.0))


NAMES = ("exp", "ln", "log1p", "expm1", "log2", "exp2", "power")
EXP, LN, LOG1P, EXPM1, LOG2, EXP2, POWER = range(len(NAMES))
