"""What every pricing strategy is asked, and the limits that hold for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.economics.pricing import ROOT_TOLERANCE, common_lerner, price_from_elasticity
from sim.numeric.portable import part_of_way, power
from sim.strategies.registry import Strategy
from sim.strategies.view import Books, View

Floats = npt.NDArray[np.float64]
LEAST_NET_COST = 1e-3  # of unit cost: keeps the markup rule defined where a unit pays for itself


@dataclass(frozen=True)
class PriceLimits:
    """Limits of the scenario's [decisions] table."""

    largest_move: float
    lowest_price: float
    inelastic_rise: float
    scarcity_response: float = 0.0  # 0 = prices do not answer to calls that are turned away
    cost_floor: float = 0.0


class PricingStrategy(Strategy):
    """Names the prices a vendor would like for its offers next month.

    Subclasses implement `wanted`. The market then moves at most a part of the log distance, and
    raises prices to unit cost where the vendor has reached its funding limit.
    """

    kind = "pricing"
    follows_list: bool = False  # dated price lists of the scenario bind it
    sees_books: bool = True  # whether it knows what it turns away

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Prices wanted for `books.own`, yuan per million tokens, shape (n,)."""
        raise TypeError(f"{type(self).__name__} does not say what it wants")

    def bounded(self, view: View, books: Books, wanted: Floats, limits: PriceLimits) -> Floats:
        """The wanted prices after the limits that hold for every strategy."""
        moved = part_of_way(books.price, wanted, limits.largest_move, limits.lowest_price)
        floored = np.maximum(moved, limits.cost_floor * books.unit_cost)
        return self.funded(books, self.cleared(books, floored, limits))

    def cleared(self, books: Books, price: Floats, limits: PriceLimits) -> Floats:
        """Who turns calls away does not cut: p' >= p min((asked / served)^g, 1 + largest rise)."""
        if not (limits.scarcity_response > 0.0 and self.sees_books and books.excess > 1.0):
            return price
        rise = 1.0 + limits.inelastic_rise
        if books.excess < np.inf:
            rise = min(power(books.excess, limits.scarcity_response), rise)
        return np.maximum(price, books.price * rise)

    def funded(self, books: Books, price: Floats) -> Floats:
        """At the funding limit a price covers unit cost."""
        short = books.cash < -books.funding_limit
        return np.maximum(price, books.unit_cost) if short else price


def rivals(view: View, books: Books) -> npt.NDArray[np.bool_]:
    """(J,) offers of other platforms that can be bought."""
    return (view.platform != books.vendor) & (view.price > 0)


def net_cost(books: Books, saving: Floats | float = 0.0) -> Floats:
    """(n,) unit cost less what a unit is worth beside its price, kept above zero."""
    least = LEAST_NET_COST * books.unit_cost
    return np.maximum(books.unit_cost - saving - books.share_value, least)


def elastic_price(
    view: View,
    books: Books,
    least: float,
    *,
    cost: Floats | None = None,
    choice_weight: float = 1.0,
    lifetime: float = 1.0,
) -> Floats | None:
    """c / (1 - L) with the common Lerner index L = 1/E of the own model calls; None if E < `least`.

    E is the long-run elasticity at the new price, rivals held: the usage-weighted mean of
    eta + w alpha (1/(1-rho) - rho/(1-rho) s_nest - s) over the panel (Berry 1994), times
    `lifetime`, the number of margins that a unit sold today is worth. `cost` is the opportunity
    cost, less what a unit is worth beside its price, unless given; `choice_weight` is w.
    """
    cost = net_cost(books) if cost is None else cost
    lerner = common_lerner(
        view.demand(),
        books.own,
        view.price,
        cost,
        least,
        choice_weight=choice_weight,
        lifetime=lifetime,
        room=max(float(books.unit_cost.sum() / cost.sum()), 1.0),
    )
    if lerner is None:
        return None
    # a markup below the tolerance of its root may come as 0: demand is elastic without bound
    return cost if lerner < ROOT_TOLERANCE else price_from_elasticity(cost, 1.0 / lerner)
