"""What every research strategy is asked, and the quality ladder it climbs."""

from __future__ import annotations

from dataclasses import dataclass

from sim.parts import Part, par
from sim.strategies.registry import Strategy
from sim.strategies.view import View


@dataclass(frozen=True)
class ResearchBooks:
    """What only the vendor itself knows when it decides on research; money in million yuan."""

    vendor: int
    revenue: float  # full stack, last month; 0 in the first
    call_margin: float  # of own model calls over accounting cost, last month
    token_share: float
    capability_weight: float  # utility of a point of capability to last month's work
    cash: float
    funding_limit: float


class LadderParameters(Part):
    """The ladder: how likely a step is for the money, and how high it is."""

    effectiveness: float = par(
        0.01,
        "a: a step comes with probability a x / (1 + a x) at x million yuan a month",
        unit="1/M yuan",
        above=0.0,
        high=1e3,
    )
    step: float = par(
        0.1, "capability that a success adds to each family", unit="point", low=0.0, high=10.0
    )
    families: tuple[str, ...] = par(
        (), "own families that step up; none = all", flag="input", strict=False
    )


class ResearchStrategy(Strategy):
    """Says how much a vendor spends on research this month.

    The market charges it, draws success with probability a x / (1 + a x) and lifts the families. A
    vendor beyond its funding limit spends nothing.
    """

    kind = "research"
    Parameters: type[Part] = LadderParameters

    def budget(self, view: View, books: ResearchBooks) -> float:
        """Spending of this month, million yuan, 0 or more."""
        raise TypeError(f"{type(self).__name__} does not say what it spends")
