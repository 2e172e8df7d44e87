"""What vendors do on a date: releases, prices, campaigns, agent platforms, strategies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.events.base import Event, Market, ScenarioFacts
from sim.numeric.portable import exp, power
from sim.parts import input_par, par, share_par, strategy_fields, strategy_table
from sim.strategies.agents import Side, sides_of
from sim.strategies.capacity import THOUSAND
from sim.strategies.marketing import Stage, audience, audience_problems


class Release(Event):
    """A version that changes capability, context window or serving cost."""

    kind = "release"

    family: str = input_par(..., "family")
    capability: float | None = par(None, "new capability", "point", -20.0, 20.0)
    context_tokens: int | None = par(None, "new context window", "tokens", 1, 1_000_000_000)
    serving_cost: float | None = par(None, "new accelerator time per token", above=0.0, high=1e3)

    def apply(self, model: Market) -> None:
        """Put the version in place; a context limit of the family holds."""
        f = model.world.families.index(self.family)
        table = model.scenario.families[self.family]
        if self.capability is not None:
            for k, kind in enumerate(model.world.kinds):
                extra = table.strengths.get(kind, 0.0)
                model.state.capability[f, k] = self.capability + extra
        if self.context_tokens is not None:
            limit = table.context_limit_tokens
            model.state.context[f] = min(self.context_tokens, limit or self.context_tokens)
        if self.serving_cost is not None:
            model.state.serving_cost[f] = self.serving_cost


class PriceList(Event):
    """A platform posts a price. It binds vendors whose pricing strategy is `list`.

    Either one price, or input and output prices that the scenario's output share turns into one.
    """

    kind = "price_list"
    in_part = ("part",)

    vendor: str = input_par(..., "platform")
    family: str = input_par(..., "family")
    price_yuan_per_million_tokens: float | None = par(
        None, "one price for all tokens", "yuan/M tokens", 0.0, 1e6
    )
    input_yuan_per_million_tokens: float | None = par(
        None, "price of input tokens", "yuan/M tokens", 0.0, 1e6
    )
    output_yuan_per_million_tokens: float | None = par(
        None, "price of output tokens", "yuan/M tokens", 0.0, 1e6
    )

    part: float = share_par(
        1.0, "part of the way (in logarithms) from the price before to this one"
    )

    def price(self, output_share: float) -> float:
        """The effective price, yuan per million tokens."""
        if self.price_yuan_per_million_tokens is not None:
            return self.price_yuan_per_million_tokens
        inside = self.input_yuan_per_million_tokens or 0.0
        outside = self.output_yuan_per_million_tokens or 0.0
        return (1.0 - output_share) * inside + output_share * outside

    def problems(self, scenario: ScenarioFacts) -> list[str]:
        """One price, or both parts of it; nobody sells below the lowest price."""
        one = self.price_yuan_per_million_tokens is not None
        parts = (self.input_yuan_per_million_tokens, self.output_yuan_per_million_tokens)
        if one == any(part is not None for part in parts) or (not one and None in parts):
            return [
                "state either price_yuan_per_million_tokens, or both the input and the output price"
            ]
        return []

    def apply(self, model: Market) -> None:
        """Post the price if the vendor follows lists; free tiers are quotas, never p = 0."""
        if not model.vendors[self.vendor].pricing.follows_list:
            return
        price = self.price(model.scenario.demand.output_token_share)
        j = model.world.api_offer(self.vendor, self.family)
        price = max(price, model.scenario.decisions.lowest_price)
        before = float(model.state.list_price[j])
        if self.part < 1.0 and before > 0.0:
            price = before * power(price / before, self.part)
        model.state.list_price[j] = price


class PriceCut(PriceList):
    """A price list that must not raise the price."""

    kind = "price_cut"


class OwnApps(Event):
    """A vendor's own consumer apps grow or shrink at once, and it may move cards to serve them.

    The path of their tokens after it is (1 + growth so far) e^log_change: capacity.internal_*.
    """

    kind = "own_apps"
    in_part = ("log_change", "cards")

    vendor: str = input_par(..., "platform")
    log_change: float = par(0.0, "change of the log of own-app tokens", low=-10.0, high=10.0)
    cards: float = par(0.0, "bought cards that come into service with it", "1000 cards", 0.0, 1e6)

    def apply(self, model: Market) -> None:
        """Change the load and the cards from this month on."""
        v = model.world.vendors.index(self.vendor)
        model.state.app_factor[v] *= exp(self.log_change)
        model.state.external_cards[v] += self.cards * THOUSAND


class Campaign(Event):
    """A vendor's campaign of one month: its money in equal parts on one or more stages."""

    kind = "campaign"
    in_part = ("spend_million_yuan",)

    vendor: str = input_par(..., "vendor")
    spend_million_yuan: float = par(..., "money, all stages together", "M yuan", 0.0, 1e6)
    segments: tuple[str, ...] = input_par((), "segments it is for; empty = all", strict=False)
    regions: tuple[str, ...] = input_par((), "regions it is for; empty = all", strict=False)
    stages: int = par(1, "stages; they overlap as demand.goodwill says", low=1, high=1_000)
    reach: float = share_par(0.5, "share of those clients that each stage reaches")

    def problems(self, scenario: ScenarioFacts) -> list[str]:
        """Segments and regions exist and have clients."""
        return audience_problems(scenario, self.segments, self.regions)

    def apply(self, model: Market) -> None:
        """Set the stages up, unless the mechanism is off."""
        if not model.scenario.mechanisms.goodwill or self.spend_million_yuan == 0.0:
            return
        world = model.world
        inside = audience(world.segments, world.regions, self.segments, self.regions)
        stage = Stage(self.spend_million_yuan / self.stages, self.reach * inside)
        v = world.vendors.index(self.vendor)
        model.state.stages += [(v, stage)] * self.stages


class AgentPlatform(Event):
    """A vendor opens a platform for agents, or upgrades the one it has."""

    kind = "agent_platform"
    in_part = ("part",)

    vendor: str = input_par(..., "vendor")
    side: Side = input_par("both", "whom it serves: creators, enterprises or both")
    days_to_build: float | None = par(
        None, "days to build an agent from now on", "days", above=0.0, high=3_650.0
    )
    portability: float | None = share_par(
        None, "agents that run on every portable platform from now on"
    )
    agents: float = par(0.0, "agents that come with it on each side", "agents", 0.0, 1e12)
    builders: float = par(0.0, "builders that come with it on each side", "builders", 0.0, 1e12)

    part: float = share_par(
        1.0, "part of the way (in logarithms of days) from the platform before to this one"
    )

    def apply(self, model: Market) -> None:
        """Open the sides and take what is stated, unless the mechanism is off."""
        if not model.scenario.mechanisms.agent_platforms:
            return
        held, v = model.state.platforms, model.world.vendors.index(self.vendor)
        for side, meant in enumerate(sides_of(self.side)):
            if not meant:
                continue
            held.open[v, side] = True
            held.agents[v, side] += self.part * self.agents
            held.builders[v, side] += self.part * self.builders
            if self.days_to_build is not None:
                change = float(self.days_to_build / held.days[v, side])
                held.days[v, side] *= power(change, self.part)
            if self.portability is not None:
                gap = self.portability - held.portability[v, side]
                held.portability[v, side] += self.part * gap


class StrategyChange(Event):
    """From this month on a vendor acts by other strategies."""

    kind = "strategy"
    rank = -1  # who changes to a list is bound by the lists of the same month

    vendor: str = input_par(..., "vendor")
    pricing: dict[str, Any] | None = strategy_table("pricing", None, "new pricing strategy")
    agents: dict[str, Any] | None = strategy_table("agents", None, "new agent platform strategy")
    marketing: dict[str, Any] | None = strategy_table("marketing", None, "new marketing strategy")
    investment: dict[str, Any] | None = strategy_table("capacity", None, "new capacity strategy")
    allocation: dict[str, Any] | None = strategy_table("allocation", None, "whom it serves first")
    accounts: dict[str, Any] | None = strategy_table("accounts", None, "new key-account strategy")
    research: dict[str, Any] | None = strategy_table("research", None, "new research strategy")

    def changes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Fields of the vendor and the strategy tables that replace them."""
        for field in strategy_fields(type(self)):
            table = getattr(self, field)
            if table is not None:
                yield field, table

    def problems(self, scenario: ScenarioFacts) -> list[str]:
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

    def apply(self, model: Market) -> None:
        """Hand over."""
        for field, table in self.changes():
            model.vendors[self.vendor].set_strategy(field, table)
