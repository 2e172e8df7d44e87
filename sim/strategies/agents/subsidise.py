"""Pay builders to come."""

from __future__ import annotations

import numpy as np

from sim.parts import par
from sim.strategies.agents.base import AgentBooks, AgentView, Offer, sides_of
from sim.strategies.agents.own_platform import OwnPlatform, OwnPlatformParameters


class SubsidiseParameters(OwnPlatformParameters):
    """The platform and the money."""

    subsidy: float = par(
        5_000.0, "paid to each new builder", unit="yuan/builder", low=0.0, high=1e9
    )
    budget: float = par(1.0, "at most, in a month", unit="M yuan/month", low=0.0, high=1e6)


class Subsidise(OwnPlatform):
    """Open a platform and pay every new builder out of a monthly budget."""

    name = "subsidise"
    source = "Clements & Ohashi (2005, J. Ind. Econ. 53:515-542): subsidies work early"
    observes = ("own cash",)
    Parameters = SubsidiseParameters

    def offer(self, view: AgentView, books: AgentBooks) -> Offer:
        """The stated money for each new builder on the sides that the platform serves."""
        facts = self.parameters
        served = np.array(sides_of(facts.side), dtype=np.float64)
        return Offer(facts.subsidy * served, facts.budget)
