"""Random paths of a cost that reverts to its mean and sometimes jumps."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sim.economics.arrays import Floats


def ar1_with_jumps(
    normals: Floats,
    persistence: float,
    sd: float,
    jump_probability: float = 0.0,
    jump_mean: float = 0.0,
    jump_sd: float = 0.0,
) -> Floats:
    """Path (M,) of ``z_t = rho z_{t-1} + sd n_t + J_t``, z before the first month being 0.

    ``J_t`` is ``jump_mean + jump_sd m_t`` with the jump probability and 0 otherwise; a jump fades
    like any other shock (Merton 1976 for the jumps, AR(1) for the rest).

    Parameters
    ----------
    normals
        (M, 3) independent standard normals: shock, whether there is a jump, its size. A path is a
        function of them alone, so that worlds that share them have the same luck, and a longer
        path begins with the shorter.
    persistence
        rho, in [0, 1).
    sd, jump_sd
        Standard deviations, at least 0.
    jump_probability
        In [0, 1], a month.

    Raises
    ------
    ValueError
        If a parameter lies outside its range or the normals are not (M, 3).
    """
    drawn = np.asarray(normals, dtype=np.float64)
    if drawn.ndim != 2 or drawn.shape[1] != 3:
        raise ValueError(f"normals must be (months, 3), got {drawn.shape}")
    if not (0 <= persistence < 1 and 0 <= jump_probability <= 1 and sd >= 0 and jump_sd >= 0):
        raise ValueError("persistence must lie in [0, 1), the probability in [0, 1], sd be >= 0")
    jumps = drawn[:, 1] < ndtri(jump_probability)
    shocks = sd * drawn[:, 0] + np.where(jumps, jump_mean + jump_sd * drawn[:, 2], 0.0)
    path = np.zeros(len(shocks))
    now = 0.0
    for month, shock in enumerate(shocks):
        now = persistence * now + shock
        path[month] = now
    return path
