"""Keep the own key accounts."""

from __future__ import annotations

from sim.strategies.accounts.base import AccountsStrategy, BidderParameters, Bids
from sim.strategies.view import Books, View


class Retain(AccountsStrategy):
    """Bids only for own key accounts under review."""

    name = "retain"
    source = "Fudenberg & Tirole (2000, RAND Journal of Economics 31:634-657): the own turf"
    observes = ("own cash",)
    Parameters = BidderParameters

    def wanted(self, view: View, books: Books) -> Bids:
        """The largest concession, to own accounts alone."""
        facts = self.parameters
        return Bids(own=facts.concession(), budget=facts.budget)
