"""Switching, multi-homing, and how two worlds share their draws."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive, vector
from sim.economics.demand import logit_probabilities

UNIT_ROUNDOFF = float(np.finfo(np.float64).eps) / 2


def switching_matrix(utilities: ArrayLike, switching_cost: float, review_hazard: float) -> Floats:
    """Monthly transition matrix (J, J), row = current vendor, column = next.

    ``T_ij = (1-h) 1[i=j] + h softmax_j(V_j - kappa 1[j != i])``.

    Raises
    ------
    ValueError
        If the utilities are no finite vector or the hazard lies outside [0, 1].

    Source: Dube, Hitsch & Rossi (2010, RAND 41:417-445); Calvo-type review timing.
    """
    values = vector("utilities", utilities)
    hazard = fraction("review_hazard", review_hazard)
    stay = np.eye(values.size)
    return np.asarray(
        (1 - hazard) * stay + hazard * logit_probabilities(values - switching_cost * (1 - stay))
    )


def stationary_shares(transition: ArrayLike) -> Floats:
    """Stationary distribution (J,) ``pi = pi T``, ``sum pi = 1``.

    Raises
    ------
    ValueError
        If the matrix is not stochastic or has several stationary distributions.
    """
    matrix = _stochastic(transition)
    size = matrix.shape[0]
    system = np.vstack([matrix.T - np.eye(size), np.ones(size)])
    shares, _, rank, _ = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)
    if rank < size:
        raise ValueError("the chain has several stationary distributions")
    return np.asarray(shares)


def churn(transition: ArrayLike, shares: ArrayLike) -> float:
    """Share of clients who change vendor in a month, ``sum_i s_i (1 - T_ii)``."""
    matrix = _stochastic(transition)
    return float(vector("shares", shares, matrix.shape[0]) @ (1 - np.diag(matrix)))


def shares_after(transition: ArrayLike, start: ArrayLike, months: int) -> Floats:
    """Shares (J,) after ``months`` from the shares ``start``."""
    matrix = _stochastic(transition)
    if months < 0:
        raise ValueError(f"months must be >= 0, got {months}")
    power = np.linalg.matrix_power(matrix, months)
    return np.asarray(vector("start", start, matrix.shape[0]) @ power)


def second_eigenvalue(transition: ArrayLike) -> float:
    """Modulus of the second largest eigenvalue: the share of a deviation kept each month.

    Never below unit roundoff, where an eigenvalue cannot be told from zero.
    """
    moduli = np.sort(np.abs(np.linalg.eigvals(_stochastic(transition))))
    return max(float(moduli[-2]), UNIT_ROUNDOFF) if moduli.size > 1 else UNIT_ROUNDOFF


def half_life(transition: ArrayLike) -> float:
    """Months until half of a deviation from the stationary shares is gone, ``ln .5/ln |l_2|``."""
    kept = second_eigenvalue(transition)
    return float(np.log(0.5) / np.log(kept)) if kept < 1 else float("inf")


def offsetting_price_cut(switching_cost: float, alpha: float) -> float:
    """Price cut that offsets a switching cost under log price, ``1 - exp(-kappa/alpha)``."""
    if not alpha > 0:
        raise ValueError(f"alpha must be > 0, got {alpha}")
    return float(-np.expm1(-switching_cost / alpha))


def _stochastic(transition: ArrayLike) -> Floats:
    matrix = np.asarray(transition, dtype=np.float64)
    square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] > 0
    if not square or not (matrix >= 0).all() or not np.allclose(matrix.sum(axis=1), 1):
        raise ValueError("transition must be a square matrix with rows that sum to one")
    return matrix


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


class CoupledVariance(NamedTuple):
    """Variance per client of the change of one share, with common and independent draws."""

    common: float
    independent: float

    @property
    def reduction(self) -> float:
        """Independent over common variance; infinite if nothing moves."""
        return self.independent / self.common if self.common > 0 else float("inf")


def gumbel_joint(utilities: ArrayLike, alternative: int, improvement: float) -> Floats:
    """Joint choice (J, J), row before, column after, when both worlds use the same Gumbel draws.

    Only moves into the improved alternative (out of it, for a negative improvement) can happen:
    ``P(j, j) = min(s_j, s'_j)`` and the rest of the mass flows to or from it.

    Raises
    ------
    ValueError
        If the utilities are no finite vector or the alternative does not exist.

    Source: Maddison, Tarlow & Minka (2014, NeurIPS).
    """
    before, after = shares_before_after(utilities, alternative, improvement)
    joint = np.diag(np.minimum(before, after))
    others = np.arange(before.size) != alternative
    if improvement >= 0:
        joint[others, alternative] = (before - after)[others]
    else:
        joint[alternative, others] = (after - before)[others]
    return joint


def inverse_cdf_joint(utilities: ArrayLike, alternative: int, improvement: float) -> Floats:
    """Joint choice (J, J) when both worlds invert the cumulative shares at the same uniform.

    Entry (j, k) is the overlap of j's interval before with k's interval after.
    """
    before, after = shares_before_after(utilities, alternative, improvement)
    old, new = (np.concatenate([[0.0], np.cumsum(s)]) for s in (before, after))
    top = np.minimum(old[1:, None], new[None, 1:])
    bottom = np.maximum(old[:-1, None], new[None, :-1])
    return np.asarray(np.maximum(top - bottom, 0.0))


def switchers(joint: ArrayLike) -> float:
    """Share of clients who choose differently in the two worlds, the mass off the diagonal."""
    table = np.asarray(joint, dtype=np.float64)
    return float(table[~np.eye(len(table), dtype=np.bool_)].sum())


def bystander_switchers(joint: ArrayLike, alternative: int) -> float:
    """Share of clients who move between two alternatives that did not change."""
    table = np.array(joint, dtype=np.float64)
    table[alternative, :] = 0.0
    table[:, alternative] = 0.0
    return switchers(table)


def share_change_variance(
    utilities: ArrayLike, alternative: int, improvement: float
) -> CoupledVariance:
    """Variance per client of the change in the improved alternative's share.

    Common Gumbel draws: ``d (1 - d)`` with d the share change; independent draws:
    ``s (1-s) + s' (1-s')``.

    Source: Stout & Goldie (2008, Health Care Management Science 11:399-406).
    """
    before, after = shares_before_after(utilities, alternative, improvement)
    old, new = float(before[alternative]), float(after[alternative])
    moved = abs(new - old)
    return CoupledVariance(moved * (1 - moved), old * (1 - old) + new * (1 - new))


def shares_before_after(
    utilities: ArrayLike, alternative: int, improvement: float
) -> tuple[Floats, Floats]:
    """Logit shares before and after one utility rises by ``improvement``."""
    values = vector("utilities", utilities)
    if not 0 <= alternative < values.size:
        raise ValueError(f"alternative must lie in 0..{values.size - 1}, got {alternative}")
    changed = values.copy()
    changed[alternative] += improvement
    return logit_probabilities(values), logit_probabilities(changed)
