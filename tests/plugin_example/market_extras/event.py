"""A platform loses accelerators."""

from __future__ import annotations

from sim.events.base import Event, Market
from sim.parts import par


class Outage(Event):
    """Part of the accelerators of a platform fail for good: they must be ordered anew."""

    kind = "outage"

    vendor: str = par(..., "platform", flag="input")
    lost: float = par(..., "accelerators that fail", unit="share", low=0.0, high=1.0)

    def apply(self, model: Market) -> None:
        """Take the accelerators away."""
        v = model.world.vendors.index(self.vendor)
        model.state.own_cards[v] *= 1.0 - self.lost
        model.state.external_cards[v] *= 1.0 - self.lost
