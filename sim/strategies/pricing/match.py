"""Match the cheapest rival, never below unit cost."""

from __future__ import annotations

import numpy as np

from sim.strategies.pricing.base import Floats, PricingStrategy
from sim.strategies.pricing.undercut import followed
from sim.strategies.view import Books, View


class Match(PricingStrategy):
    """Meet competition: the cheapest rival's price per unit of cost (Salop 1986)."""

    name = "match"
    source = "Salop (1986); Edlin (1997, Harvard Law Review 111:528-575)"
    observes = ("rival prices", "published costs", "own cost")

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """The matching price, or last month's where there is no rival."""
        return followed(view, books, 1.0)
