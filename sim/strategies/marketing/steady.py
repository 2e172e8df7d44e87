"""The same money every month."""

from __future__ import annotations

from sim.parts import Part, par
from sim.strategies.marketing.base import (
    MarketingBooks,
    MarketingStrategy,
    MarketingView,
    Stage,
)


class SteadyParameters(Part):
    """Budget and reach."""

    budget: float = par(10.0, "money of each month", unit="M yuan/month", low=0.0, high=1e5)
    reach: float = par(0.4, "share of all clients that it reaches", unit="share", low=0.0, high=1.0)


class Steady(MarketingStrategy):
    """One stage for all segments and regions, every month alike.

    The best timing where response is concave.
    """

    name = "steady"
    source = "Sasieni (1971, Management Science 18:P64-P72)"
    Parameters = SteadyParameters

    def stages(self, view: MarketingView, books: MarketingBooks) -> tuple[Stage, ...]:
        """The monthly stage."""
        facts = self.parameters
        return (Stage(facts.budget, view.reach(facts.reach)),)
