"""Prices from demand: best response, static Bertrand-Nash, and a forward-looking reply."""

from __future__ import annotations

import numpy as np

from sim.economics.costs import learning_value
from sim.economics.pricing import NoEquilibrium, bertrand_nash, choice_margin_weight, further_months
from sim.parts import Part, par
from sim.strategies.pricing.base import (
    Floats,
    PriceLimits,
    PricingStrategy,
    elastic_price,
    net_cost,
    rivals,
)
from sim.strategies.view import Books, View


class BestResponse(PricingStrategy):
    """Lerner index 1/E with E the long-run elasticity; where E is too low the price may rise.

    Repeated over months it converges to the static Bertrand-Nash price (Milgrom & Roberts 1990:
    best reply converges in supermodular games).
    """

    name = "best_response"
    source = "Milgrom & Roberts (1990, Econometrica 58:1255-1277)"
    observes: tuple[str, ...] = ("prices", "panel demand", "own cost")

    def reset(self) -> None:
        """No month has been met yet."""
        self.inelastic = False

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """c / (1 - 1/E), or as high as the limits let it where demand is inelastic."""
        price = self.reply(view, books)
        self.inelastic = price is None
        return books.price if price is None else price

    def reply(self, view: View, books: Books) -> Floats | None:
        """The first-order condition's prices; None where demand is inelastic."""
        return elastic_price(view, books, view.inelastic_limit)

    def bounded(self, view: View, books: Books, wanted: Floats, limits: PriceLimits) -> Floats:
        """The common limits; an inelastic month allows a bounded rise."""
        if self.inelastic:
            risen = books.price * (1.0 + limits.inelastic_rise)
            return self.funded(books, np.maximum(risen, limits.lowest_price))
        return super().bounded(view, books, wanted, limits)


TOLERANCE = 1e-10


class Nash(PricingStrategy):
    """Own prices in the equilibrium that all platforms would play, by the zeta fixed point.

    Rivals' costs are the published estimates (complete information). Where no equilibrium is
    found the price stays.
    """

    name = "nash"
    source = "Morrow & Skerlos (2011, Operations Research 59:328-345)"
    observes = ("prices", "panel demand", "own cost", "published costs")

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Equilibrium prices of the own offers."""
        demand = view.demand()
        cost = view.cost_estimate.copy()
        cost[books.own] = books.unit_cost
        owner = np.where(demand.priced & (view.price > 0), view.platform, -1)
        try:
            found = bertrand_nash(demand, cost, owner, start=view.price, tolerance=TOLERANCE)
        except NoEquilibrium:
            return books.price
        return found.prices[books.own]


class ForwardParameters(Part):
    """How far it looks ahead, and what it counts."""

    discount: float = par(
        0.98,
        "delta: worth of a yuan next month",
        low=0.0,
        high=0.999,
        source="about 20-25 % a year: cost of capital of young platforms",
    )
    lifetime_weight: float = par(
        0.5,
        "omega: part of the customer lifetime value that it counts",
        low=0.0,
        high=10.0,
    )
    inertia: bool = par(
        False,
        "true = clients who do not review are harvested in the markup, by 1/(eta + alpha (1-s) "
        "h/(1-delta(1-h))); lifetime value then counts only from the first review on",
        flag="input",
    )
    churn_memory: float = par(
        0.8,
        "weight of the past in the churn it expects",
        unit="1/month",
        low=0.0,
        high=0.999,
    )


class Forward(BestResponse):
    """Best response with cost net of future learning and of customer lifetime value.

    p = (c - learning - omega CLV) / (1 - 1/E) with CLV = m delta(1-x)/(1-delta(1-x)), its own churn
    x and m = p - c + learning: the margin it earns later is the one of the price it sets. That is
    the Lerner rule 1 / (E (1 + omega delta(1-x)/(1-delta(1-x)))) over c - learning.
    """

    name = "forward"
    source = "Dube, Hitsch & Rossi (2009, JMR 46:435-445); Cabral & Riordan (1994, Econometrica 62)"
    observes = ("prices", "panel demand", "review hazard", "own cost", "own churn", "own output")
    Parameters = ForwardParameters

    def reset(self) -> None:
        """No client has been seen to leave."""
        super().reset()
        self.churn: float | None = None

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Remember the churn of last month, then reply."""
        memory = self.parameters.churn_memory
        before = books.churn if self.churn is None else self.churn
        self.churn = memory * before + (1.0 - memory) * books.churn
        return super().wanted(view, books, rng)

    def reply(self, view: View, books: Books) -> Floats | None:
        """The first-order condition at net cost; None where demand is inelastic."""
        facts = self.parameters
        saving = learning_value(
            books.experience,
            books.output,
            books.learning_exponent,
            books.forgetting,
            facts.discount,
        )
        weight, months = 1.0, further_months(self.churn or 0.0, facts.discount)
        if facts.inertia:
            weight = choice_margin_weight(view.review_hazard, facts.discount)
            contract = further_months(view.review_hazard, facts.discount)
            months = max(months - contract, 0.0) / (1.0 + contract)
        return elastic_price(
            view,
            books,
            view.inelastic_limit,
            cost=net_cost(books, saving * view.cost_estimate[books.own]),
            choice_weight=weight,
            lifetime=1.0 + facts.lifetime_weight * months,
        )


class UndercutParameters(Part):
    """How far below the cheapest rival."""

    below: float = par(0.1, "share below the cheapest rival", unit="share", low=0.0, high=0.99)


class Undercut(PricingStrategy):
    """p = max(c, (1 - below) x cheapest rival): of the same family, else per unit of cost."""

    name = "undercut"
    source = "Edlin (1997, Harvard Law Review 111:528-575)"
    observes = ("rival prices", "published costs", "own cost")
    Parameters = UndercutParameters

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """The undercutting price, stopped at unit cost; last month's price without rivals."""
        return followed(view, books, 1.0 - self.parameters.below)


def followed(view: View, books: Books, factor: float) -> Floats:
    """(n,) factor x the cheapest rival price, stopped at unit cost.

    The rivals of an offer are those of its family where one sells it, otherwise all, each at its
    price per unit of published cost times the offer's own.
    """
    others = np.flatnonzero(rivals(view, books))
    if not len(others):
        return books.price
    price, cost = view.price[others], view.cost_estimate
    cheapest = float(np.minimum.reduce(price / cost[others]))
    same = view.family[books.own, None] == view.family[others]
    alike = np.minimum.reduce(np.where(same, price, np.inf), axis=1)
    aim = np.where(alike < np.inf, alike, cheapest * cost[books.own])
    return np.maximum(books.unit_cost, factor * aim)


class Match(PricingStrategy):
    """Meet competition: the cheapest rival's price, of the same family or per unit of cost."""

    name = "match"
    source = "Salop (1986); Edlin (1997, Harvard Law Review 111:528-575)"
    observes = ("rival prices", "published costs", "own cost")

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """The matching price, or last month's where there is no rival."""
        return followed(view, books, 1.0)
