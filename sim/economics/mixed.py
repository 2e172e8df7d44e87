"""Mixed nested logit with continuous usage: the demand of a panel of client types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Bools, Floats, Ints, labels, vector
from sim.economics.demand import LINEAR, NestedLogit, Nests, price_slope, price_term
from sim.numeric.portable import power, product


class DemandSystem(NamedTuple):
    """Quantities (J,) and the parts of their price Jacobian ``diag(Lambda) - Gamma``."""

    quantities: Floats
    diagonal: Floats
    cross: Floats


@dataclass(frozen=True, eq=False)
class Demand:
    """Discrete-continuous demand of T client types for J alternatives.

    ``U_tj = V_tj - alpha_t b(p_j)`` for priced columns and ``V_tj`` for the others, in outer
    (Cardell/Berry) units: inside nest n the price slope is ``alpha / (1 - rho_n)``. A client that
    chose a priced column uses ``p_j^(-eta)`` units, otherwise one.

    Parameters
    ----------
    weights : (T,) float
        Usage of each type at the reference price, tokens a month, >= 0; any scale.
    values : (T, J) float
        Utility without its price term; -inf = not available.
    alpha : (T,) float
        Price coefficient in outer units, > 0.
    priced : (J,) bool
        Columns with a price of their own; the prices of the others are ignored.
    nest : (J,) int
    rho : (N,) float
        Correlation in each nest, 0 <= rho < 1.
    box_cox, price_shift : float
        Form of ``b(p)``, see :func:`sim.economics.demand.price_term`.
    usage_elasticity : float or (T,) float
        ``eta >= 0``.

    Raises
    ------
    ValueError
        For wrong shapes, negative weights, alpha <= 0, rho outside [0, 1), a row without any
        available alternative.

    Source: McFadden & Train (2000, J. Appl. Econometrics 15:447-470); Nocke & Schutz (2018,
    Econometrica 86:523-557) for the discrete-continuous form.
    """

    weights: Floats
    values: Floats
    alpha: Floats
    priced: Bools
    nest: Ints
    rho: Floats
    box_cox: float = 0.0
    price_shift: float = 0.0
    usage_elasticity: Floats | float = 0.0
    _nests: Nests = field(init=False, repr=False)
    _eta: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        weights = vector("weights", self.weights)
        types = weights.size
        values = np.asarray(self.values, dtype=np.float64)
        if values.ndim != 2 or values.shape[0] != types or values.shape[1] == 0:
            raise ValueError(f"values must have shape ({types}, J), got {values.shape}")
        if not (values < np.inf).all() or not np.isfinite(values).any(axis=1).all():
            raise ValueError("values must be finite or -inf, with one available in every row")
        alpha = vector("alpha", self.alpha, types)
        if (alpha <= 0).any():
            raise ValueError("alpha must be > 0")
        if (weights < 0).any() or not (weights > 0).any():
            raise ValueError("weights must be >= 0 and not all zero")
        priced = np.asarray(self.priced)
        if priced.dtype != np.bool_ or priced.shape != (values.shape[1],):
            raise ValueError(f"priced must be {values.shape[1]} booleans")
        eta = np.broadcast_to(np.asarray(self.usage_elasticity, dtype=np.float64), (types,))
        if not np.isfinite(eta).all() or (eta < 0).any():
            raise ValueError("usage_elasticity must be finite and >= 0")
        nest = labels("nest", self.nest, values.shape[1])
        nests = Nests(nest, self.rho)
        checked = {
            "weights": weights,
            "values": values,
            "alpha": alpha,
            "priced": priced,
            "nest": nest,
            "rho": nests.rho,
            "_nests": nests,
            "_eta": eta,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def signed_prices_allowed(self) -> bool:
        """Whether prices at or below zero make sense (linear price, no continuous usage)."""
        return self.box_cox == LINEAR and not self._eta.any()

    def utilities(self, prices: ArrayLike) -> Floats:
        """Utility of every type for every alternative, (T, J), in outer units."""
        prices = self._prices(prices)
        term = np.zeros(prices.size)
        term[self.priced] = price_term(prices[self.priced], self.box_cox, self.price_shift)
        return np.asarray(self.values - self.alpha[:, None] * term)

    def choices(self, prices: ArrayLike) -> NestedLogit:
        """Nested logit of all types at ``prices``, with conditional shares and logsums."""
        return self._nests.logit(self.utilities(prices))

    def probabilities(self, prices: ArrayLike) -> Floats:
        """Choice probabilities (T, J); every row sums to one."""
        return self.choices(prices).probabilities

    def quantities(self, prices: ArrayLike) -> Floats:
        """Tokens served (J,): ``sum_t w_t P_tj p_j^(-eta_t)``, without ``p`` if not priced."""
        with np.errstate(under="ignore"):
            usage = self.probabilities(prices) * self._usage(self._prices(prices))
            return np.asarray(product(self.weights, usage))

    def system(self, prices: ArrayLike) -> DemandSystem:
        """Quantities and the parts of their price Jacobian, zero outside priced columns.

        ``dq_k/dp_j = diag(Lambda) - Gamma[k, j]`` with
        ``Lambda_j = -sum_t w P_j p_j^-eta (eta/p_j + alpha b'_j/(1-rho_j))`` and
        ``Gamma[k,j] = -sum_t w P_k p_k^-eta alpha b'_j (P_j + 1[same nest] rho/(1-rho) P_j|n)``.

        Source: Morrow & Skerlos (2011, Operations Research 59:328-345).
        """
        prices = self._prices(prices)
        choice = self.choices(prices)
        slope = self._slope(prices)
        rho = self._nests.alternative_rho
        with np.errstate(under="ignore"):
            usage = choice.probabilities * self._usage(prices) * self.weights[:, None]
            steep = self.alpha[:, None] * usage
            diagonal = -steep.sum(axis=0) * slope / (1 - rho)
            if self._eta.any():
                own = np.where(self.priced, prices, 1.0)
                diagonal -= np.where(self.priced, product(self._eta, usage), 0.0) / own
            cross = product(steep.T, choice.probabilities)
            if rho.any():
                same_nest = self.nest[:, None] == self.nest[None, :]
                inside = product(steep.T, choice.conditional)
                cross += np.where(same_nest, inside * (rho / (1 - rho)), 0.0)
            cross *= -slope
            cross[~self.priced] = 0.0
        return DemandSystem(usage.sum(axis=0), diagonal, cross)

    def elasticity_of(
        self, owner_mask: ArrayLike, prices: ArrayLike, choice_weight: float = 1.0
    ) -> float:
        """Elasticity E > 0 of one platform's usage to a common percentage change of its prices.

        Usage-weighted mean over types and the priced columns in the mask of
        ``eta + w alpha b'(p) p (1/(1-rho) - rho/(1-rho) s_v|nest - s_v)``, where ``s_v`` sums the
        platform's own columns; its optimal common Lerner index is ``1 / E``. The weight w of the
        choice margin is 1, or below 1 where few review, see
        :func:`sim.economics.pricing.choice_margin_weight`. Without any usage types count by their
        weights alone.

        Raises
        ------
        ValueError
            If the mask has the wrong shape or holds no priced column.
        """
        prices = self._prices(prices)
        mask = np.asarray(owner_mask, dtype=np.bool_)
        if mask.shape != prices.shape or not (mask & self.priced).any():
            raise ValueError("owner_mask must be (J,) and hold at least one priced column")
        mask = mask & self.priced
        choice = self.choices(prices)
        rho = self._nests.alternative_rho[mask]
        reach = self._slope(prices)[mask] * prices[mask]
        same_nest = (self.nest[mask][:, None] == self.nest[mask][None, :]).astype(np.float64)
        with np.errstate(under="ignore"):
            inside = product(choice.conditional[:, mask] * reach, same_nest)
            overall = product(choice.probabilities[:, mask], reach)
            steps = (reach - rho * inside) / (1 - rho) - overall[:, None]
            own = self._eta[:, None] + choice_weight * self.alpha[:, None] * steps
            usage = (choice.probabilities * self._usage(prices))[:, mask] * self.weights[:, None]
            total = usage.sum()
            if total <= 0:
                usage = np.broadcast_to(self.weights[:, None], own.shape)
                total = usage.sum()
            return float((usage / total * own).sum())

    def _prices(self, prices: ArrayLike) -> Floats:
        array = np.asarray(prices, dtype=np.float64)
        if array.shape != self.priced.shape:
            raise ValueError(f"prices must have shape {self.priced.shape}, got {array.shape}")
        return array

    def _slope(self, prices: Floats) -> Floats:
        slope = np.zeros(prices.size)
        slope[self.priced] = price_slope(prices[self.priced], self.box_cox, self.price_shift)
        return slope

    def _usage(self, prices: Floats) -> Floats:
        if not self._eta.any():
            return np.ones((1, prices.size))
        if (prices[self.priced] <= 0).any():
            raise ValueError("prices must be > 0 when usage answers to price")
        # One elasticity for all types needs one row of powers instead of T.
        eta = self._eta[:1] if np.ptp(self._eta) == 0 else self._eta
        return np.asarray(power(np.where(self.priced, prices, 1.0), -eta[:, None]))
