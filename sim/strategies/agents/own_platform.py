"""A platform of one's own."""

from __future__ import annotations

from sim.parts import par
from sim.strategies.agents.base import AgentStrategy, Launch, PlatformParameters, sides_of


class OwnPlatformParameters(PlatformParameters):
    """The platform, and how far its agents run elsewhere."""

    portability: float = par(
        0.0,
        "agents that run on every portable platform",
        unit="share",
        low=0.0,
        high=1.0,
        source="Corts & Lederman (2009, IJIO 27:121-136)",
    )


class OwnPlatform(AgentStrategy):
    """Open a platform and let users and builders come by themselves."""

    name = "own_platform"
    source = "Church & Gandal (1992, J. Ind. Econ. 40:85-103): free entry of software"
    Parameters = OwnPlatformParameters

    def launch(self) -> Launch | None:
        """The platform as stated."""
        facts = self.parameters
        return Launch(
            sides_of(facts.side),
            facts.days_to_build,
            facts.portability,
            facts.agents,
            facts.builders,
        )
