"""Agent platforms: what a vendor offers to builders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.parts import Part, par, share_par
from sim.strategies.registry import Strategy

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Side = Literal["creators", "enterprises", "both"]
SIDES = ("creators", "enterprises")


def sides_of(side: Side) -> tuple[bool, ...]:
    """Whether each of `SIDES` is meant."""
    return tuple(side in (name, "both") for name in SIDES)


class Launch(NamedTuple):
    """The platform that a vendor opens."""

    sides: tuple[bool, ...]  # (S,) which of `SIDES`
    days_to_build: float | None  # None = as the market
    portability: float
    agents: float  # on each of these sides
    builders: float


class Offer(NamedTuple):
    """What a vendor pays for new builders this month."""

    per_builder: Floats  # (S,) yuan
    budget: float  # million yuan for both sides


def _nothing() -> Offer:
    none = np.zeros(len(SIDES))
    none.flags.writeable = False
    return Offer(none, 0.0)


NOTHING = _nothing()


@dataclass(frozen=True)
class AgentView:
    """Last month as everybody could see it; read-only, (V, S) by platform and side."""

    month: int
    open: Bools
    agents: Floats
    builders: Floats
    users: Floats  # clients whose agent work the platform serves
    portability: Floats
    clients: Floats  # (S,) clients that have begun agent work, wherever


@dataclass(frozen=True)
class AgentBooks:
    """What only the vendor itself knows."""

    vendor: int
    cash: float  # million yuan
    funding_limit: float  # million yuan


class PlatformParameters(Part):
    """The platform as it opens."""

    side: Side = par("both", "whom it serves: creators, enterprises or both", flag="input")
    days_to_build: float | None = par(
        None,
        "days to build an agent on it; absent = agents.days_to_build",
        unit="days",
        above=0.0,
        high=3_650.0,
    )
    agents: float = par(0.0, "agents on each side when it opens", unit="agents", low=0.0, high=1e12)
    builders: float = par(
        0.0, "builders on each side when it opens", unit="builders", low=0.0, high=1e12
    )


class AgentStrategy(Strategy):
    """Opens an agent platform, or none, and pays builders to join.

    Subclasses implement `launch`, asked once, and `offer`, asked every month.
    """

    kind = "agents"

    @property
    def pays(self) -> bool:
        """Whether it may ever offer builders money."""
        return type(self).offer is not AgentStrategy.offer

    def launch(self) -> Launch | None:
        """The platform that opens when the strategy begins; None opens nothing."""
        return None

    def offer(self, view: AgentView, books: AgentBooks) -> Offer:
        """Money for the builders that join this month."""
        return NOTHING

    def funded(self, view: AgentView, books: AgentBooks) -> Offer:
        """The offer, but nothing from a vendor that has reached its funding limit."""
        return NOTHING if books.cash < -books.funding_limit else self.offer(view, books)


class NoPlatform(AgentStrategy):
    """Opens nothing and pays nobody; a platform that a dated event opens grows by itself."""

    name = "none"
    source = "the market without agent platforms"


class OwnPlatformParameters(PlatformParameters):
    """The platform, and how far its agents run elsewhere."""

    portability: float = share_par(
        0.0,
        "agents that run on every portable platform",
        source="Corts & Lederman (2009, IJIO 27:121-136)",
    )


class OwnPlatform(AgentStrategy):
    """Open a platform and let users and builders come by themselves."""

    name = "own_platform"
    source = "Church & Gandal (1992, J. Ind. Econ. 40:85-103): free entry of software"
    Parameters = OwnPlatformParameters

    def launch(self) -> Launch | None:
        """The platform as stated."""
        facts = self.parameters
        return Launch(
            sides_of(facts.side),
            facts.days_to_build,
            facts.portability,
            facts.agents,
            facts.builders,
        )


EVERYWHERE = 1.0


class OpenPlugins(AgentStrategy):
    """Open a platform whose agents run on every portable platform, and which runs theirs."""

    name = "open_plugins"
    source = "Corts & Lederman (2009, IJIO 27:121-136): software that is not exclusive"
    Parameters = PlatformParameters

    def launch(self) -> Launch | None:
        """The platform as stated, fully portable."""
        facts = self.parameters
        return Launch(
            sides_of(facts.side), facts.days_to_build, EVERYWHERE, facts.agents, facts.builders
        )


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
