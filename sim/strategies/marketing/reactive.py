"""Answer a rival's campaign."""

from __future__ import annotations

import numpy as np

from sim.parts import Part, par
from sim.strategies.marketing.base import (
    MarketingBooks,
    MarketingStrategy,
    MarketingView,
    Stage,
)
from sim.strategies.registry import nearest


class ReactiveParameters(Part):
    """Whom it answers, how strongly."""

    rival: str = par("", "vendor it watches; empty = the largest campaign", flag="input")
    share: float = par(
        0.5, "own money over the rival's of last month", unit="share", low=0.0, high=10.0
    )
    largest: float = par(500.0, "most it spends in a month", unit="M yuan/month", low=0.0, high=1e5)
    reach: float = par(0.4, "share of all clients that it reaches", unit="share", low=0.0, high=1.0)


class Reactive(MarketingStrategy):
    """Spends in proportion to what a rival was seen to spend last month."""

    name = "reactive"
    source = "advertising reaction functions: Lambin, Naert & Bultez (1975, EER 6:105-128)"
    observes = ("rival campaigns",)
    Parameters = ReactiveParameters

    def stages(self, view: MarketingView, books: MarketingBooks) -> tuple[Stage, ...]:
        """The answering stage."""
        facts = self.parameters
        if facts.rival:
            seen = float(view.campaign[view.vendors.index(facts.rival)])
        else:
            seen = float(np.delete(view.campaign, books.vendor).max(initial=0.0))
        return (Stage(min(facts.share * seen, facts.largest), view.reach(facts.reach)),)

    def problems(self, scenario: object, vendor: str) -> list[str]:
        """The rival exists and is another vendor."""
        rival, known = self.parameters.rival, list(scenario.vendors)  # type: ignore[attr-defined]
        if rival == vendor:
            return ["rival: must be another vendor"]
        if rival and rival not in known:
            return [f"rival: no such vendor: {rival!r} ({nearest(rival, known)})"]
        return []
