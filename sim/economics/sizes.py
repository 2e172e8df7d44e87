"""Heavy-tailed client sizes: Lorenz shares, Gini, and what they do to effective sample size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import positive, vector


def lognormal_top_share(top: float, sigma: float) -> float:
    """Share of the total held by the largest fraction ``top``: ``Phi(sigma - z_{1-top})``."""
    from scipy.special import ndtr, ndtri

    _check_top(top)
    return float(ndtr(positive("sigma", sigma) + ndtri(top)))


def lognormal_gini(sigma: float) -> float:
    """Gini index ``2 Phi(sigma / sqrt 2) - 1 = erf(sigma / 2)``."""
    from scipy.special import erf

    return float(erf(positive("sigma", sigma) / 2))


def lognormal_cv2(sigma: float) -> float:
    """Squared coefficient of variation ``exp(sigma^2) - 1``."""
    return float(np.expm1(positive("sigma", sigma) ** 2))


def pareto_top_share(top: float, alpha: float) -> float:
    """Share of the total held by the largest fraction ``top``: ``top^(1 - 1/alpha)``, alpha > 1.

    Source: Axtell (2001, Science 293:1818-1820) for firm sizes.
    """
    _check_top(top)
    return float(top ** (1 - 1 / _pareto(alpha)))


def pareto_gini(alpha: float) -> float:
    """Gini index ``1 / (2 alpha - 1)``, alpha > 1."""
    return 1 / (2 * _pareto(alpha) - 1)


def pareto_cv2(alpha: float) -> float:
    """Squared coefficient of variation ``1 / (alpha (alpha - 2))``; infinite for alpha <= 2."""
    return 1 / (alpha * (alpha - 2)) if _pareto(alpha) > 2 else float("inf")


def kish_efficiency(cv2: float) -> float:
    """Effective over actual sample size ``(E w)^2 / E[w^2] = 1 / (1 + cv^2)`` (Kish 1965)."""
    if not cv2 >= 0:
        raise ValueError(f"cv2 must be >= 0, got {cv2}")
    return 1 / (1 + cv2)


def effective_sample_size(weights: ArrayLike) -> float:
    """Kish's effective number of clients ``(sum w)^2 / sum w^2``.

    Raises
    ------
    ValueError
        If a weight is negative or all are zero.
    """
    array = vector("weights", weights)
    if (array < 0).any() or not array.any():
        raise ValueError("weights must be >= 0 and not all zero")
    scaled = array / array.max()
    with np.errstate(under="ignore"):
        return float(scaled.sum() ** 2 / (scaled**2).sum())


def _pareto(alpha: float) -> float:
    if not (np.isfinite(alpha) and alpha > 1):
        raise ValueError(f"a Pareto law with a mean needs alpha > 1, got {alpha}")
    return float(alpha)


def _check_top(top: float) -> None:
    if not 0 < top < 1:
        raise ValueError(f"top must lie strictly between 0 and 1, got {top}")
