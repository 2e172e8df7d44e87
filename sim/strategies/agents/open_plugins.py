"""Agents that run everywhere."""

from __future__ import annotations

from sim.strategies.agents.base import AgentStrategy, Launch, PlatformParameters, sides_of

EVERYWHERE = 1.0


class OpenPlugins(AgentStrategy):
    """Open a platform whose agents run on every portable platform, and which runs theirs."""

    name = "open_plugins"
    source = "Corts & Lederman (2009, IJIO 27:121-136): software that is not exclusive"
    Parameters = PlatformParameters

    def launch(self) -> Launch | None:
        """The platform as stated, fully portable."""
        facts = self.parameters
        return Launch(
            sides_of(facts.side), facts.days_to_build, EVERYWHERE, facts.agents, facts.builders
        )
