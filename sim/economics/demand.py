"""Discrete-choice demand: price terms, logit, nested logit, consideration sets, elasticities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, Ints, labels
from sim.numeric.portable import Value, exp, ln, power

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
    return np.asarray(box_cox_term(_shifted(prices, box_cox, price_shift), box_cox))


def box_cox_term(shifted: Value, box_cox: float) -> Value:
    """The law of :func:`price_term` for p + p0: of arrays, of numbers, and inside kernels."""
    if box_cox == LINEAR:
        return shifted
    if box_cox == LOG:
        return ln(shifted)
    return (power(shifted, box_cox) - 1.0) / box_cox


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


class NestedLogit(NamedTuple):
    """Choice probabilities and inclusive values of a nested logit.

    Attributes
    ----------
    probabilities : (..., J)
    conditional : (..., J)
        Probability of an alternative given its nest.
    nest_probabilities : (..., N)
    inclusive_values : (..., N)
        ``(1 - rho_n) ln sum_{j in n} exp(V_j / (1 - rho_n))``, utils.
    logsum : (...)
        Expected maximum utility without Euler's constant, utils.
    """

    probabilities: Floats
    conditional: Floats
    nest_probabilities: Floats
    inclusive_values: Floats
    logsum: Floats


class Nests:
    """Partition of J alternatives into N nests with one correlation each.

    Parameters
    ----------
    nest : (J,) int
        Nest of each alternative, 0 to N-1; a nest may be empty.
    rho : (N,) float
        Correlation inside each nest, 0 <= rho < 1.

    Raises
    ------
    ValueError
        If a label has no correlation or a correlation lies outside [0, 1).
    """

    def __init__(self, nest: ArrayLike, rho: ArrayLike) -> None:
        self.rho: Floats = np.atleast_1d(np.asarray(rho, dtype=np.float64))
        if self.rho.ndim != 1 or not ((self.rho >= 0) & (self.rho < 1)).all():
            raise ValueError("rho must be a vector with 0 <= rho < 1")
        size = np.asarray(nest).size
        if size == 0:
            raise ValueError("there must be at least one alternative")
        self.nest: Ints = labels("nest", nest, size)
        if self.nest.max() >= self.rho.size:
            raise ValueError(f"nest {self.nest.max()} has no rho (got {self.rho.size})")
        self._present, inverse = np.unique(self.nest, return_inverse=True)
        self._inverse: Ints = inverse.reshape(-1).astype(np.int64)
        self._order = np.argsort(self._inverse, kind="stable")
        self._starts = np.searchsorted(self._inverse[self._order], np.arange(self._present.size))
        self.alternative_rho: Floats = self.rho[self.nest]

    @property
    def size(self) -> int:
        """Number of alternatives J."""
        return int(self.nest.size)

    def logit(self, utilities: Floats) -> NestedLogit:
        """Nested logit of ``utilities`` (..., J); -inf marks an alternative as unavailable.

        ``P_j = exp(V_j/(1-rho)) / D_n * D_n^(1-rho_n) / sum_m D_m^(1-rho_m)`` with
        ``D_n = sum_{j in n} exp(V_j/(1-rho_n))``, by log-sum-exp inside and across nests.

        Raises
        ------
        ValueError
            If the shape is wrong, a utility is NaN or +inf, or nothing is available.

        Source: McFadden (1978); Cardell (1997) units as in Berry (1994, RAND 25:242-262).
        """
        if utilities.shape[-1:] != (self.size,):
            raise ValueError(f"utilities must end in {self.size}, got shape {utilities.shape}")
        if not (utilities < np.inf).all():
            raise ValueError("utilities must not be NaN or +inf")
        with np.errstate(under="ignore"):  # vanishing probabilities are meant
            scaled = utilities / (1 - self.alternative_rho)
            peak = np.maximum.reduceat(scaled[..., self._order], self._starts, axis=-1)
            peak = np.where(np.isfinite(peak), peak, 0.0)
            weight = exp(scaled - peak[..., self._inverse])
            total = np.add.reduceat(weight[..., self._order], self._starts, axis=-1)
            conditional = weight / np.where(total > 0, total, 1.0)[..., self._inverse]
            inclusive = (1 - self.rho[self._present]) * (_ln_or_empty(total) + peak)
            top = inclusive.max(axis=-1, keepdims=True)
            if not np.isfinite(top).all():
                raise ValueError("every row needs at least one available alternative")
            share = exp(inclusive - top)
            mass = share.sum(axis=-1, keepdims=True)
            share /= mass
            logsum = (top + ln(mass))[..., 0]
            probabilities = conditional * share[..., self._inverse]
        return NestedLogit(
            probabilities,
            conditional,
            self._spread(share, 0.0),
            self._spread(inclusive, -np.inf),
            logsum,
        )

    def _spread(self, present: Floats, empty: float) -> Floats:
        if self._present.size == self.rho.size:
            return present
        full = np.full((*present.shape[:-1], self.rho.size), empty)
        full[..., self._present] = present
        return full


def _ln_or_empty(total: Floats) -> Floats:
    """Logarithms of the sums of nests; -inf where nothing is available."""
    out = np.full(total.shape, -np.inf)
    there = total > 0
    out[there] = ln(total[there])
    return out


def cross_channel_utility(effect: ArrayLike) -> Floats:
    """What the channels in which a vendor serves a client add to its offers in each channel.

    ``B[c, h] = sum over c' in h, c' != c, of b[c', c]``: state dependence across channels, once
    for each channel held, however much is used there.

    Parameters
    ----------
    effect
        (n, n) b by the channel that is held and the channel of the offer, in utils.

    Returns
    -------
    (n, 2^n) by the channel of the offer and the set of channels held, bit c' for channel c'.

    Raises
    ------
    ValueError
        If the effects are no square matrix of finite numbers.

    Source: Heckman (1981) for state dependence; Li, Sun & Wilcox (2005, JMR 42:233-239) for
    cross-selling.
    """
    between = np.array(effect, dtype=np.float64)
    if between.ndim != 2 or between.shape[0] != between.shape[1] or not np.isfinite(between).all():
        raise ValueError(f"effects must be a finite square matrix, got shape {between.shape}")
    np.fill_diagonal(between, 0.0)
    n = len(between)
    held = np.arange(2**n)[:, None] >> np.arange(n) & 1
    return np.asarray((held[:, :, None] * between).sum(axis=1).T)


def concession_worth(
    share: float, price: float, fixed: float, rents: bool, box_cox: float, price_shift: float
) -> float:
    """Utility ``b(p + c) - b((1 - share) p + c)`` of a price cut, at price sensitivity 1.

    ``fixed`` is the part c of the price that no discount lowers. A rent has ``b = ln``, so that its
    level does not matter.
    """
    if rents:
        return -ln(1.0 - share)
    full = box_cox_term(price + fixed + price_shift, box_cox)
    return full - box_cox_term(price * (1.0 - share) + fixed + price_shift, box_cox)


def concession_of_worth(
    worth: float, price: float, fixed: float, rents: bool, box_cox: float, price_shift: float
) -> float:
    """The price cut, as a share, that has a given worth: inverse of :func:`concession_worth`."""
    if rents:
        return 1.0 - exp(-worth)
    term = box_cox_term(price + fixed + price_shift, box_cox) - worth
    if box_cox == LOG:
        net = exp(term)
    elif box_cox == LINEAR:
        net = term
    else:
        net = exp(ln(box_cox * term + 1.0) / box_cox)
    return 1.0 - (net - price_shift - fixed) / price
