"""Phase `decide`: all vendors decide at once from the public market and their own books."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

import mesa
import numpy as np
import numpy.typing as npt

from sim.market.ecosystem.agents import decide_agents
from sim.market.vendors.bidding import set_bids
from sim.market.vendors.campaigns import decide_campaigns
from sim.market.vendors.information import PrivateFigures, known
from sim.market.vendors.openness import decide_openness
from sim.market.vendors.research import invest
from sim.scenario.schema.vendors import strategy_tables
from sim.strategies.accounts import AccountsStrategy, Bids
from sim.strategies.agents import AgentBooks, AgentStrategy
from sim.strategies.capacity import CapacityStrategy
from sim.strategies.marketing import MarketingStrategy
from sim.strategies.openness import OpennessStrategy
from sim.strategies.pricing.base import PriceLimits, PricingStrategy
from sim.strategies.registry import StrategySpec
from sim.strategies.research import ResearchStrategy
from sim.strategies.view import Books, View, told

if TYPE_CHECKING:
    from sim.market.model import MarketModel


Floats = npt.NDArray[np.float64]


def _named(kind: str, usual: str, table: dict[str, object]) -> StrategySpec:
    """The strategy that a flat table names, the rest of the table being its parameters."""
    facts = dict(table)
    return StrategySpec(kind, str(facts.pop("strategy", usual)), facts)


class VendorAgent(mesa.Agent):
    """A platform. Its numbers live in the market's arrays; this is who decides about them."""

    pricing: PricingStrategy
    agents: AgentStrategy
    launched: AgentStrategy | None = None  # whose platform is open
    marketing: MarketingStrategy
    investment: CapacityStrategy
    openness: OpennessStrategy
    accounts: AccountsStrategy
    research: ResearchStrategy

    def __init__(self, model: MarketModel, name: str, index: int) -> None:
        super().__init__(model)
        self.name, self.index = name, index
        self.table = model.scenario.vendors[name]
        self.funding_limit = self.table.finance.funding_limit
        for field, recipe in model.fixed(f"strategies of {name}", self._recipes).items():
            setattr(self, field, recipe.strategy())

    def _recipes(self) -> dict[str, StrategySpec]:
        """The strategies that the scenario gives it, by field."""
        chosen = self.table.openness
        out = {"openness": StrategySpec("openness", chosen.strategy, chosen.parameters)}
        for field, (kind, usual) in strategy_tables().items():
            out[field] = _named(kind, usual, getattr(self.table, field))
        return out

    @cached_property
    def rng_prices(self) -> np.random.Generator:
        """The stream of its prices."""
        return self.market.stream(f"pricing/{self.name}")

    @cached_property
    def rng_research(self) -> np.random.Generator:
        """The stream of its luck in research."""
        return self.market.stream(f"research/{self.name}")

    def set_strategy(self, field: str, table: dict[str, object]) -> None:
        """Change the strategy of one of the vendor's flat strategy tables from now on."""
        kind, usual = strategy_tables()[field]
        setattr(self, field, _named(kind, usual, table).strategy())

    @property
    def market(self) -> MarketModel:
        """The model, typed."""
        return cast("MarketModel", self.model)

    @property
    def cash(self) -> float:
        """Cash, million yuan."""
        return float(self.market.state.cash[self.index])

    @property
    def cards(self) -> float:
        """Accelerators, own and bought."""
        state = self.market.state
        return float(state.own_cards[self.index] + state.external_cards[self.index])

    @property
    def prices(self) -> dict[str, float]:
        """List price of each family it sells now, yuan per million tokens."""
        model = self.market
        return {
            model.world.families[model.world.family[j]]: float(model.state.list_price[j])
            for j in model.own_offers(self.index)
        }

    def books(self, unit_cost: Floats, figures: PrivateFigures | None = None) -> Books:
        """What only this vendor knows; `figures` spares asking for them again."""
        model, v = self.market, self.index
        own, figures = model.own_columns()[v], figures or known(model).private[v]
        price, cost = model.state.list_price[own], unit_cost[own]
        return told(Books, own=own, price=price, unit_cost=cost, **self._known, **figures._asdict())

    @cached_property
    def _known(self) -> dict[str, float]:
        """What its books say every month."""
        return {
            "vendor": self.index,
            "funding_limit": self.funding_limit,
            "learning_exponent": self.market.supply.learning,
            "forgetting": self.market.supply.table.learning.forgetting,
        }

    @property
    def sets_prices(self) -> bool:
        """Whether its strategy is asked for prices: a list is a list."""
        return not self.pricing.follows_list

    def agent_books(self) -> AgentBooks:
        """What only this vendor knows when it pays builders."""
        return AgentBooks(self.index, self.cash, self.funding_limit)

    def new_prices(
        self, view: View, books: Books, limits: PriceLimits
    ) -> tuple[npt.NDArray[np.int64], Floats]:
        """Own columns and their list prices for this month."""
        if len(books.own) == 0 or not self.sets_prices:
            return books.own, books.price
        wanted = self.pricing.wanted(view, books, self.rng_prices)
        return books.own, self.pricing.bounded(view, books, wanted, limits)

    def new_bids(self, view: View, books: Books) -> Bids:
        """How far it goes in this month's auctions of key accounts."""
        return self.accounts.bounded(books, self.accounts.wanted(view, books))


def decide(model: MarketModel) -> None:
    """Phase `decide`: openness, then prices and moves of all vendors at once, then discounts."""
    decide_openness(model)
    view, private, unit_cost = known(model)
    limits = model.fixed("limits", lambda: _limits(model))
    vendors = model.vendors.values()
    asked = [vendor for vendor in vendors if vendor.sets_prices or vendor.accounts.bids]
    books = {v.index: v.books(unit_cost, private[v.index]) for v in asked}
    plans = [
        vendor.new_prices(view, books[vendor.index], limits)
        for vendor in asked
        if vendor.sets_prices
    ]
    decide_campaigns(model)
    set_bids(model, view, books)
    for own, price in plans:
        model.state.list_price[own] = price
    invest(model, view)
    _spend_freed_money(model)
    decide_agents(model)


def _limits(model: MarketModel) -> PriceLimits:
    table = model.scenario.decisions
    return PriceLimits(table.largest_move, table.lowest_price, table.inelastic_rise)


def _spend_freed_money(model: MarketModel) -> None:
    """Budget rule (b): the money of moves that are off buys a cut of the own token prices."""
    state, budget, names = model.state, model.scenario.budget, model.world.vendors
    freed = model.fixed("freed", lambda: [budget.freed.get(name, 0.0) for name in names])
    for v, money in enumerate(freed):
        if money > 0.0:
            cut = money / (state.call_revenue[v] + money)
            state.discount[v] = min(cut, budget.maximum_discount)
