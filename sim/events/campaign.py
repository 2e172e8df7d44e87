"""A campaign of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.events.base import Event
from sim.parts import par
from sim.strategies.marketing.base import Stage, audience, audience_problems

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class Campaign(Event):
    """A vendor's campaign of one month: its money in equal parts on one or more stages."""

    kind = "campaign"

    vendor: str = par(..., "vendor", flag="input")
    spend_million_yuan: float = par(
        ..., "money, all stages together", unit="M yuan", low=0.0, high=1e6
    )
    segments: tuple[str, ...] = par(
        (), "segments it is for; empty = all", flag="input", strict=False
    )
    regions: tuple[str, ...] = par((), "regions it is for; empty = all", flag="input", strict=False)
    stages: int = par(1, "stages; they overlap as demand.goodwill says", low=1, high=1_000)
    reach: float = par(
        0.5, "share of those clients that each stage reaches", unit="share", low=0.0, high=1.0
    )

    def problems(self, scenario: object) -> list[str]:
        """Segments and regions exist and have clients."""
        return audience_problems(scenario, self.segments, self.regions)

    def scaled(self, intensity: float) -> Campaign:
        """So much less money."""
        return self.model_copy(update={"spend_million_yuan": intensity * self.spend_million_yuan})

    def apply(self, model: MarketModel) -> None:
        """Set the stages up, unless the mechanism is off."""
        if not model.scenario.mechanisms.goodwill or self.spend_million_yuan == 0.0:
            return
        world = model.world
        inside = audience(world.segments, world.regions, self.segments, self.regions)
        stage = Stage(self.spend_million_yuan / self.stages, self.reach * inside)
        v = world.vendors.index(self.vendor)
        model.stages += [(v, stage)] * self.stages
