"""Follow the cheapest rival, never below unit cost: match it, or undercut it.

A family that rivals sell too is one good: the cheapest of its rival prices counts. Any other is
compared per unit of published cost, so that a large model is not sold at a small model's price.
"""

from __future__ import annotations

import numpy as np

from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, PricingStrategy, rivals
from sim.strategies.view import Books, View


class UndercutParameters(Part):
    """How far below the cheapest rival."""

    below: float = par(0.1, "share below the cheapest rival", unit="share", low=0.0, high=0.99)


class Undercut(PricingStrategy):
    """p = max(c, (1 - below) x cheapest rival): of the same family, else per unit of cost."""

    name = "undercut"
    source = "Edlin (1997, Harvard Law Review 111:528-575)"
    observes = ("rival prices", "published costs", "own cost")
    Parameters = UndercutParameters

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """The undercutting price, stopped at unit cost; last month's price without rivals."""
        return followed(view, books, 1.0 - self.parameters.below)


def followed(view: View, books: Books, factor: float) -> Floats:
    """(n,) factor x the cheapest rival price, stopped at unit cost.

    The rivals of an offer are those of its family where one sells it, otherwise all, each at its
    price per unit of published cost times the offer's own.
    """
    others = np.flatnonzero(rivals(view, books))
    if not len(others):
        return books.price
    price, cost = view.price[others], view.cost_estimate
    cheapest = float(np.minimum.reduce(price / cost[others]))
    same = view.family[books.own, None] == view.family[others]
    alike = np.minimum.reduce(np.where(same, price, np.inf), axis=1)
    aim = np.where(alike < np.inf, alike, cheapest * cost[books.own])
    return np.maximum(books.unit_cost, factor * aim)


class Match(PricingStrategy):
    """Meet competition: the cheapest rival's price, of the same family or per unit of cost."""

    name = "match"
    source = "Salop (1986); Edlin (1997, Harvard Law Review 111:528-575)"
    observes = ("rival prices", "published costs", "own cost")

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """The matching price, or last month's where there is no rival."""
        return followed(view, books, 1.0)
