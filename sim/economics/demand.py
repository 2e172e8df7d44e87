"""Discrete-choice demand: price terms, logit, nested logit, consideration sets, elasticities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, Ints, labels, positive, vector
from sim.numeric.portable import exp, ln, power

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


MAX_ENUMERATED = 20  # alternatives; 2^20 consideration sets are the most worth enumerating
QUADRATURE_REACH = 12.0  # standard deviations of taste covered by the mixed logit integral
QUADRATURE_ERROR = 1e-12


class WithOutside(NamedTuple):
    """Shares of the J inside alternatives and of the outside option."""

    shares: Floats
    outside: float


def log_probabilities(utilities: ArrayLike, scale: float = 1.0) -> Floats:
    """Logit log-probabilities ``V_j/mu - ln sum_k exp(V_k/mu)`` over the last axis, (..., J).

    ``scale`` is mu > 0, the scale of the extreme-value errors. Safe for utilities of any size.

    Raises
    ------
    ValueError
        If a utility is NaN or +inf, nothing is available (-inf everywhere), or scale <= 0.

    Source: Train (2009), Discrete Choice Methods, ch. 3.
    """
    scaled = _utilities(utilities) / positive("scale", scale)
    top = scaled.max(axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        raise ValueError("every row needs at least one available alternative")
    with np.errstate(under="ignore"):
        mass = np.exp(scaled - top).sum(axis=-1, keepdims=True)
    return np.asarray(scaled - top - np.log(mass))


def logit_probabilities(utilities: ArrayLike, scale: float = 1.0) -> Floats:
    """Logit probabilities ``exp(V_j/mu) / sum_k exp(V_k/mu)``; see :func:`log_probabilities`."""
    with np.errstate(under="ignore"):
        return np.asarray(np.exp(log_probabilities(utilities, scale)))


def logsum(utilities: ArrayLike, scale: float = 1.0) -> Floats:
    """Expected maximum utility ``mu ln sum_k exp(V_k/mu)`` without Euler's constant, (...).

    Consumer surplus in money is this divided by the marginal utility of income (Small & Rosen
    1981). Errors as in :func:`log_probabilities`.
    """
    values = _utilities(utilities)
    lead = values.max(axis=-1, keepdims=True)
    logs = log_probabilities(values, scale)
    at_lead = np.take_along_axis(logs, values.argmax(axis=-1)[..., None], axis=-1)
    return np.asarray((lead - scale * at_lead)[..., 0])


def nested_logit_probabilities(
    delta: ArrayLike, nest: ArrayLike, rho: ArrayLike, outside: float = 0.0
) -> tuple[NestedLogit, float]:
    """Nested logit of J products in N nests plus an outside option alone in its nest.

    ``delta`` (J,) in outer units, ``nest`` (J,) labels, ``rho`` a number or (N,). Returns the
    :class:`~sim.economics.demand.NestedLogit` of the products (its ``logsum`` includes the outside
    option) and the outside probability.

    Raises
    ------
    ValueError
        Bad shapes or rho outside [0, 1).

    Source: McFadden (1978); Berry (1994, RAND 25:242-262).
    """
    values = np.append(_utilities(delta), outside)
    size = values.size - 1
    names = labels("nest", nest, size)
    count = int(names.max()) + 1
    per_nest = np.append(np.broadcast_to(np.asarray(rho, dtype=np.float64), (count,)), 0.0)
    choice = Nests(np.append(names, count), per_nest).logit(values)
    inside = NestedLogit(
        choice.probabilities[:-1],
        choice.conditional[:-1],
        choice.nest_probabilities[:-1],
        choice.inclusive_values[:-1],
        choice.logsum,
    )
    return inside, float(choice.probabilities[-1])


def consideration_set_shares(
    utilities: ArrayLike,
    awareness: ArrayLike,
    outside: float = 0.0,
    *,
    outside_considered: bool = True,
) -> WithOutside:
    """Shares when each alternative is known independently with its awareness probability.

    ``s_j = sum_{S with j} prod_{l in S} phi_l prod_{m not in S} (1-phi_m) e^{u_j} /
    (e^{u_0} + sum_{k in S} e^{u_k})``. Without ``outside_considered`` only clients who know
    nothing stay outside.

    Raises
    ------
    ValueError
        Bad shapes, awareness outside [0, 1] or more than 20 alternatives.

    Source: Goeree (2008, Econometrica 76:1017-1074).
    """
    values = vector("utilities", utilities)
    phi = vector("awareness", awareness, values.size)
    if (phi < 0).any() or (phi > 1).any():
        raise ValueError("awareness must lie in [0, 1]")
    if values.size > MAX_ENUMERATED:
        raise ValueError(f"at most {MAX_ENUMERATED} alternatives can be enumerated")
    known = (np.arange(2**values.size)[:, None] >> np.arange(values.size)) & 1 == 1
    with np.errstate(under="ignore"):
        chance = np.where(known, phi, 1 - phi).prod(axis=1)
    inside = np.where(known, values, -np.inf)
    stay_out = np.where(outside_considered | ~known.any(axis=1), outside, -np.inf)
    choice = logit_probabilities(np.column_stack([inside, stay_out]))
    with np.errstate(under="ignore"):
        shares = chance @ choice
    return WithOutside(shares[:-1], float(shares[-1]))


def lognormal_price_logit(
    quality: ArrayLike, prices: ArrayLike, mu: float, sd: float, outside: float = 0.0
) -> WithOutside:
    """Mixed logit with ``alpha_i = exp(mu + sd z)``, z standard normal, linear price.

    ``P_j = int exp(a_j - alpha p_j) / (e^{u_0} + sum_k exp(a_k - alpha p_k)) phi(z) dz`` by
    adaptive quadrature.

    Raises
    ------
    ValueError
        Bad shapes or sd < 0.

    Source: McFadden & Train (2000, J. Appl. Econometrics 15:447-470).
    """
    from scipy.integrate import quad_vec

    values = vector("quality", quality)
    price = vector("prices", prices, values.size)
    if not (np.isfinite(sd) and sd >= 0 and np.isfinite(mu)):
        raise ValueError("mu must be finite and sd finite and >= 0")

    def weighted(z: float) -> Floats:
        utilities = np.append(values - np.exp(mu + sd * z) * price, outside)
        density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        return np.asarray(logit_probabilities(utilities) * density)

    with np.errstate(under="ignore"):
        reach = (-QUADRATURE_REACH, QUADRATURE_REACH)
        shares, _ = quad_vec(weighted, *reach, epsabs=QUADRATURE_ERROR, points=(0.0,))
    shares = shares / shares.sum()
    return WithOutside(shares[:-1], float(shares[-1]))


def elasticities(jacobian: ArrayLike, quantities: ArrayLike, prices: ArrayLike) -> Floats:
    """Elasticity matrix ``E[k, j] = dq_k/dp_j * p_j / q_k`` (row quantity, column price).

    Raises
    ------
    ValueError
        Bad shapes or a quantity of zero.
    """
    amount = vector("quantities", quantities)
    if (amount == 0).any():
        raise ValueError("elasticities need quantities other than zero")
    slope = _square(jacobian, amount.size)
    return np.asarray(slope * vector("prices", prices, amount.size) / amount[:, None])


def diversion_ratios(jacobian: ArrayLike) -> Floats:
    """Diversion ``D[k, j] = -(dq_k/dp_j) / (dq_j/dp_j)``: where product j's lost sales go.

    Rows receive, columns lose; the diagonal is -1.

    Raises
    ------
    ValueError
        If the matrix is not square or an own slope is zero.

    Source: Conlon & Mortimer (2021, RAND 52:693-726).
    """
    slope = _square(jacobian, np.asarray(jacobian).shape[-1])
    own = np.diag(slope)
    if (own == 0).any():
        raise ValueError("diversion needs own-price slopes other than zero")
    return np.asarray(-slope / own)


def diversion_to_outside(jacobian: ArrayLike) -> Floats:
    """Diversion to the outside option, (J,): one minus what the other products receive."""
    return np.asarray(-diversion_ratios(jacobian).sum(axis=0))


def _utilities(utilities: ArrayLike) -> Floats:
    values = np.asarray(utilities, dtype=np.float64)
    if values.ndim == 0 or values.shape[-1] == 0:
        raise ValueError("utilities must have at least one alternative on the last axis")
    if not (values < np.inf).all():
        raise ValueError("utilities must not be NaN or +inf")
    return values


def _square(matrix: ArrayLike, size: int) -> Floats:
    array = np.asarray(matrix, dtype=np.float64)
    if array.shape != (size, size) or not np.isfinite(array).all():
        raise ValueError(f"jacobian must be finite with shape ({size}, {size}), got {array.shape}")
    return array
