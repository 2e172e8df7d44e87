"""A dated plan of capital spending."""

from __future__ import annotations

from itertools import pairwise

from pydantic import model_validator

from sim.months import Month
from sim.parts import Part, par
from sim.strategies.capacity.base import CapacityStrategy, SupplyBooks, SupplyView

MILLION = 1e6
THOUSAND = 1e3


class PlanStep(Part):
    """What is ordered a month from this month on, in cards or in money."""

    month: Month = par(..., "month from which it holds", unit="month", flag="input")
    cards: float | None = par(
        None, "cards ordered", unit="1000 cards/month", low=0.0, high=1e6, flag="input"
    )
    money: float | None = par(
        None, "money spent on cards", unit="M yuan/month", low=0.0, high=1e7, flag="input"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> PlanStep:
        if (self.cards is None) == (self.money is None):
            raise ValueError("a step states either cards or money")
        return self


class PlanParameters(Part):
    """The steps, and what a card costs to buy."""

    steps: tuple[PlanStep, ...] = par(
        ..., "steps in the order of their months; nothing is ordered before the first", strict=False
    )
    card_price: float = par(
        120_000.0,
        "price of a bought card at the base; it moves with the vendor's card cost",
        unit="yuan/card",
        above=0.0,
        high=1e8,
        source="F0318, F0319: a module of eight for 0.88 to 1.05 million yuan",
        flag="data",
    )

    @model_validator(mode="after")
    def _in_order(self) -> PlanParameters:
        if not self.steps:
            raise ValueError("a plan has at least one step")
        for one, other in pairwise(self.steps):
            if other.month <= one.month:
                raise ValueError(f"the step of {other.month} must be after that of {one.month}")
        return self


class Plan(CapacityStrategy):
    """Orders what the plan says, whatever the load: the plan is its capital spending."""

    name = "plan"
    source = "published capital spending plans, such as F0332, F0357, F0360"
    observes = ("calendar", "price of cards")
    Parameters = PlanParameters
    budgeted = True

    def order(self, view: SupplyView, books: SupplyBooks) -> float:
        """The step in force: its cards, or its money at this month's price."""
        held = [step for step in self.parameters.steps if step.month <= view.date]
        if not held:
            return 0.0
        step = held[-1]
        if step.cards is not None:
            return float(step.cards * THOUSAND)
        return float(step.money * MILLION / (self.parameters.card_price * books.cost_factor))
