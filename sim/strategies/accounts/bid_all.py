"""Bid in every auction."""

from __future__ import annotations

from sim.strategies.accounts.base import AccountsStrategy, BidderParameters, Bids
from sim.strategies.view import Books, View


class BidAll(AccountsStrategy):
    """Bids for rivals' key accounts and for its own, out of one budget."""

    name = "bid_all"
    source = "Miller (2014, International Journal of Industrial Organization 37:201-208)"
    observes = ("own cash",)
    Parameters = BidderParameters

    def wanted(self, view: View, books: Books) -> Bids:
        """The largest concession, to everybody."""
        facts = self.parameters
        return Bids(facts.concession(), facts.concession(), facts.budget)
