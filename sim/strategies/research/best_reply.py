"""Spend until the last yuan earns a yuan."""

from __future__ import annotations

from sim.economics.quality import best_investment
from sim.parts import par
from sim.strategies.research.base import LadderParameters, ResearchBooks, ResearchStrategy
from sim.strategies.view import View


class BestReplyParameters(LadderParameters):
    """The ladder, patience, and how long a lead lasts."""

    discount: float = par(
        0.99, "value of a yuan a month later", unit="1/month", low=0.0, high=0.9999
    )
    lead_kept: float = par(
        0.9,
        "part of a lead that is left a month later, as rivals imitate and release",
        unit="1/month",
        low=0.0,
        high=1.0,
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
