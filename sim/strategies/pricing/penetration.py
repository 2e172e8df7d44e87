"""Sell below cost until a share is won, then harvest."""

from __future__ import annotations

import numpy as np

from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, PricingStrategy
from sim.strategies.view import Books, View


class PenetrationParameters(Part):
    """Target, depth, harvest."""

    target_share: float = par(
        0.5, "platform-token share to be won", unit="share", low=0.0, high=1.0
    )
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
