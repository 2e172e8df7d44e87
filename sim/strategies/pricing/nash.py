"""Static Bertrand-Nash equilibrium every month."""

from __future__ import annotations

import numpy as np

from sim.economics.pricing import NoEquilibrium, bertrand_nash
from sim.strategies.pricing.base import Floats, PricingStrategy
from sim.strategies.view import Books, View

TOLERANCE = 1e-10


class Nash(PricingStrategy):
    """Own prices in the equilibrium that all platforms would play, by the zeta fixed point.

    Rivals' costs are the published estimates (complete information). Where no equilibrium is
    found the price stays.
    """

    name = "nash"
    source = "Morrow & Skerlos (2011, Operations Research 59:328-345)"
    observes = ("prices", "panel demand", "own cost", "published costs")

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Equilibrium prices of the own offers."""
        demand = view.demand()
        cost = view.cost_estimate.copy()
        cost[books.own] = books.unit_cost
        owner = np.where(demand.priced & (view.price > 0), view.platform, -1)
        try:
            found = bertrand_nash(demand, cost, owner, start=view.price, tolerance=TOLERANCE)
        except NoEquilibrium:
            return books.price
        return found.prices[books.own]
