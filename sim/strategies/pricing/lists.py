"""Prices without a rival in view: a dated list, cost plus a markup, random prices."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import model_validator

from sim.numeric.portable import exp, ln
from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, PriceLimits, PricingStrategy
from sim.strategies.view import Books, View


class ListPrice(PricingStrategy):
    """Prices stay where the last dated price list put them."""

    name = "list"
    source = "market record, price rows"
    observes = ()
    sees_books = False
    follows_list = True

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Last month's prices."""
        return books.price

    def bounded(self, view: View, books: Books, wanted: Floats, limits: PriceLimits) -> Floats:
        """A list is a list: exactly the stated price, even below cost."""
        return wanted


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


class CostFollowing(PricingStrategy):
    """p = p_0 c / c_0: full pass-through at the markup of its first prices; no price is led.

    What a vendor does that neither starts nor joins a war: an offer that is new keeps the markup
    with which it first appears.
    """

    name = "cost_following"
    source = "full cost pricing: Hall & Hitch (1939); pass-through of 1: Weyl & Fabinger (2013)"
    observes = ("own cost", "own prices")

    def reset(self) -> None:
        """No markup is known."""
        self.markup: dict[int, float] = {}

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Unit cost with the first markup of each offer."""
        for offer, price, cost in zip(books.own, books.price, books.unit_cost, strict=True):
            self.markup.setdefault(int(offer), float(price / cost))
        return books.unit_cost * np.array([self.markup[int(offer)] for offer in books.own])


class ZeroIntelligenceParameters(Part):
    """The band."""

    lowest: float = par(0.8, "lowest price over unit cost", above=0.0, high=100.0)
    highest: float = par(3.0, "highest price over unit cost", above=0.0, high=1000.0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.highest < self.lowest:
            raise ValueError(f"highest {self.highest:g} must not be below lowest {self.lowest:g}")
        return self


class ZeroIntelligence(PricingStrategy):
    """ln(p/c) uniform between two bounds, drawn anew each month (Gode & Sunder 1993)."""

    name = "zero_intelligence"
    source = "Gode & Sunder (1993, JPE 101:119-137)"
    observes = ("own cost",)
    sees_books = False
    deterministic = False
    Parameters = ZeroIntelligenceParameters

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """One draw for the whole list."""
        low, high = ln(self.parameters.lowest), ln(self.parameters.highest)
        return books.unit_cost * exp(rng.uniform(low, high))
