"""Research: money for the next step of the quality ladder."""

from __future__ import annotations

from dataclasses import dataclass

from sim.economics.quality import best_investment
from sim.parts import Part, monthly_par, par
from sim.strategies.registry import NoParameters, Strategy
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


class NoResearch(ResearchStrategy):
    """Spends nothing and never climbs."""

    name = "none"
    source = "capability as an input, by dated releases"
    Parameters = NoParameters

    def budget(self, view: View, books: ResearchBooks) -> float:
        """Nothing."""
        return 0.0


class FixedParameters(LadderParameters):
    """The ladder and the money."""

    spend: float = par(50.0, "spending on research", unit="M yuan/month", low=0.0, high=1e6)


class FixedResearch(ResearchStrategy):
    """Spends a stated sum, whatever happens."""

    name = "fixed"
    source = "budgeting by plan"
    Parameters = FixedParameters

    def budget(self, view: View, books: ResearchBooks) -> float:
        """The stated sum."""
        return float(self.parameters.spend)


class ShareOfRevenueParameters(LadderParameters):
    """The ladder and the share."""

    share: float = par(0.1, "of last month's full-stack revenue", unit="share", low=0.0, high=10.0)


class ShareOfRevenue(ResearchStrategy):
    """x = share x last month's full-stack revenue: nothing in the first month."""

    name = "share_of_revenue"
    source = "Cohen (2010, Handbook of the Economics of Innovation 1:129-213): R&D intensity"
    observes = ("own revenue",)
    Parameters = ShareOfRevenueParameters

    def budget(self, view: View, books: ResearchBooks) -> float:
        """The share."""
        return float(self.parameters.share * max(books.revenue, 0.0))


class BestReplyParameters(LadderParameters):
    """The ladder, patience, and how long a lead lasts."""

    discount: float = par(
        0.99, "value of a yuan a month later", unit="1/month", low=0.0, high=0.9999
    )
    lead_kept: float = monthly_par(
        0.9,
        "part of a lead that is left a month later, as rivals imitate and release",
        source="imitation of 5 to 15 % of a gap a month, Mansfield (1961)",
        flag="literature",
    )


class BestReply(ResearchStrategy):
    """x* = (sqrt(beta a dV) - 1) / a, or 0 where that is negative.

    A step is worth dV = margin (1 - s) theta step / (1 - beta kept): the semi-elasticity of logit
    sales to utility is 1 - s, the margin is that of own model calls last month, rivals stand still
    and the lead fades.
    """

    name = "best_reply"
    source = "Pakes & McGuire (1994, RAND 25:555-589); Ericson & Pakes (1995, RES 62:53-82)"
    observes = ("own margin", "own share", "weight of capability")
    Parameters = BestReplyParameters

    def value_of_step(self, books: ResearchBooks) -> float:
        """dV, million yuan."""
        facts = self.parameters
        utility = books.capability_weight * facts.step
        gain = max(books.call_margin, 0.0) * (1.0 - books.token_share) * utility
        return float(gain / (1.0 - facts.discount * facts.lead_kept))

    def budget(self, view: View, books: ResearchBooks) -> float:
        """x*."""
        facts = self.parameters
        value = self.value_of_step(books)
        return best_investment(facts.effectiveness, facts.discount, value).investment
