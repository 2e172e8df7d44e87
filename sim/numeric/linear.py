"""Matrix products and least squares that add up in one order on every machine.

BLAS and LAPACK choose their order by the processor, and with it the last bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
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
