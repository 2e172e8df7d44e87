"""Capacity: how many cards a vendor orders, and whom it serves while they are too few."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from sim.months import Month
from sim.numeric.portable import exp
from sim.parts import Part, monthly_par, par
from sim.strategies.registry import Strategy


@dataclass(frozen=True)
class SupplyView:
    """What everybody can see of the accelerator market this month."""

    month: int  # since the start
    date: date  # its first day
    lead_months: int  # from order to delivery
    availability: float  # bought cards to be had against orders, 0 to 1
    market_growth: float  # log growth a month of the load of all clouds, as published


@dataclass(frozen=True)
class SupplyBooks:
    """What only the vendor knows. Load and cards there count in bought-card equivalents."""

    load: float  # cards wanted by customers and own apps last month
    there: float  # cards after wear, with those that arrive and those on order
    trend: float  # log growth a month of its customers' load, as it has seen it
    headroom: float  # cards wanted over the expected load
    output_per_card: float  # of a card of its planned mix, against a bought one
    cost_factor: float  # cost of a card of its planned mix now, against a bought one at the base
    cash: float  # million yuan
    funding_limit: float  # million yuan


class CapacityStrategy(Strategy):
    """Says how many cards a vendor would like to order this month.

    The market then cuts the order to what money and availability allow. Strategies that state
    their spending themselves set `budgeted` to True: the vendor's `order_cap` does not bind them.
    """

    kind = "capacity"
    budgeted: bool = False

    def order(self, view: SupplyView, books: SupplyBooks) -> float:
        """Cards wanted, of the planned mix of own and bought ones; below 0 counts as 0."""
        raise TypeError(f"{type(self).__name__} does not say what it orders")


def missing_cards(books: SupplyBooks, growth: float, months: float) -> float:
    """Cards that the load would lack after so many months of growth, headroom included.

    (headroom e^(growth x months) load - cards there) / output per card; negative if too many.
    """
    wanted = books.headroom * exp(growth * months)
    return (wanted * books.load - books.there) / books.output_per_card


class Follow(CapacityStrategy):
    """Orders fill up to headroom x own load, extrapolated by its own trend over the lead time."""

    name = "follow"
    source = "Luss (1982, Operations Research 30:907-947): capacity expansion to follow demand"
    observes = ("own load", "own cards", "lead time")

    def order(self, view: SupplyView, books: SupplyBooks) -> float:
        """What the load will lack when the order arrives."""
        return missing_cards(books, books.trend, view.lead_months)


class LeadParameters(Part):
    """How far ahead, and of which growth."""

    ahead_months: int = par(
        6, "months of growth that are built for beyond the lead time", unit="month", low=0, high=60
    )
    target_growth: float = monthly_par(
        0.0,
        "log growth of its load that it means to reach; the market's or its own counts if higher",
    )


class Lead(CapacityStrategy):
    """Orders fill up to headroom x load some months ahead, at the highest growth in sight."""

    name = "lead"
    source = "Dixit (1980, Economic Journal 90:95-106): capacity built before demand is a threat"
    observes = ("own load", "own cards", "lead time", "market growth")
    Parameters = LeadParameters

    def order(self, view: SupplyView, books: SupplyBooks) -> float:
        """What the load would lack if it grew as hoped until then."""
        growth = max(books.trend, view.market_growth, self.parameters.target_growth)
        return missing_cards(books, growth, view.lead_months + self.parameters.ahead_months)


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


class OrderPlan(CapacityStrategy):
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


Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shortage:
    """What a vendor is asked for, (n,) by own offer; its own apps come last.

    Rent and hosted models are sold by contract, model calls by use.
    """

    cards: Floats  # card-months wanted
    value: Floats  # yuan that a card-month earns; of own apps the value that the vendor states
    contracted: npt.NDArray[np.bool_]


class AllocationStrategy(Strategy):
    """Ranks the work that wants cards; the market serves ranks from the highest to the lowest.

    Work of equal rank is rationed pro rata. The market has served a first part of the own apps,
    `supply.internal_priority`, before it asks.
    """

    kind = "allocation"
    proportional: bool = False  # all customers alike: nothing to rank

    def ranks(self, shortage: Shortage) -> Floats:
        """(n,) rank of each offer and, last, of the rest of the own apps."""
        raise TypeError(f"{type(self).__name__} does not say whom it serves first")


class ProRata(AllocationStrategy):
    """Everything that customers ask for is cut alike; own apps take what is left."""

    name = "pro_rata"
    source = "proportional rationing: Beckmann (1965); Davidson & Deneckere (1986, RAND 17:404-415)"
    observes = ("own load",)
    proportional = True

    def ranks(self, shortage: Shortage) -> Floats:
        """Customers alike, own apps last."""
        return np.append(np.ones(len(shortage.cards) - 1), 0.0)


class ByMargin(AllocationStrategy):
    """What earns most for a card goes first: own apps compete at the value the vendor states."""

    name = "by_margin"
    source = "efficient rationing: Levitan & Shubik (1972, IER 13:111-122); Littlewood (1972)"
    observes = ("own load", "own prices")

    def ranks(self, shortage: Shortage) -> Floats:
        """The value of a card-month."""
        return shortage.value


class CallsFirst(ByMargin):
    """Model calls go first, then what earns most for a card.

    Calls need few cards, and who is turned away leaves at the next review. A vendor whose price is
    slow need not turn all calls away because rent at its premium earns a little more for a card.
    """

    name = "calls_first"
    source = "protection of a class of customers: Littlewood (1972); Belobaba (1989, OR 37:183-197)"

    def ranks(self, shortage: Shortage) -> Floats:
        """Calls before all else; the value of a card-month among the rest."""
        ranks = np.where(shortage.contracted, shortage.value, np.inf)
        ranks[-1] = shortage.value[-1]  # own apps
        return ranks


class ContractsFirst(AllocationStrategy):
    """Rented cards and hosted models are contracts and go first, then calls, then own apps."""

    name = "contracts_first"
    source = "priority service: Harris & Raviv (1981, AER 71:347-365); Wilson (1989)"
    observes = ("own load",)

    def ranks(self, shortage: Shortage) -> Floats:
        """Contracts, calls, own apps."""
        customers = np.where(shortage.contracted[:-1], 2.0, 1.0)
        return np.append(customers, 0.0)
