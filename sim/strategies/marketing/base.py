"""What every marketing strategy is asked, and what it may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from sim.strategies.registry import Strategy, nearest

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

    def problems(self, scenario: object, vendor: str) -> list[str]:
        """What makes no sense in this scenario, in words; asked before the first month."""
        return []


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
    scenario: object, segments: Iterable[str], regions: Iterable[str]
) -> list[str]:
    """Names that do not exist, or an audience without clients."""
    found, tables = [], {}
    for what, names in (("segment", tuple(segments)), ("region", tuple(regions))):
        known = getattr(scenario, f"{what}s")
        tables[what] = {name: known[name].share for name in names or known if name in known}
        found += [
            f"no such {what}: {name!r} ({nearest(name, list(known))})"
            for name in names
            if name not in known
        ]
    if not found and not all(sum(shares.values()) > 0.0 for shares in tables.values()):
        found.append("a stage reaches no client: its segments or regions have share 0")
    return found


def months_since(now: date, calendar_month: int) -> int:
    """Months since that month of the year was last: 0 in the month itself, at most 11."""
    return (now.month - calendar_month) % YEAR
