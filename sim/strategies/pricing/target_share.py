"""A controller that moves the markup until the share is where it should be."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import model_validator

from sim.numeric.portable import exp, ln
from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, PricingStrategy
from sim.strategies.view import Books, View


class TargetShareParameters(Part):
    """Target, gain, and how far the price may go."""

    target: float = par(
        0.3, "platform-token share to be held", unit="share", low=0.0, high=1.0, flag="input"
    )
    gain: float = par(
        0.5, "log markup per unit of share above the target", unit="1/month", low=0.0, high=20.0
    )
    floor: float = par(0.8, "lowest price over unit cost", above=0.0, high=10.0)
    ceiling: float = par(5.0, "highest price over unit cost", above=0.0, high=1000.0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ceiling < self.floor:
            raise ValueError(f"ceiling {self.ceiling:g} must not be below floor {self.floor:g}")
        return self


class TargetShare(PricingStrategy):
    """ln(p/c) moves by gain x (share - target) a month, between a floor and a ceiling.

    An integral controller with clamping: what passes a bound is forgotten, so that the price turns
    in the first month in which the share is on the other side of the target (no wind-up).
    """

    name = "target_share"
    source = "Astrom & Hagglund (2006, Advanced PID Control, ch. 3.5)"
    observes = ("own cost", "own share")
    Parameters = TargetShareParameters

    def reset(self) -> None:
        """The markup of the first month met is where it starts."""
        self.log_markup: float | None = None

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Unit cost with the markup of the controller, the same on all offers."""
        facts = self.parameters
        if self.log_markup is None:
            self.log_markup = float(ln(books.price / books.unit_cost).mean())
        moved = self.log_markup + facts.gain * (books.token_share - facts.target)
        self.log_markup = float(np.clip(moved, ln(facts.floor), ln(facts.ceiling)))
        return books.unit_cost * exp(self.log_markup)
