"""Discrete-choice demand: logit, nested logit, consideration sets, elasticities, diversion."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, labels, positive, vector
from sim.economics.nests import NestedLogit, Nests

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
    :class:`~sim.economics.nests.NestedLogit` of the products (its ``logsum`` includes the outside
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
