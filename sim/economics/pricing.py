"""Anderson acceleration of a fixed-point iteration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Bools, Floats, Ints, fraction, labels, positive, vector
from sim.economics.mixed import Demand
from sim.numeric.portable import least_squares, product

MEMORY = 6  # past steps used; more rarely helps and worsens the conditioning
SETBACK = 2.0  # growth of the residual after which the memory is dropped


class Anderson:
    """Next point of ``x <- g(x)``, from the last few points instead of the last one.

    With residuals ``f = g(x) - x`` and the differences dX, dF of the memory, the next point is
    ``x + d f - (dX + d dF) argmin_c |f - dF c|``. A step against the residual, after a setback, or
    of more than `longest` times the residual is replaced by the plain damped step ``x + d f``.

    Source: Walker & Ni (2011, SIAM J. Numerical Analysis 49:1715-1735).
    """

    def __init__(self, damping: float, longest: float = np.inf) -> None:
        self._damping = damping
        self._longest = longest
        self._points: list[Floats] = []
        self._residuals: list[Floats] = []
        self._size = np.inf

    def next_point(self, point: Floats, residual: Floats, scale: Floats) -> Floats:
        """Next point (J,) from this point, its residual and the scale of each coordinate."""
        size = float(np.abs(residual / scale).max())
        if size > SETBACK * self._size:
            self._points, self._residuals = [], []
        self._size = size
        self._points = [*self._points[-MEMORY:], point]
        self._residuals = [*self._residuals[-MEMORY:], residual]
        plain = point + self._damping * residual
        if len(self._points) == 1:
            return np.asarray(plain)
        with np.errstate(under="ignore"):
            moves = np.diff(np.array(self._points), axis=0).T / scale[:, None]
            changes = np.diff(np.array(self._residuals), axis=0).T / scale[:, None]
            mix = least_squares(changes, residual / scale)
            shift = self._damping * residual / scale
            shift -= product(moves + self._damping * changes, mix)
            if not np.isfinite(shift).all() or product(shift, residual / scale) <= 0:
                return np.asarray(plain)
            if np.abs(shift).max() > self._longest * size:
                return np.asarray(plain)
            return np.asarray(point + shift * scale)


DIVERGENCE_RATIO = 1e9  # prices this far above their scale will not come back
LONGEST_STEP = 4.0  # times the residual, where longer steps have led astray


class NoEquilibrium(ArithmeticError):
    """The pricing game has no finite equilibrium, or the iteration did not reach it."""


class Equilibrium(NamedTuple):
    """Prices (J,), iterations used and the largest relative first-order residual."""

    prices: Floats
    iterations: int
    residual: float


def bertrand_nash(
    demand: Demand,
    cost: ArrayLike,
    owner: ArrayLike,
    *,
    start: ArrayLike | None = None,
    active: ArrayLike | None = None,
    damping: float = 0.5,
    tolerance: float = 1e-12,
    max_iterations: int = 5000,
) -> Equilibrium:
    """Prices at which every owner's first-order condition holds.

    Iterates ``p <- (1-d) p + d (c + zeta(p))``, with Anderson acceleration, where
    ``zeta = Lambda^-1 (O * Gamma)'(p - c) - Lambda^-1 q`` until ``|p - c - zeta|`` is below
    ``tolerance`` relative to ``|p| + |c|``.

    Parameters
    ----------
    demand : Demand
    cost : (J,) float
        Marginal cost in price units; read for priced columns only.
    owner : (J,) int
        Firm of each column, -1 for none. A priced column of nobody keeps its start price.
    start : (J,) float, optional
        Default: cost.
    active : (J,) bool, optional
        Columns whose price moves; the others stay at ``start``. Default: all owned.
    damping : float
        Step ``d`` in (0, 1].

    Raises
    ------
    ValueError
        Bad shapes or settings.
    NoEquilibrium
        If prices run away (demand too inelastic) or do not settle in time.

    Notes
    -----
    A column that nobody can choose keeps its start price. First-order conditions need not be
    optimal under mixed demand: check with :func:`max_unilateral_gain`. Where the accelerated search
    finds nothing, it begins again with steps of at most `LONGEST_STEP` residuals.

    Source: Morrow & Skerlos (2011, Operations Research 59:328-345).
    """
    if not 0 < damping <= 1 or not tolerance > 0 or max_iterations < 1:
        raise ValueError("need 0 < damping <= 1, tolerance > 0 and max_iterations >= 1")
    costs, owners = _game(demand, cost, owner)
    moving = _moving(demand, owners, active)
    begin = costs.copy() if start is None else _prices(demand, start)
    ceiling = DIVERGENCE_RATIO * float(np.max(np.abs(begin) + np.abs(costs), initial=1.0))
    same_owner = (owners[:, None] == owners[None, :]) & (owners >= 0)[:, None]

    def settled(iterate: Anderson) -> Equilibrium:
        prices, residual = begin, np.inf
        for iteration in range(1, max_iterations + 1):
            target = np.where(moving, costs + _zeta(demand, prices, costs, same_owner), prices)
            scale = np.maximum(np.abs(prices) + np.abs(costs), _TINY)
            residual = float((np.abs(prices - target) / scale).max())
            if residual < tolerance:
                return Equilibrium(prices, iteration, residual)
            step = iterate.next_point(prices, target - prices, scale)
            if not demand.signed_prices_allowed:
                step = np.where(moving, np.maximum(step, prices / 2), step)
            prices = step
            if not (np.abs(prices) < ceiling).all():
                trouble = f"prices run away after {iteration} steps: demand is too inelastic"
                raise NoEquilibrium(trouble)
        raise NoEquilibrium(f"no equilibrium in {max_iterations} steps, residual {residual:.3g}")

    try:
        return settled(Anderson(damping))
    except NoEquilibrium:  # a long step may have led to where prices drift for good
        return settled(Anderson(damping, LONGEST_STEP))


_TINY = float(np.finfo(np.float64).tiny)


def _game(demand: Demand, cost: ArrayLike, owner: ArrayLike) -> tuple[Floats, Ints]:
    size = demand.priced.size
    return _column_values("cost", demand, cost), labels("owner", owner, size, lowest=-1)


def _prices(demand: Demand, prices: ArrayLike) -> Floats:
    return _column_values("prices", demand, prices)


def _column_values(name: str, demand: Demand, values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != demand.priced.shape:
        raise ValueError(f"{name} must have shape {demand.priced.shape}, got {array.shape}")
    return vector(name, np.where(demand.priced, array, 0.0))


def _moving(demand: Demand, owners: Ints, active: ArrayLike | None) -> Bools:
    moving = demand.priced & (owners >= 0) & np.isfinite(demand.values).any(axis=0)
    if active is None:
        return np.asarray(moving)
    chosen = np.asarray(active)
    if chosen.dtype != np.bool_ or chosen.shape != moving.shape:
        raise ValueError(f"active must be {moving.size} booleans")
    return np.asarray(moving & chosen)


def _zeta(demand: Demand, prices: Floats, costs: Floats, same_owner: Bools) -> Floats:
    quantities, diagonal, cross = demand.system(prices)
    margin = np.where(demand.priced, prices - costs, 0.0)
    with np.errstate(under="ignore"):
        push = product(np.where(same_owner, cross, 0.0).T, margin) - quantities
        live = diagonal < -_TINY
        # Where demand has vanished altogether the markup is left as it is.
        return np.asarray(np.where(live, push / np.where(live, diagonal, -1.0), margin))


ROOT_TOLERANCE = 1e-7  # of the Lerner index


def price_from_elasticity(cost: ArrayLike, elasticity: ArrayLike) -> Floats:
    """Price ``c / (1 - 1/E)`` of a vendor with own elasticity E > 1, in the units of cost.

    The Lerner index ``(p - c)/p`` is then ``1/E``.

    Raises
    ------
    ValueError
        If an elasticity is <= 1: no finite price is optimal.

    Source: Lerner (1934, RES 1:157-175).
    """
    own = np.asarray(elasticity, dtype=np.float64)
    if not (own > 1).all():
        raise ValueError("own elasticity must exceed 1 for a finite optimal price")
    return np.asarray(np.asarray(cost, dtype=np.float64) / (1 - 1 / own))


def common_lerner(
    demand: Demand,
    own: ArrayLike,
    prices: ArrayLike,
    cost: ArrayLike,
    least: float,
    *,
    choice_weight: float = 1.0,
    lifetime: float = 1.0,
    room: float = 1.0,
) -> float | None:
    """Best common Lerner index of one platform's offers, rivals held; None if E < ``least``.

    The root L of ``L E(L) = 1`` with E the elasticity of :meth:`Demand.elasticity_of` at the prices
    ``c / (1 - L)``, times ``lifetime``: the number of margins that a unit sold today is worth.
    ``L E(L) - 1`` rises through its root, which is found by bracketing.

    Parameters
    ----------
    own : (n,) int
        Columns of the platform.
    prices : (J,) float
    cost : (n,) float
        Unit cost of the own columns, less what a unit is worth beside its price.
    room : float
        Unit cost over that net cost, >= 1: prices are sought up to the same ceiling
        ``unit cost / (1 - 1/least)`` whatever the net cost is.
    """
    from scipy.optimize import brentq

    columns, trial = np.asarray(own), np.array(prices, dtype=np.float64)
    costs, mine = np.asarray(cost, dtype=np.float64), np.zeros(trial.size, bool)
    mine[columns] = True

    def excess(lerner: float) -> float:
        trial[columns] = costs / (1.0 - lerner)
        return lerner * lifetime * demand.elasticity_of(mine, trial, choice_weight) - 1.0

    highest = 1.0 / least if room == 1.0 else 1.0 - (1.0 - 1.0 / least) / room
    if excess(highest) < 0.0:
        return None
    return float(brentq(excess, 0.0, highest, xtol=ROOT_TOLERANCE))


def choice_margin_weight(review_hazard: float, discount: float) -> float:
    """Weight ``h / (1 - delta (1 - h))`` of the choice margin when a fraction h reviews a month.

    1 without inertia (h = 1) and h for a myopic vendor (delta = 0).

    Raises
    ------
    ValueError
        If h is not in (0, 1] or delta not in [0, 1].
    """
    hazard = positive("review_hazard", fraction("review_hazard", review_hazard))
    return hazard / (1 - fraction("discount", discount) * (1 - hazard))


def further_months(churn: float, discount: float) -> float:
    """Discounted months that a client stays after this one, ``delta (1-x) / (1 - delta (1-x))``.

    Parameters
    ----------
    churn
        x: share of clients lost in a month, 0 to 1.
    discount
        delta a month, 0 <= delta < 1.

    Raises
    ------
    ValueError
        If the churn lies outside [0, 1] or the discount outside [0, 1).

    Source: Gupta & Lehmann (2003, Journal of Interactive Marketing 17:9-24).
    """
    kept = fraction("discount", discount, below_one=True) * (1 - fraction("churn", churn))
    return kept / (1 - kept)
