"""A vendor changes its mind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from sim.events.base import Event
from sim.parts import par

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class StrategyChange(Event):
    """From this month on a vendor prices by another strategy."""

    kind = "strategy"
    rank = -1  # who changes to a list is bound by the lists of the same month

    vendor: str = par(..., "vendor", flag="input")
    pricing: dict[str, Any] = Field(description="pricing strategy by name and its parameters")

    def problems(self, scenario: object) -> list[str]:
        """The strategy and its parameters must be known."""
        from sim.strategies.registry import make

        facts = dict(self.pricing)
        try:
            make("pricing", str(facts.pop("strategy", "")), facts)
        except ValueError as error:
            return [str(error)]
        return []

    def apply(self, model: MarketModel) -> None:
        """Hand over."""
        model.vendors[self.vendor].set_pricing(self.pricing)
