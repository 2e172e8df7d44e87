"""An agent platform opens or gets better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.events.base import Event
from sim.numeric.portable import power
from sim.parts import par
from sim.strategies.agents.base import Side, sides_of

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class AgentPlatform(Event):
    """A vendor opens a platform for agents, or upgrades the one it has."""

    kind = "agent_platform"

    vendor: str = par(..., "vendor", flag="input")
    side: Side = par("both", "whom it serves: creators, enterprises or both", flag="input")
    days_to_build: float | None = par(
        None, "days to build an agent from now on", unit="days", above=0.0, high=3_650.0
    )
    portability: float | None = par(
        None,
        "agents that run on every portable platform from now on",
        unit="share",
        low=0.0,
        high=1.0,
    )
    agents: float = par(
        0.0, "agents that come with it on each side", unit="agents", low=0.0, high=1e12
    )
    builders: float = par(
        0.0, "builders that come with it on each side", unit="builders", low=0.0, high=1e12
    )

    part: float = par(
        1.0,
        "part of the way (in logarithms of days) from the platform before to this one",
        unit="share",
        low=0.0,
        high=1.0,
    )

    def scaled(self, intensity: float) -> AgentPlatform:
        """So much less of the way, and of what comes with it."""
        return self.model_copy(update={"part": intensity * self.part})

    def apply(self, model: MarketModel) -> None:
        """Open the sides and take what is stated, unless the mechanism is off."""
        if not model.scenario.mechanisms.agent_platforms:
            return
        held, v = model.state.platforms, model.world.vendors.index(self.vendor)
        for side, meant in enumerate(sides_of(self.side)):
            if not meant:
                continue
            held.open[v, side] = True
            held.agents[v, side] += self.part * self.agents
            held.builders[v, side] += self.part * self.builders
            if self.days_to_build is not None:
                change = float(self.days_to_build / held.days[v, side])
                held.days[v, side] *= power(change, self.part)
            if self.portability is not None:
                gap = self.portability - held.portability[v, side]
                held.portability[v, side] += self.part * gap
