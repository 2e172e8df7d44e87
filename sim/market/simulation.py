"""One market under one seed: vendors are agents, clients are columns, a month is its phases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import date
from html import escape
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sim.errors import RunFailure, SimError
from sim.market.agent import VendorAgent, Vendors, strategy_specs
from sim.market.base import BaseMarket
from sim.market.clients.columns import (
    ChoiceState,
    ClientColumns,
    ClientList,
    MonthCounts,
    StreamKeys,
)
from sim.market.clients.deals import Bidding
from sim.market.clients.migration import Homes, homes_move
from sim.market.clients.population import Population, effective_clients, population_for
from sim.market.clients.presence import Presence
from sim.market.clients.threads import threads_for
from sim.market.month import PHASES, Phase, booked, timed
from sim.market.recorder import Recorder
from sim.market.start import start
from sim.market.state import start_state
from sim.market.supply.accelerators import shock_path
from sim.market.tables import new_terms
from sim.market.world import make_world, shared
from sim.months import months_between
from sim.numeric.draws import stream_key
from sim.numeric.jit import announce, month_has_run
from sim.scenario.patches import at_intensity
from sim.scenario.schema.scenario import Scenario


@contextmanager
def failures_of(stage: Callable[[], str]) -> Iterator[None]:
    """RunFailure names the stage in which a number cannot be computed."""
    try:
        with np.errstate(under="ignore", over="raise", divide="raise", invalid="raise"):
            yield
    except (ArithmeticError, ValueError) as error:
        raise RunFailure(stage(), str(error)) from error


class Simulation(BaseMarket):
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
        Dotted paths with `__` for `.`, for example `supply__availability=0.5`.

    Raises
    ------
    ScenarioError
        If the file or an override is refused.
    RunFailure
        If the market's start cannot be computed.
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
        given = _scenario(scenario, overrides)
        seed = rng if isinstance(rng, np.random.SeedSequence) else np.random.SeedSequence(rng)
        super().__init__(shared(given, "intensity", lambda: at_intensity(given)), seed)
        self.world = shared(self.scenario, "world", lambda: make_world(self.scenario))
        with timed("population"):
            self.population = population or population_for(self.scenario, self.world, seed)
        self.state = start_state(self.scenario, self.world)
        self.shocks = shock_path(self.scenario, self.stream)
        self._add_clients()
        self._add_vendors()
        with timed("start"), failures_of(lambda: "start"):
            start(self)
        self.recorder = Recorder(self)
        weight = self.presence.active.astype(float)
        total = float(weight.sum())
        self.facts = {
            "n_eff": effective_clients(self.population),
            "workloads": float(self.population.n_workloads),
            "postponing_at_start": float(weight[self.world.none]) / total if total else 0.0,
        }

    def _add_clients(self) -> None:
        """Columns of clients and workloads, and what is counted of them."""
        scenario, world, seed = self.scenario, self.world, self.seed
        self.columns = ClientColumns.of(self.population, homes_move(scenario))
        self.choices = ChoiceState.before(self.population.n_workloads)
        self.clients = ClientList(world, self.population, self.columns, self.choices)
        self.streams = StreamKeys(*(stream_key(seed, name) for name in StreamKeys._fields))
        self.terms, self.tally = new_terms(scenario, world), MonthCounts.empty(world)
        self.presence = Presence.empty(world, int(self.columns.whole_weight.sum()))
        self.threads = threads_for(self.population.n_clients)
        self.homes = Homes(scenario, world, seed, self.columns)
        self.bidding = Bidding(scenario, world)

    def _add_vendors(self) -> None:
        """The vendors as agents."""
        tables, specs = self.scenario.vendors, self.rules(strategy_specs)
        parts = self.world, self.state, self.stream
        self.vendors = Vendors(
            (name, self.vendor_agent(name, tables[name], specs[name], *parts))
            for name in self.world.vendors
        )

    def vendor_agent(self, *parts: Any) -> VendorAgent:
        """Who decides for a vendor."""
        return VendorAgent(*parts)

    def step(self) -> None:
        """One month.

        Raises
        ------
        RunFailure
            When a phase cannot go on, or the calendar is over.
        """
        if self.month >= self.scenario.calendar.months:
            raise RunFailure("step", f"the calendar ends after {self.month} months")
        self.state.spending = {}
        phase = self.phases[0]
        with failures_of(lambda: f"{phase.name} of {self.date:%Y-%m}"):
            for phase in self.phases:
                booked(phase.name, phase.act, self)
        self.month += 1
        month_has_run()

    def run(self) -> Self:
        """All months of the scenario."""
        while self.month < self.scenario.calendar.months:
            self.step()
        return self

    def __repr__(self) -> str:
        calendar = self.scenario.calendar
        when = f"{self.date:%Y-%m}" if self.month < calendar.months else "after the last month"
        return (
            f"{type(self).__name__}({self.scenario.name}: {len(self.vendors)} vendors, "
            f"{len(self.clients):,} clients, month {self.month} of {calendar.months}, {when})"
        )

    def _repr_html_(self) -> str:
        return f"<p><code>{escape(repr(self))}</code></p>{self.vendors.to_frame().to_html()}"

    @property
    def curves(self) -> dict[str, npt.NDArray[np.float64]]:
        """Recorded measures by name, (months, ...)."""
        return self.recorder.curves

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """Labels of the dimensions of the curves."""
        return self.recorder.axes


def _scenario(given: Scenario | str, overrides: dict[str, Any]) -> Scenario:
    """The scenario, read from its file if needed, with dotted paths changed."""
    if not isinstance(given, Scenario):
        from sim.scenario.reader import load

        given = load(given)
    if overrides:
        from sim.scenario.patches import replace

        paths = {name.replace("__", "."): value for name, value in overrides.items()}
        given = replace(given, paths)
    return given


FREE = (
    "name",
    "title",
    "events",
    "containment",
    "ensemble",
    "episode",
    "sources",
    "fit",
    "calibration",
)
"""Parts of a scenario that may differ: the events from the date on, and what moves no client."""


def branch_month(scenario: Scenario, at: date) -> int:
    """Number of the month that begins at a date.

    Raises
    ------
    SimError
        The date lies outside the calendar.
    """
    calendar = scenario.calendar
    month = months_between(calendar.start, at)
    if not 0 < month < calendar.months:
        raise SimError(
            f"branch at {at:%Y-%m}: must lie after the first month, {calendar.start:%Y-%m}, and "
            f"inside the {calendar.months} months of the calendar"
        )
    return month


def refuse_other_past(trunk: Scenario, other: Scenario, at: date) -> None:
    """Refuse two scenarios that differ before a date, so that they cannot share a past.

    They may differ in the events from that month on, as long as these sell the same offers.

    Raises
    ------
    SimError
        Names the first difference.
    """
    for name in type(trunk).model_fields:
        if name not in FREE and getattr(trunk, name) != getattr(other, name):
            raise SimError(
                f"branch at {at:%Y-%m}: the scenarios differ in [{name}] from the start; only "
                "events from that month on may differ"
            )
    past = [[e for e in scenario.events if e.month < at] for scenario in (trunk, other)]
    if past[0] != past[1]:
        raise SimError(f"branch at {at:%Y-%m}: the scenarios differ in events before that month")
    if make_world(trunk).labels != make_world(other).labels:
        raise SimError(
            f"branch at {at:%Y-%m}: the scenarios differ in the offers there can ever be"
        )


def branch(trunk: Simulation, scenario: Scenario) -> Simulation:
    """A copy of a market that goes on under another scenario of the same past.

    Nothing of the trunk changes. What the branch records equals, to the last bit, what the
    scenario records when it is run from the start.

    Raises
    ------
    SimError
        The scenarios differ before the month that the trunk has reached.
    """
    scenario = at_intensity(scenario)
    refuse_other_past(trunk.scenario, scenario, trunk.date)
    # What no run changes is shared: the clients as they were drawn, but not columns that move.
    kept: list[Any] = [trunk.scenario, trunk.population, trunk.world, trunk.made]
    kept += vars(trunk.population).values()
    model = deepcopy(trunk, {id(part): part for part in kept})
    model.scenario = scenario
    return model
