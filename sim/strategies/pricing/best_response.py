"""Best response to last month's prices under long-run demand."""

from __future__ import annotations

import numpy as np

from sim.strategies.pricing.base import Floats, Limits, PricingStrategy, elastic_price
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

    def bounded(self, view: View, books: Books, wanted: Floats, limits: Limits) -> Floats:
        """The common limits; an inelastic month allows a bounded rise."""
        if self.inelastic:
            risen = books.price * (1.0 + limits.inelastic_rise)
            return self.funded(books, np.maximum(risen, limits.lowest_price))
        return super().bounded(view, books, wanted, limits)
