"""Arrays as annotations state them, sums by group, and numbers of the elementary functions."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=np.generic)
Array = npt.NDArray[Any]
Vector = Annotated[npt.NDArray[T], 1]
Matrix = Annotated[npt.NDArray[T], 2]
Cube = Annotated[npt.NDArray[T], 3]


def sums_by_group(
    values: npt.ArrayLike, group: npt.NDArray[np.int64], groups: int
) -> npt.NDArray[np.float64]:
    """(groups,) sums of `values` (n,) by their group (n,), added up from the first to the last."""
    return np.bincount(group, values, groups).astype(np.float64, copy=False)


NAMES = ("exp", "ln", "log1p", "expm1", "log2", "exp2", "power")
EXP, LN, LOG1P, EXPM1, LOG2, EXP2, POWER = range(len(NAMES))
