"""How many vendors a client with several workloads uses."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, positive, vector


def single_home_probability(
    shares: ArrayLike, workloads: int, concentration: float | None = None
) -> float:
    """Probability that all workloads of a client are with one vendor.

    Independent workloads: ``sum_j s_j^K``. With ``concentration`` theta the client's tastes are
    Dirichlet(theta s): ``sum_j prod_{k<K} (theta s_j + k) / (theta + k)``.

    Raises
    ------
    ValueError
        If shares do not sum to one, workloads < 1 or theta <= 0.

    Source: Dirichlet-multinomial (Mosimann 1962); Fradkin (2025, arXiv:2504.15440) for the data.
    """
    return float(_all_in(_shares(shares), workloads, concentration).sum())


def expected_vendors(
    shares: ArrayLike, workloads: int, concentration: float | None = None
) -> float:
    """Expected number of vendors of a client, ``sum_j (1 - P(no workload with j))``.

    Parameters and errors as in :func:`single_home_probability`.
    """
    return float((1 - _all_in(1 - _shares(shares), workloads, concentration)).sum())


def _all_in(chance: Floats, workloads: int, concentration: float | None) -> Floats:
    if workloads < 1 or workloads != int(workloads):
        raise ValueError(f"workloads must be a whole number >= 1, got {workloads}")
    if concentration is None:
        return np.asarray(chance ** int(workloads))
    theta = positive("concentration", concentration)
    step = np.arange(int(workloads))[:, None]
    return np.asarray(((theta * chance + step) / (theta + step)).prod(axis=0))


def _shares(shares: ArrayLike) -> Floats:
    array = vector("shares", shares)
    if (array < 0).any() or not np.isclose(array.sum(), 1):
        raise ValueError("shares must be >= 0 and sum to 1")
    return np.clip(array, 0.0, 1.0)
