"""No agent platform."""

from __future__ import annotations

from sim.strategies.agents.base import AgentStrategy


class NoPlatform(AgentStrategy):
    """Opens nothing and pays nobody; a platform that a dated event opens grows by itself."""

    name = "none"
    source = "the market without agent platforms"
