"""How a price enters utility: the Box-Cox price term and its slope."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats
from sim.numeric.portable import ln, power

LOG, LINEAR = 0.0, 1.0


def price_term(prices: ArrayLike, box_cox: float = LOG, price_shift: float = 0.0) -> Floats:
    """Price term ``b(p)`` of utility ``V - alpha b(p)``.

    ``b(p) = ln(p + p0)`` for ``box_cox = 0``, ``p + p0`` for ``box_cox = 1`` (linear price, as in
    the pricing literature, without the constant) and ``((p + p0)^box_cox - 1) / box_cox`` between.
    The constant matters only against alternatives without a price.

    Raises
    ------
    ValueError
        If ``p + p0 <= 0`` while the term is not linear, or a price is not finite.

    Source: Box & Cox (1964, JRSS B 26:211-252).
    """
    shifted = _shifted(prices, box_cox, price_shift)
    if box_cox == LINEAR:
        return shifted
    if box_cox == LOG:
        return ln(shifted)
    return np.asarray((power(shifted, box_cox) - 1) / box_cox)


def price_slope(prices: ArrayLike, box_cox: float = LOG, price_shift: float = 0.0) -> Floats:
    """Slope ``b'(p) = (p + p0)^(box_cox - 1)`` of :func:`price_term`, same shape and errors."""
    shifted = _shifted(prices, box_cox, price_shift)
    if box_cox == LINEAR:
        return np.ones_like(shifted)
    return np.asarray(power(shifted, box_cox - 1))


def _shifted(prices: ArrayLike, box_cox: float, price_shift: float) -> Floats:
    shifted = np.asarray(prices, dtype=np.float64) + price_shift
    if shifted.size:
        lowest, highest = np.minimum.reduce(shifted, None), np.maximum.reduce(shifted, None)
        if not (lowest > -np.inf and highest < np.inf):  # so is NaN
            raise ValueError("prices must be finite")
        if box_cox != LINEAR and lowest <= 0:
            raise ValueError(f"price + price_shift must be > 0, lowest is {lowest}")
    return shifted
