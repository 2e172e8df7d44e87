"""The market as a Mesa model: vendors are agents, clients are columns, a month is its phases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import mesa
import numpy as np
import numpy.typing as npt

from sim.errors import RunFailure
from sim.events.base import Event
from sim.market.clients.columns import (
    ChoiceState,
    ClientColumns,
    MonthCounts,
    StreamKeys,
)
from sim.market.clients.deals import Bidding
from sim.market.clients.migration import Homes, homes_move
from sim.market.clients.noise import name_key, stream_key
from sim.market.clients.population import FIXED_POINT, Population, effective_clients, population_for
from sim.market.clients.presence import Presence, masks_of
from sim.market.clients.threads import threads_for
from sim.market.clients.view import ClientList
from sim.market.ecosystem.communities import communities, community_rules
from sim.market.growth import growth_rules
from sim.market.month import PHASES, Phase, booked, timed
from sim.market.recorder import Recorder
from sim.market.shared import shared
from sim.market.start import start
from sim.market.state import start_state
from sim.market.supply.accelerators import shock_path
from sim.market.supply.books import Account, prices_paid
from sim.market.supply.costs import supply_rules
from sim.market.supply.serving import Volumes
from sim.market.tables import new_terms, term_rules
from sim.market.vendors.campaigns import awareness_rules
from sim.market.vendors.decisions import VendorAgent
from sim.market.vendors.panel import Panel
from sim.market.world import make_world
from sim.months import month_after, months_between
from sim.numeric.jit import announce, month_has_run
from sim.scenario.patches import at_intensity
from sim.scenario.schema.families import Host
from sim.scenario.schema.scenario import Scenario
from sim.strategies.marketing import Stage

MEASURES = ("platform_token_share", "full_stack_revenue_share")


class Scoreboards(mesa.DataCollector):
    """This month's scoreboards by vendor, for `mesa.batch_run`."""

    def __init__(self, model: MarketModel) -> None:
        super().__init__(model_reporters={"month": _month})
        vendors = model.recorder.axes["vendor"]
        self._columns = {measure: [f"{measure}.{name}" for name in vendors] for measure in MEASURES}
        self.model_vars |= {name: [] for names in self._columns.values() for name in names}

    def collect(self, model: MarketModel) -> None:
        """As Mesa does it, but shares need neither copies nor checks every month."""
        super().collect(model)
        for measure, columns in self._columns.items():
            for column, value in zip(columns, model.recorder.last(measure).tolist(), strict=True):
                self.model_vars[column].append(value)


def _month(model: MarketModel) -> int:
    return model.month


Floats = npt.NDArray[np.float64]
T = TypeVar("T")


class MarketModel(mesa.Model):
    """One market under one seed.

    Parameters
    ----------
    scenario
        A validated scenario, or the path of a scenario file.
    rng
        Seed: a whole number or a `numpy.random.SeedSequence`. The same scenario and seed give the
        same numbers to the last bit, whatever else runs.
    population
        Clients to use instead of drawing them (for tests of storage order).
    **overrides
        Dotted paths with `__` for `.`, so that `mesa.batch_run` can vary parameters, for example
        `supply__availability=0.5`.

    Raises
    ------
    ScenarioError
        If the file or an override is refused.
    """

    phases: tuple[Phase, ...] = PHASES

    def __init__(
        self,
        scenario: Scenario | str,
        rng: int | np.random.SeedSequence | None = 1,
        *,
        population: Population | None = None,
        **overrides: Any,
    ) -> None:
        announce()
        if not isinstance(scenario, Scenario):
            from sim.scenario.reader import load

            scenario = load(scenario)
        if overrides:
            from sim.scenario.patches import replace

            paths = {name.replace("__", "."): value for name, value in overrides.items()}
            scenario = replace(scenario, paths)
        self.seed_sequence = (
            rng if isinstance(rng, np.random.SeedSequence) else np.random.SeedSequence(rng)
        )
        super().__init__(rng=np.random.default_rng(self.seed_sequence))
        given = scenario
        self.scenario = market = shared(given, "intensity", lambda: at_intensity(given))
        self.month = 0
        self._dated = -1, date.min
        self._own: tuple[bytes, list[npt.NDArray[np.int64]]] = b"", []
        self.world = shared(market, "world", lambda: make_world(market))
        with timed("population"):
            self.population = population or population_for(market, self.world, self.seed)
        self._rules()
        self.state = start_state(self.scenario, self.world)
        self.stages: list[tuple[int, Stage]] = []  # of this month's campaigns, with their vendors
        self.shifts: list[tuple[int, float, int]] = []  # kind, log change a month, months left
        self.spending: dict[str, Floats] = {}
        self.awareness = np.ones((self.world.n_cells, self.world.n_vendors))
        self.columns = ClientColumns.of(self.population, homes_move(market))
        self.shocks = shock_path(market, self.stream)
        self.choices = ChoiceState.before(self.population.n_workloads)
        self._rooms()
        self.homes = Homes(market, self.world, self.seed, self.columns)
        self.streams = StreamKeys(*(stream_key(self.seed, name) for name in StreamKeys._fields))
        self.vendors = {
            name: VendorAgent(self, name, v) for v, name in enumerate(self.world.vendors)
        }
        # Mesa numbers agents in a table of its own that would keep every model for good.
        getattr(mesa.Agent, "_ids", {}).pop(self, None)
        self.clients = ClientList(self.world, self.population, self.columns, self.choices)
        self.bidding = Bidding(market, self.world)
        self.events_of = shared(market, "events", self._dated_events)
        self._panel: Panel | None = None
        with np.errstate(under="ignore"), timed("start"):
            start(self)
        self.recorder = Recorder(self.scenario, self.world)
        self.datacollector = Scoreboards(self)
        self.facts = self._facts()

    def _rules(self) -> None:
        """What the scenario says, as kernels read it; shared by all its replicates."""
        scenario, world = self.scenario, self.world
        self.supply = self.fixed("supply rules", lambda: supply_rules(scenario, world))
        self.masks = self.fixed("masks", lambda: masks_of(scenario, world))
        self.community_rules = self.fixed(
            "community rules", lambda: community_rules(scenario, world)
        )
        self.growth_rules = self.fixed("growth rules", lambda: growth_rules(scenario, world))
        self.awareness_rules = self.fixed(
            "awareness rules", lambda: awareness_rules(scenario, world)
        )
        self.term_rules = self.fixed("term rules", lambda: term_rules(scenario, world))
        self.hosts_of = self.fixed("hosts", self._hosts_of)

    def _rooms(self) -> None:
        """Room for the numbers of a month, filled anew every month."""
        world = self.world
        self.tally = MonthCounts.empty(world)
        self.volumes: Volumes  # of the last month
        self.account: Account
        self.presence = Presence.empty(world, int(self.columns.whole_weight.sum()))
        self.threads = threads_for(self.population.n_clients)
        self.communities = communities(self.community_rules, self.state)
        self.terms = new_terms(self.scenario, world)
        self.entries: list[Host | None] = [None] * world.n_api

    @property
    def scenario(self) -> Scenario:
        """The market's own scenario."""
        return self._scenario

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        # Mesa 3.5 has a scenario of its own here, and writes the model into it; ours is frozen.
        self._scenario = scenario

    @property
    def seed(self) -> np.random.SeedSequence:
        """The seed sequence from which every stream is made."""
        return self.seed_sequence

    def _hosts_of(self) -> list[list[Host]]:
        """Dated entries by which platforms serve others' families, by model call."""
        labels = [label.split("/") for label in self.world.labels[: self.world.n_api]]
        return [
            [h for h in self.scenario.hosts if (h.vendor, h.family) == (vendor, family)]
            for _, vendor, family in labels
        ]

    def _dated_events(self) -> dict[int, list[Event]]:
        """Events by month number; those before the first month act at the start (-1)."""
        out: dict[int, list[Event]] = {}
        for event in self.scenario.events:
            month = months_between(self.scenario.calendar.start, event.month)
            out.setdefault(max(month, -1), []).append(event)
        for events in out.values():
            events.sort(key=Event.order)
        return out

    def _facts(self) -> dict[str, float]:
        weight = self.presence.active.astype(float)
        total = float(weight.sum())
        return {
            "n_eff": effective_clients(self.population),
            "workloads": float(self.population.n_workloads),
            "postponing_at_start": float(weight[self.world.none]) / total if total else 0.0,
        }

    def fixed(self, name: str, make: Callable[[], T]) -> T:
        """What follows from the scenario alone, made once; nobody may change it."""
        return shared(self._scenario, name, make)

    def charge(self, purpose: str, money: Floats) -> None:
        """Book spending of this month on a move, (V,) million yuan; settled with the month."""
        before = self.spending.get(purpose)
        self.spending[purpose] = money.copy() if before is None else before + money

    def stream(self, name: str) -> np.random.Generator:
        """A random stream of its own for everything that is not keyed to a client."""
        words = self.seed.generate_state(4)
        key = np.random.SeedSequence([*words.tolist(), name_key(name)])
        return np.random.Generator(np.random.Philox(key))

    @property
    def panel(self) -> Panel:
        """Market research, drawn when the first strategy asks for it."""
        if self._panel is None:
            self._panel = Panel(self)
        return self._panel

    @property
    def date(self) -> date:
        """First day of the current month."""
        if self._dated[0] != self.month:
            self._dated = self.month, month_after(self._scenario.calendar.start, self.month)
        return self._dated[1]

    @property
    def month_number(self) -> int:
        """Calendar months since year 0: the month's part of every key."""
        return self.date.year * 12 + self.date.month - 1

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
        return self.own_columns()[vendor]

    def own_columns(self) -> list[npt.NDArray[np.int64]]:
        """The same of all vendors."""
        key = self.state.hosting.tobytes()
        if self._own[0] != key:
            n = self.world.n_api
            hosting, platform = self.state.hosting[:n], self.world.platform[:n]
            vendors = range(self.world.n_vendors)
            self._own = key, [np.flatnonzero(hosting & (platform == v)) for v in vendors]
        return self._own[1]

    def available(self) -> npt.NDArray[np.bool_]:
        """(J,) offers that exist this month, rules of segments aside."""
        world, state, rents = self.world, self.state, self.term_rules.rents[self.world.platform]
        opened = np.append(state.weights_open, False)[world.family]  # last without a family
        there = np.where(world.calls, state.hosting, rents)
        return np.where(world.hosting, opened & rents, there)

    def step(self) -> None:
        """One month; `running` turns False after the last.

        Raises
        ------
        RunFailure
            When a phase cannot go on, or the calendar is over.
        """
        if self.month >= self.scenario.calendar.months:
            raise RunFailure("step", f"the calendar ends after {self.month} months")
        self.spending = {}
        with np.errstate(under="ignore", over="raise", divide="raise", invalid="raise"):
            for phase in self.phases:
                try:
                    booked(phase.name, phase.act, self)
                except (ArithmeticError, ValueError) as error:
                    raise RunFailure(f"{phase.name} of {self.date:%Y-%m}", str(error)) from error
        self.month += 1
        month_has_run()
        self.datacollector.collect(self)
        self.running = self.month < self.scenario.calendar.months

    def run(self) -> MarketModel:
        """All months of the scenario."""
        while self.month < self.scenario.calendar.months:
            self.step()
        return self

    @property
    def curves(self) -> dict[str, Floats]:
        """Recorded measures by name, (months, ...)."""
        return self.recorder.curves

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """Labels of the dimensions of the curves."""
        return self.recorder.axes
