"""Marketing: campaigns and whom they reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sim.errors import nearest_hint
from sim.parts import Part, par, share_par
from sim.strategies.registry import NamedTables, Strategy, rival_problems

Floats = npt.NDArray[np.float64]
YEAR = 12  # months


@dataclass(frozen=True)
class Stage:
    """A stage of a campaign: money, and the share of each cell's clients that it reaches.

    A cell is a segment in a region. The money is spread over all clients of the cells with a reach
    above 0; there it acts on those it reaches.
    """

    money: float  # million yuan
    reach: Floats  # (cells,)


@dataclass(frozen=True)
class MarketingView:
    """Last month's campaigns as everybody saw them, and who there is. Arrays are read-only."""

    month: int
    date: date
    vendors: tuple[str, ...]
    segments: tuple[str, ...]
    regions: tuple[str, ...]  # cells: segments in order, within each the regions in order
    clients: Floats  # (cells,) share of clients
    campaign: Floats  # (V,) million yuan, last month
    token_share: Floats  # (V,) of platform tokens, last month

    def reach(
        self, share: float, segments: Iterable[str] = (), regions: Iterable[str] = ()
    ) -> Floats:
        """(cells,) that share of the clients in the named segments and regions; empty = all."""
        return share * audience(self.segments, self.regions, segments, regions)


@dataclass(frozen=True)
class MarketingBooks:
    """What only the vendor itself knows."""

    vendor: int
    cash: float  # million yuan
    funding_limit: float  # million yuan


class MarketingStrategy(Strategy):
    """Names the stages of this month. Subclasses implement `stages`.

    A vendor that has reached its funding limit stages nothing.
    """

    kind = "marketing"
    idle: bool = False  # never stages anything and need not be asked

    def stages(self, view: MarketingView, books: MarketingBooks) -> tuple[Stage, ...]:
        """Stages wanted this month."""
        raise TypeError(f"{type(self).__name__} does not say what it stages")

    def campaign(self, view: MarketingView, books: MarketingBooks) -> tuple[Stage, ...]:
        """Stages of this month that cost something, after the limit that holds for all."""
        if books.cash < -books.funding_limit:
            return ()
        return tuple(stage for stage in self.stages(view, books) if stage.money > 0.0)


def audience(
    all_segments: Iterable[str],
    all_regions: Iterable[str],
    segments: Iterable[str] = (),
    regions: Iterable[str] = (),
) -> Floats:
    """(cells,) 1 in the named segments and regions, 0 elsewhere; empty = all."""
    inside, there = set(segments), set(regions)
    chosen = [not inside or name in inside for name in all_segments]
    covered = [not there or name in there for name in all_regions]
    return np.outer(chosen, covered).astype(np.float64).ravel()


def audience_problems(
    scenario: NamedTables, segments: Iterable[str], regions: Iterable[str]
) -> list[str]:
    """Names that do not exist, or an audience without clients."""
    found, tables = [], {}
    for what, names in (("segment", tuple(segments)), ("region", tuple(regions))):
        known = getattr(scenario, f"{what}s")
        tables[what] = {name: known[name].share for name in names or known if name in known}
        found += [
            f"no such {what}: {name!r} ({nearest_hint(name, list(known))})"
            for name in names
            if name not in known
        ]
    if not found and not all(sum(shares.values()) > 0.0 for shares in tables.values()):
        found.append("a stage reaches no client: its segments or regions have share 0")
    return found


def months_since(now: date, calendar_month: int) -> int:
    """Months since that month of the year was last: 0 in the month itself, at most 11."""
    return (now.month - calendar_month) % YEAR


class NoCampaign(MarketingStrategy):
    """Spends nothing beyond the dated campaigns of the scenario."""

    name = "none"
    source = "the null strategy"
    idle = True

    def stages(self, view: MarketingView, books: MarketingBooks) -> tuple[Stage, ...]:
        """None."""
        return ()


class SteadyParameters(Part):
    """Budget and reach."""

    budget: float = par(10.0, "money of each month", unit="M yuan/month", low=0.0, high=1e5)
    reach: float = share_par(0.4, "share of all clients that it reaches")


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
    reach: float = share_par(0.6, "share of all clients that it reaches")


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


class LocalStage(Part):
    """A stage for some segments and regions."""

    segments: tuple[str, ...] = par(
        (), "segments it is for; empty = all", flag="input", strict=False
    )
    regions: tuple[str, ...] = par((), "regions it is for; empty = all", flag="input", strict=False)
    reach: float = share_par(0.25, "share of their clients that it reaches")
    elsewhere: float = share_par(0.0, "share of all other clients that it reaches")

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

    def problems(self, scenario: NamedTables, vendor: str) -> list[str]:
        """Segments and regions exist and have clients."""
        return [
            f"stages.{j}: {rule}"
            for j, stage in enumerate(self.parameters.stages)
            for rule in audience_problems(scenario, stage.segments, stage.regions)
        ]


class ReactiveParameters(Part):
    """Whom it answers, how strongly."""

    rival: str = par("", "vendor it watches; empty = the largest campaign", flag="input")
    share: float = par(
        0.5, "own money over the rival's of last month", unit="share", low=0.0, high=10.0
    )
    largest: float = par(500.0, "most it spends in a month", unit="M yuan/month", low=0.0, high=1e5)
    reach: float = share_par(0.4, "share of all clients that it reaches")


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

    def problems(self, scenario: NamedTables, vendor: str) -> list[str]:
        """The rival exists and is another vendor."""
        rival = self.parameters.rival
        return rival_problems("rival", rival, scenario, vendor) if rival else []
