"""Where a share path is heading: the ceiling of a fitted logistic curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]

# The curve's two nonlinear parameters lie on a grid that scales with the length of the run: from
# a rise within one month to one that has hardly begun when the run stops.
RATES = 40
MIDPOINTS = 60
MIDPOINT_SPAN = 1.5
SLOWEST_RISE = 2.0
ROUNDING = 1e-12


def _curves(months: int) -> FloatArray:
    t = np.arange(months, dtype=np.float64)
    rates = np.geomspace(SLOWEST_RISE / months, SLOWEST_RISE, RATES)
    middle = np.linspace((1.0 - MIDPOINT_SPAN) * months, MIDPOINT_SPAN * months, MIDPOINTS)
    grid = rates[:, None, None] * (t - middle[:, None])
    curves: FloatArray = special.expit(grid.reshape(-1, months))
    bent: FloatArray = curves[np.ptp(curves, axis=1) > ROUNDING]
    return bent


def logistic_ceiling(shares: npt.ArrayLike) -> FloatArray:
    """Ceiling K of ``s_t = a + (K - a) / (1 + exp(-r (t - t0)))`` for each path, at most 1.

    Least squares, linear in a and K for each pair (r, t0) of a grid (variable projection, Golub &
    Pereyra 1973). The rise is kept only if it beats a straight level by the Bayes criterion
    (three more parameters); a path that does not rise has its mean over time as ceiling.

    Parameters
    ----------
    shares
        (R, M) share of one vendor, fractions of one.

    Returns
    -------
    (R,) ceilings.

    Raises
    ------
    ValueError
        If the array is not (R, M) with M >= 5, or not finite.
    """
    s = np.asarray(shares, dtype=np.float64)
    if s.ndim != 2 or s.shape[1] < 5 or not np.isfinite(s).all():
        raise ValueError("shares must be finite, (replicates, months) with at least five months")
    months = s.shape[1]
    curves = _curves(months)
    centred = curves - curves.mean(axis=1, keepdims=True)
    mean = s.mean(axis=1)
    deviations = s - mean[:, None]
    rise = deviations @ centred.T / (centred**2).sum(axis=1)
    total = (deviations**2).sum(axis=1)
    explained = np.where(rise > 0.0, rise**2 * (centred**2).sum(axis=1), 0.0)
    best = explained.argmax(axis=1)
    rows = np.arange(len(s))
    floor = ROUNDING * (1.0 + total)
    gain = np.log(total + floor) - np.log(np.maximum(total - explained[rows, best], 0.0) + floor)
    rising = months * gain > 3.0 * np.log(months)
    level = mean + rise[rows, best] * (1.0 - curves[best].mean(axis=1))
    ceilings: FloatArray = np.clip(np.where(rising, level, mean), 0.0, 1.0)
    return ceilings
