"""Events that reach everybody: attention, demand, the supply of accelerators."""

from __future__ import annotations

from sim.events.base import Event, Market, ScenarioFacts
from sim.parts import input_par, monthly_par, par, share_par


class Attention(Event):
    """A model that makes the news: more awareness of a platform, faster adoption by everybody."""

    kind = "attention"
    in_part = ("awareness_gain", "adoption_boost")

    vendor: str = input_par("", "platform in the news; empty = the market as a whole")
    awareness_gain: float = par(
        0.0, "added to attention, fades with attention_decay", low=0.0, high=20.0
    )
    adoption_boost: float = par(
        0.0, "added to the logarithm of the adoption hazard, fades alike", low=0.0, high=10.0
    )

    def apply(self, model: Market) -> None:
        """Raise attention, unless the mechanism is off."""
        if not model.scenario.mechanisms.attention:
            return
        if self.vendor:
            v = model.world.vendors.index(self.vendor)
            model.state.attention[v] += self.awareness_gain
        model.state.adoption_boost += self.adoption_boost


class DemandShift(Event):
    """Volume of one kind of work grows (or falls) by a log change, spread over some months."""

    kind = "demand_shift"

    work: str = input_par(..., "kind of work")
    log_change: float = par(..., "change of log volume in all", low=-5.0, high=5.0)
    ramp_months: int = par(1, "months over which it is spread evenly", "month", 1, 120)

    def problems(self, scenario: ScenarioFacts) -> list[str]:
        """The kind of work must exist."""
        kinds = list(scenario.kinds)
        return [] if self.work in kinds else [f"no kind of work {self.work!r}; known: {kinds}"]

    def apply(self, model: Market) -> None:
        """Begin the shift."""
        step = self.log_change / self.ramp_months
        k = model.world.kinds.index(self.work)
        model.state.log_shift[k] += step
        if self.ramp_months > 1:
            model.state.shifts.append((k, step, self.ramp_months - 1))


class SupplyChange(Event):
    """Availability or price of external accelerators, the market rent, or cards that go or come."""

    kind = "supply"

    availability: float | None = share_par(None, "external cards to be had against orders")
    external_cost_factor: float | None = par(
        None, "price of external cards against the base", above=0.0, high=100.0
    )
    rent_yuan_per_card_month: float | None = par(
        None, "market rent", "yuan/card-month", above=0.0, high=1e7
    )

    cards_factor: float | None = par(
        None,
        "factor on all cards in use: 0.5 takes half of them away, 2 brings them back",
        above=0.0,
        high=100.0,
    )
    rent_response: float | None = monthly_par(
        None, "how fast the market rent answers scarcity from now on"
    )

    def apply(self, model: Market) -> None:
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
        if self.cards_factor is not None:
            state.own_cards[:] *= self.cards_factor
            state.external_cards[:] *= self.cards_factor
