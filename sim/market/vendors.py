"""Vendors: Mesa agents that see the public market and their own books, and decide at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import mesa
import numpy as np
import numpy.typing as npt

from sim.economics.mixed import Demand
from sim.market.agents import decide_agents
from sim.market.bidding import set_bids
from sim.market.costs import accounting_cost, opportunity_cost
from sim.market.goodwill import decide_campaigns
from sim.market.openness import decide_openness
from sim.market.private import PrivateFigures, private_figures
from sim.market.research import invest
from sim.numeric.compiled import kernel
from sim.scenario.schema.vendors import strategy_tables
from sim.strategies.accounts.base import AccountsStrategy, Bids
from sim.strategies.agents.base import AgentBooks, AgentStrategy
from sim.strategies.capacity.base import CapacityStrategy
from sim.strategies.marketing.base import MarketingStrategy
from sim.strategies.openness.base import OpennessStrategy
from sim.strategies.pricing.base import Limits, PricingStrategy
from sim.strategies.registry import Strategy, make
from sim.strategies.research.base import ResearchStrategy
from sim.strategies.view import Books, View, told

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]


def _named(kind: str, usual: str, table: dict[str, object]) -> Strategy:
    """The strategy that a flat table names, the rest of the table being its parameters."""
    facts = dict(table)
    return make(kind, str(facts.pop("strategy", usual)), facts)


class VendorAgent(mesa.Agent):
    """A platform. Its numbers live in the market's arrays; this is who decides about them."""

    pricing: PricingStrategy
    agents: AgentStrategy
    launched: AgentStrategy | None = None  # whose platform is open
    marketing: MarketingStrategy
    investment: CapacityStrategy
    accounts: AccountsStrategy
    research: ResearchStrategy

    def __init__(self, model: MarketModel, name: str, index: int) -> None:
        super().__init__(model)
        self.name, self.index = name, index
        self.table = model.scenario.vendors[name]
        for field in strategy_tables():
            self.set_strategy(field, getattr(self.table, field))
        chosen = self.table.openness
        self.openness = cast(OpennessStrategy, make("openness", chosen.strategy, chosen.parameters))
        self.rng_prices = model.stream(f"pricing/{name}")
        self.rng_research = model.stream(f"research/{name}")

    def set_strategy(self, field: str, table: dict[str, object]) -> None:
        """Change the strategy of one of the vendor's flat strategy tables from now on."""
        kind, usual = strategy_tables()[field]
        setattr(self, field, _named(kind, usual, table))

    @property
    def market(self) -> MarketModel:
        """The model, typed."""
        model: MarketModel = self.model
        return model

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
        """What only this vendor knows; `figures` spares asking for them vendor by vendor."""
        model, v = self.market, self.index
        figures = figures or private_figures(model)
        state, own = model.state, figures.own[v]
        return told(
            Books,
            vendor=v,
            own=own,
            price=state.list_price[own],
            unit_cost=unit_cost[own],
            utilisation=figures.utilisation[v],
            token_share=figures.token_share[v],
            cash=figures.cash[v],
            funding_limit=self.table.finance.funding_limit,
            churn=figures.churn[v],
            output=figures.output[v],
            experience=figures.experience[v],
            learning_exponent=figures.learning_exponent,
            forgetting=figures.forgetting,
            share_value=figures.share_value[v],
        )

    @property
    def sets_prices(self) -> bool:
        """Whether its strategy is asked for prices: a list is a list."""
        return not self.pricing.follows_list

    def agent_books(self) -> AgentBooks:
        """What only this vendor knows when it pays builders."""
        return AgentBooks(self.index, self.cash, self.table.finance.funding_limit)

    def new_prices(
        self, view: View, books: Books, limits: Limits
    ) -> tuple[npt.NDArray[np.int64], Floats]:
        """Own columns and their list prices for this month."""
        if len(books.own) == 0 or not self.sets_prices:
            return books.own, books.price
        wanted = self.pricing.wanted(view, books, self.rng_prices)
        return books.own, self.pricing.bounded(view, books, wanted, limits)

    def new_bids(self, view: View, books: Books) -> Bids:
        """How far it goes in this month's auctions of key accounts."""
        return self.accounts.bounded(books, self.accounts.wanted(view, books))


def public_view(model: MarketModel) -> View:
    """Last month's market as a read-only snapshot; an offer that begins shows its first price."""
    world, state, scenario = model.world, model.state, model.scenario
    price, cost = np.zeros((2, world.n_offers))
    fill_seen(
        state.hosting, state.last_price, state.list_price, accounting_cost(model), price, cost
    )
    platform, family = model.fixed(
        "seen", lambda: (_read_only(world.platform.view()), _read_only(world.family.view()))
    )
    return told(
        View,
        month=model.month,
        price=_read_only(price),
        platform=platform,
        family=family,
        token_share=_read_only(state.token_share.copy()),
        cost_estimate=_read_only(cost),
        inelastic_limit=scenario.decisions.inelastic_limit,
        demand=_Research(model),
        review_hazard=scenario.demand.review.api,
        vendors=world.vendors,
    )


@kernel
def fill_seen(hosting, last_price, list_price, unit_cost, price, cost):  # type: ignore[no-untyped-def]
    """Prices and costs of the model calls, the first columns; 0 in, and where none is on sale."""
    for j in range(len(unit_cost)):
        cost[j] = unit_cost[j]
        if hosting[j]:
            price[j] = last_price[j] if last_price[j] > 0.0 else list_price[j]


class _Research:
    """The demand that the panel tells when it is first asked in a month."""

    def __init__(self, model: MarketModel) -> None:
        self.model = model
        self.told: Demand | None = None

    def __call__(self) -> Demand:
        if self.told is None:
            self.told = self.model.panel.demand()
        return self.told


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def decide(model: MarketModel) -> None:
    """Phase `decide`: openness, then prices and moves of all vendors at once, then discounts."""
    decide_openness(model)
    view, books = _what_is_known(model)
    limits = model.fixed("limits", lambda: _limits(model))
    plans = [
        vendor.new_prices(view, books[vendor.index], limits)
        for vendor in model.vendors.values()
        if vendor.sets_prices
    ]
    decide_campaigns(model)
    set_bids(model, view, books)
    for own, price in plans:
        model.state.list_price[own] = price
    invest(model, view)
    _spend_freed_money(model)
    decide_agents(model)


def _limits(model: MarketModel) -> Limits:
    table = model.scenario.decisions
    return Limits(table.largest_move, table.lowest_price, table.inelastic_rise)


def _what_is_known(model: MarketModel) -> tuple[View, dict[int, Books]]:
    """The public view, and the books of the vendors that are asked for prices or bids."""
    vendors = model.vendors.values()
    asked = [vendor for vendor in vendors if vendor.sets_prices or vendor.accounts.bids]
    if not asked:
        return public_view(model), {}
    unit_cost = np.zeros(model.world.n_offers)
    unit_cost[: model.world.n_api] = opportunity_cost(model)
    figures = private_figures(model)
    return public_view(model), {v.index: v.books(unit_cost, figures) for v in asked}


def _spend_freed_money(model: MarketModel) -> None:
    """Budget rule (b): the money of moves that are off buys a cut of the own token prices."""
    state, budget = model.state, model.scenario.budget
    for v, name in enumerate(model.world.vendors):
        money = budget.freed.get(name, 0.0)
        if money > 0.0:
            cut = money / (state.call_revenue[v] + money)
            state.discount[v] = min(cut, budget.maximum_discount)
