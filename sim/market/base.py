"""A running market, as the phases of a month and measures see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from sim.market.clients.population import FIXED_POINT
from sim.market.supply.books import prices_paid
from sim.market.supply.costs import SupplyRules, UnitCosts, supply_rules
from sim.market.world import shared
from sim.months import month_after
from sim.numeric.draws import name_key
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.market.agent import Vendors
    from sim.market.clients.columns import (
        ChoiceState,
        ClientColumns,
        ClientList,
        MonthCounts,
        MonthTerms,
        StreamKeys,
    )
    from sim.market.clients.deals import Bidding
    from sim.market.clients.migration import Homes
    from sim.market.clients.population import Panel, Population
    from sim.market.clients.presence import Presence
    from sim.market.recorder import Recorder
    from sim.market.state import MarketState
    from sim.market.supply.books import Account
    from sim.market.supply.serving import Volumes
    from sim.market.world import MarketLayout


Floats = npt.NDArray[np.float64]
T = TypeVar("T")


class BaseMarket:
    """Names, clients, vendors and all numbers of one market under one seed.

    `sim.market.simulation.Simulation` builds it and moves it from month to month.
    """

    world: MarketLayout
    state: MarketState
    vendors: Vendors
    volumes: Volumes  # of the last month
    account: Account  # of the last month
    costs: UnitCosts  # of the month, from its deliveries on
    shocks: Floats  # (months,) to the log price of bought cards
    # clients, as kernels read and write them
    population: Population
    clients: ClientList
    columns: ClientColumns
    choices: ChoiceState
    terms: MonthTerms
    streams: StreamKeys
    tally: MonthCounts
    presence: Presence
    threads: int
    homes: Homes
    bidding: Bidding
    panel: Panel | None = None  # drawn when the first strategy asks for it
    recorder: Recorder
    made: dict[Callable[..., Any], Any]  # what `rules` has made for the scenario

    def __init__(self, scenario: Scenario, seed: np.random.SeedSequence) -> None:
        self.scenario, self.seed_sequence, self.month = scenario, seed, 0
        self._words: list[int] = seed.generate_state(4).tolist()

    @property
    def scenario(self) -> Scenario:
        """The market's own scenario."""
        return self._scenario

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        # Mesa 3.5 has a scenario of its own here, and writes the model into it; ours is frozen.
        self._scenario = scenario
        if isinstance(scenario, Scenario):
            self.made = shared(scenario, "rules", dict)

    @property
    def seed(self) -> np.random.SeedSequence:
        """The seed sequence from which every stream is made."""
        return self.seed_sequence

    def rules(self, make: Callable[[Scenario, MarketLayout], T]) -> T:
        """What follows from the scenario alone, made once for all its replicates.

        Nobody may change it.
        """
        if make not in self.made:
            self.made[make] = make(self._scenario, self.world)
        made: T = self.made[make]
        return made

    @property
    def supply(self) -> SupplyRules:
        """The scenario's rules of supply."""
        return self.rules(supply_rules)

    def charge(self, purpose: str, money: Floats) -> None:
        """Book spending of this month on a move, (V,) million yuan; settled with the month."""
        spending = self.state.spending
        before = spending.get(purpose)
        spending[purpose] = money.copy() if before is None else before + money

    def stream(self, name: str) -> np.random.Generator:
        """A random stream of its own for everything that is not keyed to a client."""
        key = np.random.SeedSequence([*self._words, name_key(name)])
        return np.random.Generator(np.random.Philox(key))

    @property
    def date(self) -> date:
        """First day of the current month."""
        return month_after(self._scenario.calendar.start, self.month)

    @property
    def month_number(self) -> int:
        """Calendar months since year 0: the month's part of every key."""
        start = self._scenario.calendar.start
        return start.year * 12 + start.month - 1 + self.month

    @property
    def paid(self) -> Floats:
        """(J,) token price that clients pay: the list price after discounts."""
        return prices_paid(self.world, self.state)

    @staticmethod
    def counted(tally: npt.NDArray[np.int64]) -> Floats:
        """A whole-number tally as real enterprises or volumes."""
        return tally / FIXED_POINT

    @property
    def on_sale(self) -> npt.NDArray[np.bool_]:
        """(J,) model calls that a platform sells this month."""
        return self.world.calls & self.state.hosting

    @property
    def capability(self) -> Floats:
        """(F, K) capability of each family, contributions of developers included."""
        return self.state.capability + self.state.contribution[:, None]

    def own_offers(self, vendor: int) -> npt.NDArray[np.int64]:
        """Columns of the model calls a vendor sells now."""
        calls = self.world.calls_of[vendor]
        return calls[self.state.hosting[calls]]

    @property
    def opened(self) -> npt.NDArray[np.bool_]:
        """(J,) offers of a family whose weights are open."""
        opened = np.zeros(len(self.world.families) + 1, bool)  # last without a family
        opened[:-1] = self.state.weights_open
        return opened[self.world.family]

    def available(self, opened: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.bool_]:
        """(J,) offers that exist this month, rules of segments aside.

        `opened` spares computing it again.
        """
        world, hosts = self.world, slice(self.world.host_start, self.world.rent_start)
        there = world.rents.copy()
        there[: world.n_api] = self.state.hosting[: world.n_api]
        there[hosts] &= (self.opened if opened is None else opened)[hosts]
        return there
