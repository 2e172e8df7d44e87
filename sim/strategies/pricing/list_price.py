"""Dated price lists: the vendor does what the record says."""

from __future__ import annotations

import numpy as np

from sim.strategies.pricing.base import Floats, Limits, PricingStrategy
from sim.strategies.view import Books, View


class ListPrice(PricingStrategy):
    """Prices stay where the last dated price list put them."""

    name = "list"
    source = "market record, price rows"
    observes = ()
    follows_list = True

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Last month's prices."""
        return books.price

    def bounded(self, view: View, books: Books, wanted: Floats, limits: Limits) -> Floats:
        """A list is a list: exactly the stated price, even below cost."""
        return wanted
