"""A new list price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.events.base import Event
from sim.numeric.portable import power
from sim.parts import par

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class PriceList(Event):
    """A platform posts a price. It binds vendors whose pricing strategy is `list`.

    Either one price, or input and output prices that the scenario's output share turns into one.
    """

    kind = "price_list"

    vendor: str = par(..., "platform", flag="input")
    family: str = par(..., "family", flag="input")
    price_yuan_per_million_tokens: float | None = par(
        None, "one price for all tokens", unit="yuan/M tokens", low=0.0, high=1e6
    )
    input_yuan_per_million_tokens: float | None = par(
        None, "price of input tokens", unit="yuan/M tokens", low=0.0, high=1e6
    )
    output_yuan_per_million_tokens: float | None = par(
        None, "price of output tokens", unit="yuan/M tokens", low=0.0, high=1e6
    )

    part: float = par(
        1.0,
        "part of the way (in logarithms) from the price before to this one",
        unit="share",
        low=0.0,
        high=1.0,
    )

    def scaled(self, intensity: float) -> PriceList:
        """So much less of the way."""
        return self.model_copy(update={"part": intensity * self.part})

    def price(self, output_share: float) -> float:
        """The effective price, yuan per million tokens."""
        if self.price_yuan_per_million_tokens is not None:
            return self.price_yuan_per_million_tokens
        inside = self.input_yuan_per_million_tokens or 0.0
        outside = self.output_yuan_per_million_tokens or 0.0
        return (1.0 - output_share) * inside + output_share * outside

    def problems(self, scenario: object) -> list[str]:
        """One price, or both parts of it; nobody sells below the lowest price."""
        one = self.price_yuan_per_million_tokens is not None
        parts = (self.input_yuan_per_million_tokens, self.output_yuan_per_million_tokens)
        if one == any(part is not None for part in parts) or (not one and None in parts):
            return [
                "state either price_yuan_per_million_tokens, or both the input and the output price"
            ]
        return []

    def apply(self, model: MarketModel) -> None:
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
