"""A vendor changes its mind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sim.events.base import Event
from sim.parts import par, strategy_fields, strategy_table

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class StrategyChange(Event):
    """From this month on a vendor acts by other strategies."""

    kind = "strategy"
    rank = -1  # who changes to a list is bound by the lists of the same month

    vendor: str = par(..., "vendor", flag="input")
    pricing: dict[str, Any] | None = strategy_table("pricing", None, "new pricing strategy")
    agents: dict[str, Any] | None = strategy_table("agents", None, "new agent platform strategy")
    marketing: dict[str, Any] | None = strategy_table("marketing", None, "new marketing strategy")
    investment: dict[str, Any] | None = strategy_table("capacity", None, "new capacity strategy")
    accounts: dict[str, Any] | None = strategy_table("accounts", None, "new key-account strategy")
    research: dict[str, Any] | None = strategy_table("research", None, "new research strategy")

    def changes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Fields of the vendor and the strategy tables that replace them."""
        for field in strategy_fields(type(self)):
            table = getattr(self, field)
            if table is not None:
                yield field, table

    def problems(self, scenario: object) -> list[str]:
        """Some strategy must change; all of them and their parameters must be known."""
        from sim.strategies.registry import make

        found = []
        for field, table in self.changes():
            facts = dict(table)
            try:
                make(strategy_fields(type(self))[field], str(facts.pop("strategy", "")), facts)
            except ValueError as error:
                found.append(str(error))
        if not list(self.changes()):
            found.append(f"names no new strategy: {', '.join(strategy_fields(type(self)))}")
        return found

    def apply(self, model: MarketModel) -> None:
        """Hand over."""
        for field, table in self.changes():
            model.vendors[self.vendor].set_strategy(field, table)
