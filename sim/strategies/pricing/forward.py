"""Look ahead: a client won today buys again, and a unit made today makes later ones cheaper."""

from __future__ import annotations

import numpy as np

from sim.economics.costs import learning_value
from sim.economics.lifetime import further_months
from sim.economics.markups import choice_margin_weight
from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, elastic_price, net_cost
from sim.strategies.pricing.best_response import BestResponse
from sim.strategies.view import Books, View


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
