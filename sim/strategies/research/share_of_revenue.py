"""A share of revenue goes into research."""

from __future__ import annotations

from sim.parts import par
from sim.strategies.research.base import LadderParameters, ResearchBooks, ResearchStrategy
from sim.strategies.view import View


class ShareOfRevenueParameters(LadderParameters):
    """The ladder and the share."""

    share: float = par(0.1, "of last month's full-stack revenue", unit="share", low=0.0, high=10.0)


class ShareOfRevenue(ResearchStrategy):
    """x = share x last month's full-stack revenue: nothing in the first month."""

    name = "share_of_revenue"
    source = "Cohen (2010, Handbook of the Economics of Innovation 1:129-213): R&D intensity"
    observes = ("own revenue",)
    Parameters = ShareOfRevenueParameters

    def budget(self, view: View, books: ResearchBooks) -> float:
        """The share."""
        return float(self.parameters.share * max(books.revenue, 0.0))
