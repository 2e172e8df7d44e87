"""Arrays as annotations state them: of which numbers, and of how many dimensions."""

from __future__ import annotations

from typing import Annotated, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=np.generic)
Vector = Annotated[npt.NDArray[T], 1]
Matrix = Annotated[npt.NDArray[T], 2]
Cube = Annotated[npt.NDArray[T], 3]
