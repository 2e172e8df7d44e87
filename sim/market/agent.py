"""A vendor as an agent: its strategies, its random streams, and its own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.scenario.schema.vendors import strategy_tables
from sim.strategies.accounts import AccountsStrategy
from sim.strategies.agents import AgentBooks, AgentStrategy
from sim.strategies.capacity import AllocationStrategy, CapacityStrategy
from sim.strategies.marketing import MarketingStrategy
from sim.strategies.openness import OpennessStrategy
from sim.strategies.pricing.base import PricingStrategy
from sim.strategies.registry import StrategySpec
from sim.strategies.research import ResearchStrategy

if TYPE_CHECKING:
    import pandas as pd

    from sim.market.state import MarketState
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario
    from sim.scenario.schema.vendors import Vendor


def _named(kind: str, usual: str, table: Mapping[str, object]) -> StrategySpec:
    """The strategy that a flat table names, the rest of the table being its parameters."""
    facts = dict(table)
    return StrategySpec(kind, str(facts.pop("strategy", usual)), facts)


def strategy_specs(scenario: Scenario, world: MarketLayout) -> dict[str, dict[str, StrategySpec]]:
    """The strategies that the scenario gives each vendor, by field."""
    out = {}
    for name in world.vendors:
        table = scenario.vendors[name]
        openness = StrategySpec("openness", table.openness.strategy, table.openness.parameters)
        out[name] = {"openness": openness} | {
            field: _named(kind, usual, getattr(table, field))
            for field, (kind, usual) in strategy_tables().items()
        }
    return out


class Vendors(dict[str, "VendorAgent"]):
    """The vendors of a market by name."""

    def to_frame(self) -> pd.DataFrame:
        """One row a vendor as it stands now: money in million yuan, shares of last month."""
        import pandas as pd

        rows = {
            name: {
                "label": vendor.table.label or name,
                "pricing": vendor.pricing.name,
                "cash": vendor.cash,
                "cards": vendor.cards,
                "revenue": vendor.last("revenue"),
                "token_share": vendor.last("token_share"),
                "families_sold": len(vendor.prices),
                "lowest_price": min(vendor.prices.values(), default=float("nan")),
            }
            for name, vendor in self.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("vendor")


class VendorAgent:
    """A platform. Its numbers live in the market's arrays; this is who decides about them."""

    pricing: PricingStrategy
    agents: AgentStrategy
    launched: AgentStrategy | None = None  # whose platform is open
    priced: int | None = None  # month of its last change of prices
    marketing: MarketingStrategy
    investment: CapacityStrategy
    openness: OpennessStrategy
    accounts: AccountsStrategy
    research: ResearchStrategy
    allocation: AllocationStrategy

    def __init__(
        self,
        name: str,
        table: Vendor,
        strategies: Mapping[str, StrategySpec],
        world: MarketLayout,
        state: MarketState,
        stream: Callable[[str], np.random.Generator],
    ) -> None:
        self.name, self.table, self.index = name, table, world.vendors.index(name)
        self.funding_limit = table.finance.funding_limit
        self._world, self._state, self._stream = world, state, stream
        for field, recipe in strategies.items():
            setattr(self, field, recipe.strategy())

    @cached_property
    def rng_prices(self) -> np.random.Generator:
        """The stream of its prices."""
        return self._stream(f"pricing/{self.name}")

    @cached_property
    def rng_research(self) -> np.random.Generator:
        """The stream of its success in research."""
        return self._stream(f"research/{self.name}")

    def set_strategy(self, field: str, table: Mapping[str, object]) -> None:
        """Change the strategy of one of the vendor's flat strategy tables from now on."""
        kind, usual = strategy_tables()[field]
        setattr(self, field, _named(kind, usual, table).strategy())

    def last(self, number: str) -> float:
        """A number of this vendor in the state of the market, such as `revenue` of last month."""
        return float(getattr(self._state, number)[self.index])

    def __repr__(self) -> str:
        name = self.table.label or self.name
        return f"{name}: {self.pricing.name} pricing, cash {self.cash:,.0f} million yuan"

    @property
    def cash(self) -> float:
        """Cash, million yuan."""
        return float(self._state.cash[self.index])

    @property
    def cards(self) -> float:
        """Accelerators, own and bought."""
        state = self._state
        return float(state.own_cards[self.index] + state.external_cards[self.index])

    @property
    def prices(self) -> dict[str, float]:
        """List price of each family it sells now, yuan per million tokens."""
        world, state = self._world, self._state
        own = np.flatnonzero(world.calls & state.hosting & (world.platform == self.index))
        return {world.families[world.family[j]]: float(state.list_price[j]) for j in own}

    @property
    def sets_prices(self) -> bool:
        """Whether its strategy is asked for prices: a list is a list."""
        return not self.pricing.follows_list

    def may_change(self, month: int, pause: int) -> bool:
        """Whether so many months have passed since its last change of prices."""
        return self.priced is None or month - self.priced >= pause

    def agent_books(self) -> AgentBooks:
        """What only this vendor knows when it pays builders."""
        return AgentBooks(self.index, self.cash, self.funding_limit)
