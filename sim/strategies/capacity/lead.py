"""Build ahead of demand."""

from __future__ import annotations

from sim.parts import Part, par
from sim.strategies.capacity.base import CapacityStrategy, SupplyBooks, SupplyView, missing_cards


class LeadParameters(Part):
    """How far ahead, and of which growth."""

    ahead_months: int = par(
        6, "months of growth that are built for beyond the lead time", unit="month", low=0, high=60
    )
    target_growth: float = par(
        0.0,
        "log growth of its load that it means to reach; the market's or its own counts if higher",
        unit="1/month",
        low=0.0,
        high=1.0,
    )


class Lead(CapacityStrategy):
    """Orders fill up to headroom x load some months ahead, at the highest growth in sight."""

    name = "lead"
    source = "Dixit (1980, Economic Journal 90:95-106): capacity built before demand is a threat"
    observes = ("own load", "own cards", "lead time", "market growth")
    Parameters = LeadParameters

    def order(self, view: SupplyView, books: SupplyBooks) -> float:
        """What the load would lack if it grew as hoped until then."""
        growth = max(books.trend, view.market_growth, self.parameters.target_growth)
        return missing_cards(books, growth, view.lead_months + self.parameters.ahead_months)
