"""Pay rivals' key accounts to switch."""

from __future__ import annotations

from sim.strategies.accounts.base import AccountsStrategy, BidderParameters, Bids
from sim.strategies.view import Books, View


class Poach(AccountsStrategy):
    """Bids for key accounts that it does not serve; its own pay the list price."""

    name = "poach"
    source = "Chen (1997, Journal of Economics & Management Strategy 6:877-897)"
    observes = ("own cash",)
    Parameters = BidderParameters

    def wanted(self, view: View, books: Books) -> Bids:
        """The largest concession, to others' accounts alone."""
        facts = self.parameters
        return Bids(others=facts.concession(), budget=facts.budget)
