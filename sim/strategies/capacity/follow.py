"""Build what the load will need."""

from __future__ import annotations

from sim.strategies.capacity.base import CapacityStrategy, SupplyBooks, SupplyView, missing_cards


class Follow(CapacityStrategy):
    """Orders fill up to headroom x own load, extrapolated by its own trend over the lead time."""

    name = "follow"
    source = "Luss (1982, Operations Research 30:907-947): capacity expansion to follow demand"
    observes = ("own load", "own cards", "lead time")

    def order(self, view: SupplyView, books: SupplyBooks) -> float:
        """What the load will lack when the order arrives."""
        return missing_cards(books, books.trend, view.lead_months)
