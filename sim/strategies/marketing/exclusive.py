"""One national stage."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.parts import Part, par
from sim.strategies.marketing.base import (
    MarketingBooks,
    MarketingStrategy,
    MarketingView,
    Stage,
    months_since,
)

CalendarMonth = Annotated[int, Field(ge=1, le=12)]


class ExclusiveParameters(Part):
    """Budget, months and reach."""

    budget: float = par(100.0, "money of each stage", unit="M yuan", low=0.0, high=1e6)
    months: tuple[CalendarMonth, ...] = par(
        (2,),
        "months of the year, 1 to 12; each has a stage",
        unit="month",
        flag="input",
        strict=False,
    )
    reach: float = par(0.6, "share of all clients that it reaches", unit="share", low=0.0, high=1.0)


class Exclusive(MarketingStrategy):
    """All the money on one national stage, in the same months of every year."""

    name = "exclusive"
    source = "pulsing: Sasieni (1971, Management Science 18:P64-P72)"
    observes = ("date",)
    Parameters = ExclusiveParameters

    def stages(self, view: MarketingView, books: MarketingBooks) -> tuple[Stage, ...]:
        """The national stage in its months."""
        facts = self.parameters
        if not any(months_since(view.date, month) == 0 for month in facts.months):
            return ()
        return (Stage(facts.budget, view.reach(facts.reach)),)
