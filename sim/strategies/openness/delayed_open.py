"""Weights are published some months after the release."""

from __future__ import annotations

from sim.parts import Part, par
from sim.strategies.openness.base import OpennessStrategy


class DelayedOpenParameters(Part):
    """The lag."""

    delay_months: int = par(6, "months from release to open weights", unit="month", low=0, high=120)


class DelayedOpen(OpennessStrategy):
    """Sell first, open later (versioning in time)."""

    name = "delayed_open"
    source = "Varian (2000), Buying, sharing and renting information goods"
    observes = ("age of the family",)
    Parameters = DelayedOpenParameters

    def opens(self, months_since_release: int) -> bool:
        """Once the lag is over."""
        return months_since_release >= self.parameters.delay_months
