"""The whole scenario: one frozen object from which a run is made."""

from __future__ import annotations

import importlib
from typing import Any

from pydantic import Field, SerializeAsAny, field_validator

from sim.events.base import Event, parse_event
from sim.parts import Part, par, table
from sim.scenario.schema.agents import Agents
from sim.scenario.schema.calendar import Calendar
from sim.scenario.schema.containment import Containment
from sim.scenario.schema.demand import Demand
from sim.scenario.schema.ecosystem import Ecosystem
from sim.scenario.schema.episode import Episode
from sim.scenario.schema.families import Family, Host
from sim.scenario.schema.fit import Calibration, Fit
from sim.scenario.schema.kinds import Kind
from sim.scenario.schema.levers import Budget, Lever
from sim.scenario.schema.mechanisms import Mechanisms
from sim.scenario.schema.population import Initial, Population, Region, Segment
from sim.scenario.schema.supply import Supply
from sim.scenario.schema.vendors import Vendor


class Contest(Part):
    """Who contains whom."""

    incumbent: str = par(..., "vendor said to hold back", flag="input")
    challenger: str = par(..., "vendor said to be held back", flag="input")


class Decisions(Part):
    """Common limits on what a pricing strategy may do in a month."""

    panel: int = par(
        1_000,
        "workloads of the market research from which demand is computed",
        unit="workloads",
        low=1,
        high=100_000,
    )
    largest_move: float = par(
        0.5,
        "part of the log distance to the wanted price that is moved in a month",
        unit="1/month",
        above=0.0,
        high=1.0,
        source="design choice, see docs/explanation/economics.md",
        flag="literature",
    )
    inelastic_limit: float = par(
        1.05,
        "elasticity below which the first-order condition is not used",
        low=1.0,
        high=5.0,
        source="design choice, see docs/explanation/economics.md",
        flag="literature",
    )
    inelastic_rise: float = par(
        0.25,
        "largest rise in a month where demand is inelastic",
        unit="share",
        low=0.0,
        high=10.0,
        source="design choice, see docs/explanation/economics.md",
        flag="literature",
    )
    lowest_price: float = par(
        0.01, "p_min: no token price below this", unit="yuan/M tokens", above=0.0, high=1e3
    )


class Ensemble(Part):
    """How many worlds a run draws."""

    replicates: int = par(
        30, "replicates of each world", unit="runs", low=1, high=100_000, flag="input"
    )
    seed: int = par(1, "root seed", low=0, high=2**63 - 1, flag="input")


class Source(Part):
    """Where the numbers under a dotted path come from (* stands for one name)."""

    path: str = par(..., "dotted path, * for any one name", flag="input")
    flag: str = par(
        ...,
        "fitted, literature, assumed, data or input",
        flag="input",
        pattern="^(fitted|literature|assumed|data|input)$",
    )
    source: str = par(..., "row of the record, publication, or why it was assumed", flag="input")


class Scenario(Part):
    """A market, its history and its question."""

    name: str = par(
        ...,
        "short name: lower case letters, digits, - and /",
        flag="input",
        pattern=r"^[a-z0-9][a-z0-9_/-]{0,60}$",
    )
    title: str = par("", "one line for people", flag="input")
    calendar: Calendar = Field(description="when")
    ensemble: Ensemble = table(Ensemble, "how many worlds")
    contest: Contest | None = Field(None, description="who contains whom; absent = no verdict")
    population: Population = table(Population, "how many clients, how unequal")
    segments: dict[str, Segment] = Field(description="industries", min_length=1)
    regions: dict[str, Region] = Field({"domestic": Region()}, description="regions", min_length=1)
    kinds: dict[str, Kind] = Field(description="kinds of work", min_length=1)
    initial: Initial = table(Initial, "how the first month is made")
    demand: Demand = table(Demand, "client choice")
    agents: Agents = table(Agents, "agent platforms")
    supply: Supply = table(Supply, "accelerators and cost")
    ecosystem: Ecosystem = table(Ecosystem, "what open weights set going")
    decisions: Decisions = table(Decisions, "limits on pricing")
    families: dict[str, Family] = Field({}, description="model families")
    vendors: dict[str, Vendor] = Field(description="platforms", min_length=1)
    hosts: tuple[Host, ...] = Field(
        (), description="who serves whose open family, from when", strict=False
    )
    events: tuple[SerializeAsAny[Event], ...] = Field((), description="dated events", strict=False)
    levers: dict[str, Lever] = Field({}, description="moves that can be taken away")
    episode: Episode = table(Episode, "what a small scenario shows")
    budget: Budget = table(Budget, "what rule (b) may do")
    mechanisms: Mechanisms = table(Mechanisms, "off switches")
    containment: Containment = table(Containment, "thresholds")
    sources: tuple[Source, ...] = Field(
        (), description="sources of the numbers of this file", strict=False
    )
    fit: tuple[Fit, ...] = Field(
        (), description="numbers that a calibration may choose", strict=False
    )
    calibration: Calibration = table(Calibration, "what a calibration is held against")

    @field_validator("events", mode="before")
    @classmethod
    def _typed_events(cls, value: Any) -> Any:
        return tuple(parse_event(item) for item in value)

    def replace(self, changes: dict[str, Any]) -> Scenario:
        """A validated copy with other values at dotted paths.

        Raises
        ------
        ScenarioError
            For unknown paths (with the nearest known name) and refused values, all at once.
        """
        # by name, since the patches stand on this schema
        patches = importlib.import_module("sim.scenario.patches")
        changed: Scenario = patches.replace(self, changes)
        return changed
