"""Prices that pursue a share: penetration, and a controller of the share."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import model_validator

from sim.numeric.portable import exp, ln
from sim.parts import Part, par, share_par
from sim.strategies.pricing.base import Floats, PricingStrategy
from sim.strategies.view import Books, View


class PenetrationParameters(Part):
    """Target, depth, harvest."""

    target_share: float = share_par(0.5, "platform-token share to be won")
    depth: float = par(
        0.3, "price below unit cost while attacking", unit="share", low=0.0, high=0.99
    )
    harvest_markup: float = par(
        0.4, "price over unit cost when harvesting, less 1", low=0.0, high=100.0
    )
    band: float = par(
        0.03,
        "attack ends this much above the target and begins again this much "
        "below, otherwise it oscillates",
        unit="share",
        low=0.0,
        high=0.5,
        source="a bare switch oscillates in simulation",
        flag="literature",
    )


class Penetration(PricingStrategy):
    """Attack at (1 - depth) c until target + band or the funding limit; then (1 + markup) c."""

    name = "penetration"
    source = "Besanko, Doraszelski & Kryukov (NBER w23829): price as investment"
    observes = ("own cost", "own share", "own cash")
    Parameters = PenetrationParameters

    def reset(self) -> None:
        """Start attacking."""
        self.attacking = True

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """The attacking or the harvesting price."""
        facts = self.parameters
        if books.token_share > facts.target_share + facts.band:
            self.attacking = False
        elif books.token_share < facts.target_share - facts.band:
            self.attacking = True
        if books.cash < -books.funding_limit:
            self.attacking = False
        factor = 1.0 - facts.depth if self.attacking else 1.0 + facts.harvest_markup
        return books.unit_cost * factor


class TargetShareParameters(Part):
    """Target, gain, and how far the price may go."""

    target: float = share_par(0.3, "platform-token share to be held", flag="input")
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
