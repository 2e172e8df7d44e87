"""Follow the largest rival: a strategy that lives outside the package `sim`."""

from __future__ import annotations

import numpy as np

from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, PricingStrategy, rivals
from sim.strategies.view import Books, View


class FollowLeaderParameters(Part):
    """How far below the leader."""

    below: float = par(0.05, "share below the leader", unit="share", low=0.0, high=0.99)


class FollowLeader(PricingStrategy):
    """Price per unit of cost as the rival with the largest token share, less a discount."""

    name = "follow_leader"
    source = "Rotemberg & Saloner (1990, Journal of Industrial Economics 39:93-111)"
    observes = ("rival prices", "token shares", "published costs", "own cost")
    Parameters = FollowLeaderParameters

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """The leader's median ratio of price to cost on the own costs, stopped at unit cost."""
        others = np.flatnonzero(rivals(view, books))
        if not len(others):
            return books.price
        share = view.token_share[view.platform[others]]
        leading = others[share == share.max()]
        ratio = float(np.median(view.price[leading] / view.cost_estimate[leading]))
        wanted = (1.0 - self.parameters.below) * ratio * view.cost_estimate[books.own]
        return np.maximum(books.unit_cost, wanted)
