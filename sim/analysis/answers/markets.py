"""Demand objects from the inputs of known-answer cases."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.verification import Inputs
from sim.economics.arrays import Floats, Ints
from sim.economics.mixed import Demand
from sim.economics.prices import LINEAR, LOG
from sim.economics.pricing import bertrand_nash, profits


def rho_vector(rho: Any, nest: list[int]) -> Floats:
    """Correlation per nest from a number, a list or a mapping of nest labels."""
    count = max(nest) + 1
    if isinstance(rho, dict):
        return np.array([float(rho[str(label)]) for label in range(count)])
    return np.broadcast_to(np.asarray(rho, dtype=np.float64), (count,)).copy()


def linear_market(inputs: Inputs) -> Demand:
    """Demand for the products of a case and its outside option, one unit a client.

    Price is linear unless the model is ``logit_log_price``; several types come as
    ``price_coef_by_type`` with ``type_weights``.
    """
    log_price = inputs.get("model") == "logit_log_price"
    return _market(
        inputs["quality_a"],
        inputs.get("price_coef_by_type", [inputs.get("price_coef_alpha", np.nan)]),
        weights=inputs.get("type_weights", [1.0]),
        outside=inputs.get("outside_utility", 0.0),
        nest=inputs.get("nest_of_product"),
        rho=inputs.get("rho"),
        box_cox=LOG if log_price else LINEAR,
    )


def token_market(inputs: Inputs) -> Demand:
    """Discrete-continuous demand with log price and usage ``p^-eta``."""
    return _market(
        inputs["quality_a"],
        [inputs["alpha"]],
        outside=inputs["outside_utility"],
        eta=inputs["eta"],
    )


def nash_prices(market: Demand, cost: Any, firm: Any, fringe_price: float | None = None) -> Floats:
    """Equilibrium prices of all columns but the outside option.

    With ``fringe_price`` the last product belongs to nobody and keeps that price.
    """
    owner, costs = with_outside(firm, -1), with_outside(cost, 0.0)
    if fringe_price is not None:
        owner[-2], costs[-2] = -1, fringe_price
    return bertrand_nash(market, costs, owner.astype(np.int64)).prices[:-1]


def with_outside(values: Any, outside: float) -> Floats:
    """Values of the products followed by that of the outside option."""
    return np.append(np.asarray(values, dtype=np.float64), outside)


def firm_profits(market: Demand, cost: Any, firm: list[int], prices: Floats) -> Floats:
    """Profit of each firm label, zero for labels without a product."""
    owner: Ints = with_outside(firm, -1).astype(np.int64)
    return profits(market, with_outside(cost, 0.0), owner, with_outside(prices, 0.0))


def choice_shares(market: Demand, prices: Floats) -> Floats:
    """Choice shares of the products and, last, the outside option."""
    return market.shares(with_outside(prices, 0.0))


def _market(
    quality: list[float],
    alpha: list[float],
    *,
    weights: list[float] | None = None,
    outside: float | None = 0.0,
    nest: list[int] | None = None,
    rho: Any = None,
    box_cox: float = LOG,
    eta: float = 0.0,
) -> Demand:
    size = len(quality)
    nests = [0] * size if nest is None else nest
    inside_rho = rho_vector(0.0 if rho is None else rho, nests)
    row = with_outside(quality, -np.inf if outside is None else outside)
    shares = np.asarray([1.0] if weights is None else weights, dtype=np.float64)
    return Demand(
        weights=shares / shares.sum(),
        values=np.tile(row, (len(alpha), 1)),
        alpha=np.asarray(alpha, dtype=np.float64),
        priced=np.arange(size + 1) < size,
        nest=np.append(nests, inside_rho.size),
        rho=np.append(inside_rho, 0.0),
        box_cox=box_cox,
        usage_elasticity=eta,
    )
