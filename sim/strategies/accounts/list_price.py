"""Key accounts pay the list price."""

from __future__ import annotations

from sim.strategies.accounts.base import AccountsStrategy, Bids
from sim.strategies.view import Books, View


class ListPriceForAll(AccountsStrategy):
    """Never bids: large clients pay what everybody pays."""

    name = "list_price"
    source = "uniform pricing, the benchmark of Thisse & Vives (1988, AER 78:122-137)"
    bids = False

    def wanted(self, view: View, books: Books) -> Bids:
        """Nothing."""
        return Bids()
