"""The world market of accelerators moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.events.base import Event
from sim.parts import par

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class Supply(Event):
    """New availability or price of external accelerators; a new market rent, or how it moves."""

    kind = "supply"

    availability: float | None = par(
        None, "external cards to be had against orders", unit="share", low=0.0, high=1.0
    )
    external_cost_factor: float | None = par(
        None, "price of external cards against the base", above=0.0, high=100.0
    )
    rent_yuan_per_card_month: float | None = par(
        None, "market rent", unit="yuan/card-month", above=0.0, high=1e7
    )

    rent_response: float | None = par(
        None,
        "how fast the market rent answers scarcity from now on",
        unit="1/month",
        low=0.0,
        high=1.0,
    )

    def apply(self, model: MarketModel) -> None:
        """Take the new state of the world."""
        state = model.state
        if self.availability is not None:
            state.availability = self.availability
        if self.external_cost_factor is not None:
            state.external_cost_factor = self.external_cost_factor
        if self.rent_yuan_per_card_month is not None:
            state.market_rent = self.rent_yuan_per_card_month
        if self.rent_response is not None:
            state.rent_response = self.rent_response
