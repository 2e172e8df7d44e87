"""Serve what others give away."""

from __future__ import annotations

from sim.parts import Part, par
from sim.strategies.openness.base import OpennessStrategy


class HostRivalsParameters(Part):
    """The lag."""

    delay_months: int = par(
        1, "months from open weights to an offer", unit="month", low=0, high=120
    )


class HostRivals(OpennessStrategy):
    """Own weights stay closed; rivals' open families are served after a lag."""

    name = "host_rivals"
    source = "open weights may be served on any cloud (licences of the open families)"
    observes = ("age of rivals' open weights",)
    Parameters = HostRivalsParameters

    def hosts(self, months_since_open: int) -> bool:
        """Once the lag is over."""
        return months_since_open >= self.parameters.delay_months
