"""What every capacity strategy is asked, and what it may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sim.numeric.portable import exp
from sim.strategies.registry import Strategy


@dataclass(frozen=True)
class SupplyView:
    """What everybody can see of the accelerator market this month."""

    month: int  # since the start
    date: date  # its first day
    lead_months: int  # from order to delivery
    availability: float  # bought cards to be had against orders, 0 to 1
    market_growth: float  # log growth a month of the load of all clouds, as published


@dataclass(frozen=True)
class SupplyBooks:
    """What only the vendor knows. Load and cards there count in bought-card equivalents."""

    load: float  # cards wanted by customers and own apps last month
    there: float  # cards after wear, with those that arrive and those on order
    trend: float  # log growth a month of its customers' load, as it has seen it
    headroom: float  # cards wanted over the expected load
    output_per_card: float  # of a card of its planned mix, against a bought one
    cost_factor: float  # cost of a card of its planned mix now, against a bought one at the base
    cash: float  # million yuan
    funding_limit: float  # million yuan


class CapacityStrategy(Strategy):
    """Says how many cards a vendor would like to order this month.

    The market then cuts the order to what money and availability allow. Strategies that state
    their spending themselves set `budgeted` to True: the vendor's `order_cap` does not bind them.
    """

    kind = "capacity"
    budgeted: bool = False

    def order(self, view: SupplyView, books: SupplyBooks) -> float:
        """Cards wanted, of the planned mix of own and bought ones; below 0 counts as 0."""
        raise TypeError(f"{type(self).__name__} does not say what it orders")


def missing_cards(books: SupplyBooks, growth: float, months: float) -> float:
    """Cards that the load would lack after so many months of growth, headroom included.

    (headroom e^(growth x months) load - cards there) / output per card; negative if too many.
    """
    wanted = books.headroom * exp(growth * months)
    return (wanted * books.load - books.there) / books.output_per_card
