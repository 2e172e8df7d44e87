"""Several local stages."""

from __future__ import annotations

from sim.parts import Part, par
from sim.strategies.marketing.base import (
    YEAR,
    Floats,
    MarketingBooks,
    MarketingStrategy,
    MarketingView,
    Stage,
    audience_problems,
    months_since,
)
from sim.strategies.marketing.exclusive import CalendarMonth


class LocalStage(Part):
    """A stage for some segments and regions."""

    segments: tuple[str, ...] = par(
        (), "segments it is for; empty = all", flag="input", strict=False
    )
    regions: tuple[str, ...] = par((), "regions it is for; empty = all", flag="input", strict=False)
    reach: float = par(
        0.25, "share of their clients that it reaches", unit="share", low=0.0, high=1.0
    )
    elsewhere: float = par(
        0.0, "share of all other clients that it reaches", unit="share", low=0.0, high=1.0
    )

    def seen(self, view: MarketingView) -> Floats:
        """(cells,) reach of the stage."""
        home = view.reach(1.0, self.segments, self.regions)
        return self.reach * home + self.elsewhere * (1.0 - home)


class SurroundParameters(Part):
    """Budget, months and stages."""

    budget: float = par(
        100.0, "money of each round, in equal parts on its stages", unit="M yuan", low=0.0, high=1e6
    )
    months: tuple[CalendarMonth, ...] = par(
        (2,),
        "months of the year, 1 to 12, in which a round begins",
        unit="month",
        flag="input",
        strict=False,
    )
    spread: int = par(
        1,
        "months over which the stages of a round follow each other",
        unit="month",
        low=1,
        high=YEAR,
    )
    stages: tuple[LocalStage, ...] = par(
        (LocalStage(),) * 4, "stages of a round, in order", strict=False, min_length=1
    )


class Surround(MarketingStrategy):
    """The money in equal parts on several local stages, at once or one after the other.

    Stages of one month overlap as `demand.goodwill.overlap` says; stages of different months meet
    through goodwill alone.
    """

    name = "surround"
    source = "even spending under concave response: Sasieni (1971, Management Science 18:P64-P72)"
    observes = ("date",)
    Parameters = SurroundParameters

    def stages(self, view: MarketingView, books: MarketingBooks) -> tuple[Stage, ...]:
        """The local stages whose turn it is."""
        facts = self.parameters
        passed = [months_since(view.date, month) for month in facts.months]
        count = len(facts.stages)
        money = facts.budget / count
        return tuple(
            Stage(money, stage.seen(view))
            for since in passed
            for j, stage in enumerate(facts.stages)
            if j * facts.spread // count == since
        )

    def problems(self, scenario: object, vendor: str) -> list[str]:
        """Segments and regions exist and have clients."""
        return [
            f"stages.{j}: {rule}"
            for j, stage in enumerate(self.parameters.stages)
            for rule in audience_problems(scenario, stage.segments, stage.regions)
        ]
