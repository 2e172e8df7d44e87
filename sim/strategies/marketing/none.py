"""No campaign."""

from __future__ import annotations

from sim.strategies.marketing.base import (
    MarketingBooks,
    MarketingStrategy,
    MarketingView,
    Stage,
)


class NoCampaign(MarketingStrategy):
    """Spends nothing beyond the dated campaigns of the scenario."""

    name = "none"
    source = "the null strategy"
    idle = True

    def stages(self, view: MarketingView, books: MarketingBooks) -> tuple[Stage, ...]:
        """None."""
        return ()
