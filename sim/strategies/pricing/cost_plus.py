"""Cost plus a markup."""

from __future__ import annotations

import numpy as np

from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, PricingStrategy
from sim.strategies.view import Books, View


class CostPlusParameters(Part):
    """Markup over unit cost."""

    markup: float = par(
        0.4,
        "price over unit cost, less 1",
        low=0.0,
        high=100.0,
        source="margins of 30-50 %",
        flag="literature",
    )


class CostPlus(PricingStrategy):
    """p = (1 + markup) x unit cost (Hall & Hitch 1939)."""

    name = "cost_plus"
    source = "Hall & Hitch (1939, Oxford Economic Papers 2:12-45)"
    observes = ("own cost",)
    Parameters = CostPlusParameters

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Unit cost with the markup."""
        return books.unit_cost * (1.0 + self.parameters.markup)
