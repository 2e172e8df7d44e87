"""State-dependent choice with review hazard as a Markov chain of clients between vendors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, vector
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
