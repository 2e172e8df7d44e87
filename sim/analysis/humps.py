"""Does a distribution have two humps? Silverman's test of the number of modes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

GRID = 256
FINEST = 2.0
BLOCK = 4_000
"""Values whose densities are held in memory at once."""
BISECTIONS = 25
TAILS = 3.0
LEAST_VALUES = 4
RESAMPLES = 400
RESAMPLING_SEED = 20_260_302


class Humps(NamedTuple):
    """Silverman's test of one hump against more."""

    n: int
    p_value: float
    critical_bandwidth: float
    """Smallest bandwidth at which the density has one mode, in the units of the values."""
    modes: tuple[float, ...]
    """Where the two modes lie below that bandwidth: the humps, if there are any."""


def modes_of(values: npt.ArrayLike, bandwidth: float) -> Floats:
    """Modes of the Gaussian kernel density of some values, in ascending order.

    Raises
    ------
    ValueError
        If a value is not finite, none differs from another or the bandwidth is not positive.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all() or not np.ptp(x) > 0.0 or not bandwidth > 0.0:
        raise ValueError("modes: needs finite values that differ and a positive bandwidth")
    grid, density = _density(x[None], bandwidth)
    peaks = _peaks(density)[0]
    return np.asarray(grid[0][peaks], dtype=np.float64)


def _density(samples: Floats, bandwidth: float) -> tuple[Floats, Floats]:
    """Grid and kernel density, up to a factor, of each sample (S, N): (S, GRID) each.

    All samples at once: `scipy.stats.gaussian_kde` gives the same numbers one sample at a time,
    and spends its time on setting up.
    """
    reach = TAILS * bandwidth
    low, high = samples.min(axis=1) - reach, samples.max(axis=1) + reach
    grid = np.linspace(low, high, GRID, axis=1)
    with np.errstate(under="ignore"):
        away = (grid[:, :, None] - samples[:, None, :]) / bandwidth
        density = np.exp(-0.5 * away**2).sum(axis=2)
    return grid, density


def _peaks(density: Floats) -> npt.NDArray[np.bool_]:
    """Which grid points are strictly higher than both neighbours, (S, GRID)."""
    found = np.zeros(density.shape, dtype=np.bool_)
    found[:, 1:-1] = (density[:, 1:-1] > density[:, :-2]) & (density[:, 1:-1] >= density[:, 2:])
    return found


def critical_bandwidth(values: npt.ArrayLike, modes: int = 1) -> float:
    """Smallest bandwidth at which the density has at most so many modes, by bisection.

    The number of modes falls as the bandwidth of a Gaussian kernel grows (Silverman 1981). A
    bandwidth finer than two steps of the grid is not told apart.
    """
    x = np.asarray(values, dtype=np.float64)
    high = float(np.ptp(x))
    low = FINEST * high / GRID
    for _ in range(BISECTIONS):
        middle = math.sqrt(low * high)
        if len(modes_of(x, middle)) > modes:
            low = middle
        else:
            high = middle
    return high


def silverman_test(
    values: npt.ArrayLike, rng: np.random.Generator | None = None, resamples: int = RESAMPLES
) -> Humps | None:
    """Silverman's bootstrap test of one mode against more.

    The critical bandwidth ``h`` is the smallest that makes the density single-humped; a large one
    speaks for humps. Under one hump samples are drawn from that density, shrunk to the variance
    of the values, ``y = mean + (x_I - mean + h e) / sqrt(1 + h^2 / var)``; p is the share of them
    with more than one mode at the same bandwidth. The test is conservative: it rejects too rarely
    (Hall & York 2001, Statistica Sinica 11:515-536), so a small p is to be believed and a large
    one proves nothing.

    Parameters
    ----------
    values
        (N,) outcome of each run.
    rng
        Generator of the bootstrap; one of a fixed seed unless given.

    Returns
    -------
    None for fewer than four values or values that are all the same.

    Notes
    -----
    Silverman (1981, Journal of the Royal Statistical Society B 43:97-99).
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size < LEAST_VALUES or not np.ptp(x) > 0.0:
        return None
    draws = rng or np.random.Generator(np.random.Philox(RESAMPLING_SEED))
    # In units of its own spread the test does not care about scale or place.
    z = (x - x.mean()) / x.std()
    h = critical_bandwidth(z)
    picked = z[draws.integers(z.size, size=(resamples, z.size))]
    smooth = (picked + h * draws.standard_normal(picked.shape)) / math.sqrt(1.0 + h**2)
    parts = np.array_split(smooth, math.ceil(resamples * z.size / BLOCK))
    several = sum(int((_peaks(_density(part, h)[1]).sum(axis=1) > 1).sum()) for part in parts)
    between = math.sqrt(h * critical_bandwidth(z, 2))
    places = modes_of(z, between) * x.std() + x.mean()
    return Humps(int(x.size), several / resamples, h * float(x.std()), tuple(map(float, places)))
