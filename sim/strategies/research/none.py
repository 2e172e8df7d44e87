"""No research: capability moves at dated releases alone."""

from __future__ import annotations

from sim.strategies.registry import NoParameters
from sim.strategies.research.base import ResearchBooks, ResearchStrategy
from sim.strategies.view import View


class NoResearch(ResearchStrategy):
    """Spends nothing and never climbs."""

    name = "none"
    source = "capability as an input, by dated releases"
    Parameters = NoParameters

    def budget(self, view: View, books: ResearchBooks) -> float:
        """Nothing."""
        return 0.0
