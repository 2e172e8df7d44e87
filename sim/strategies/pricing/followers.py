"""Follow the cheapest rival, never below unit cost: match it, or undercut it."""

from __future__ import annotations

import numpy as np

from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, PricingStrategy, rivals
from sim.strategies.view import Books, View


class UndercutParameters(Part):
    """How far below the cheapest rival."""

    below: float = par(0.1, "share below the cheapest rival", unit="share", low=0.0, high=0.99)


class Undercut(PricingStrategy):
    """p = max(c, (1 - below) x cheapest rival, scaled to the serving cost of each offer).

    A family that is dearer to serve is compared with rivals in cost units: the cheapest ratio of
    price to published cost decides, so that a large model is not sold at a small model's price.
    """

    name = "undercut"
    source = "Edlin (1997, Harvard Law Review 111:528-575)"
    observes = ("rival prices", "published costs", "own cost")
    Parameters = UndercutParameters

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """The undercutting price, stopped at unit cost; last month's price without rivals."""
        return followed(view, books, 1.0 - self.parameters.below)


def followed(view: View, books: Books, factor: float) -> Floats:
    """factor x the cheapest rival price per unit of published cost, stopped at unit cost."""
    others = rivals(view, books)
    if not np.count_nonzero(others):
        return books.price
    cheapest = float(np.minimum.reduce(view.price[others] / view.cost_estimate[others]))
    return np.maximum(books.unit_cost, factor * cheapest * view.cost_estimate[books.own])


class Match(PricingStrategy):
    """Meet competition: the cheapest rival's price per unit of cost (Salop 1986)."""

    name = "match"
    source = "Salop (1986); Edlin (1997, Harvard Law Review 111:528-575)"
    observes = ("rival prices", "published costs", "own cost")

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """The matching price, or last month's where there is no rival."""
        return followed(view, books, 1.0)
