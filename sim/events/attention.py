"""A shock of attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.events.base import Event
from sim.parts import par

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class Attention(Event):
    """A model that makes the news: more awareness of a platform, faster adoption by everybody."""

    kind = "attention"

    vendor: str = par("", "platform in the news; empty = the market as a whole", flag="input")
    awareness_gain: float = par(
        0.0, "added to attention, fades with attention_decay", low=0.0, high=20.0
    )
    adoption_boost: float = par(
        0.0, "added to the logarithm of the adoption hazard, fades alike", low=0.0, high=10.0
    )

    def scaled(self, intensity: float) -> Attention:
        """So much less attention."""
        gain, boost = intensity * self.awareness_gain, intensity * self.adoption_boost
        return self.model_copy(update={"awareness_gain": gain, "adoption_boost": boost})

    def apply(self, model: MarketModel) -> None:
        """Raise attention, unless the mechanism is off."""
        if not model.scenario.mechanisms.attention:
            return
        if self.vendor:
            v = model.world.vendors.index(self.vendor)
            model.state.attention[v] += self.awareness_gain
        model.state.adoption_boost += self.adoption_boost
