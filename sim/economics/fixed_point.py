"""Anderson acceleration of a fixed-point iteration."""

from __future__ import annotations

import numpy as np

from sim.economics.arrays import Floats
from sim.numeric.linear import least_squares, product

MEMORY = 6  # past steps used; more rarely helps and worsens the conditioning
SETBACK = 2.0  # growth of the residual after which the memory is dropped


class Anderson:
    """Next point of ``x <- g(x)``, from the last few points instead of the last one.

    With residuals ``f = g(x) - x`` and the differences dX, dF of the memory, the next point is
    ``x + d f - (dX + d dF) argmin_c |f - dF c|``. A step against the residual, after a setback, or
    of more than `longest` times the residual is replaced by the plain damped step ``x + d f``.

    Source: Walker & Ni (2011, SIAM J. Numerical Analysis 49:1715-1735).
    """

    def __init__(self, damping: float, longest: float = np.inf) -> None:
        self._damping = damping
        self._longest = longest
        self._points: list[Floats] = []
        self._residuals: list[Floats] = []
        self._size = np.inf

    def next_point(self, point: Floats, residual: Floats, scale: Floats) -> Floats:
        """Next point (J,) from this point, its residual and the scale of each coordinate."""
        size = float(np.abs(residual / scale).max())
        if size > SETBACK * self._size:
            self._points, self._residuals = [], []
        self._size = size
        self._points = [*self._points[-MEMORY:], point]
        self._residuals = [*self._residuals[-MEMORY:], residual]
        plain = point + self._damping * residual
        if len(self._points) == 1:
            return np.asarray(plain)
        with np.errstate(under="ignore"):
            moves = np.diff(np.array(self._points), axis=0).T / scale[:, None]
            changes = np.diff(np.array(self._residuals), axis=0).T / scale[:, None]
            mix = least_squares(changes, residual / scale)
            shift = self._damping * residual / scale
            shift -= product(moves + self._damping * changes, mix)
            if not np.isfinite(shift).all() or product(shift, residual / scale) <= 0:
                return np.asarray(plain)
            if np.abs(shift).max() > self._longest * size:
                return np.asarray(plain)
            return np.asarray(point + shift * scale)
