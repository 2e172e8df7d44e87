"""Random prices in a band over cost: what no thinking at all would do."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import model_validator

from sim.numeric.portable import exp, ln
from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, PricingStrategy
from sim.strategies.view import Books, View


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
    deterministic = False
    Parameters = ZeroIntelligenceParameters

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """One draw for the whole list."""
        low, high = ln(self.parameters.lowest), ln(self.parameters.highest)
        return books.unit_cost * exp(rng.uniform(low, high))
