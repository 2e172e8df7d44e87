"""The same money every month."""

from __future__ import annotations

from sim.parts import par
from sim.strategies.research.base import LadderParameters, ResearchBooks, ResearchStrategy
from sim.strategies.view import View


class FixedParameters(LadderParameters):
    """The ladder and the money."""

    spend: float = par(50.0, "spending on research", unit="M yuan/month", low=0.0, high=1e6)


class FixedResearch(ResearchStrategy):
    """Spends a stated sum, whatever happens."""

    name = "fixed"
    source = "budgeting by plan"
    Parameters = FixedParameters

    def budget(self, view: View, books: ResearchBooks) -> float:
        """The stated sum."""
        return float(self.parameters.spend)
