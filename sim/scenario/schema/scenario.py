"""The whole scenario: one frozen object from which a run is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import Field, SerializeAsAny, field_validator

from sim.events.base import Event, parse_event
from sim.levers.base import Lever, parse_lever
from sim.months import Month
from sim.parts import Part, input_par, par, table
from sim.scenario.schema import CLEARING, DESIGN
from sim.scenario.schema.containment import BudgetTable, Calibration, Containment, Fit
from sim.scenario.schema.demand import DemandTable
from sim.scenario.schema.families import Agents, Ecosystem, Family, Host
from sim.scenario.schema.population import Initial, Kind, PopulationTable, Region, Segment
from sim.scenario.schema.supply import SupplyTable
from sim.scenario.schema.vendors import Vendor

MOST_VENDORS = 60
"""The platforms that a client uses are counted in the bits of one 64-bit number."""
MOST_LEVERS = 64
MOST_NAMES = 500
MOST_FAMILIES = 5_000
MOST_ENTRIES = 20_000


class Calendar(Part):
    """First month and number of months."""

    start: Month = input_par(..., "first month of the run", "month")
    months: int = input_par(36, "number of months", "month", 1, 600)


def _on(doc: str) -> bool:
    switch: bool = input_par(True, doc)
    return switch


class Mechanisms(Part):
    """true = the mechanism works; false = it is neutral and nothing else changes."""

    switching_costs: bool = _on("kappa of platform and family")
    home_cloud: bool = _on("eta: pull of the home cloud")
    cross_channel: bool = _on("b: what one channel of a vendor does for its others")
    communities: bool = _on("developers: utility, contributions, cheaper self-hosting")
    consideration: bool = _on("awareness; off = every platform is considered")
    attention: bool = _on("attention shocks by events")
    goodwill: bool = _on("campaigns, their cost and the goodwill they leave")
    scarcity_pricing: bool = _on("who turns calls away does not cut, and raises its price")
    reliability: bool = _on("omega: remembered reliability")
    capacity: bool = _on("limited accelerators; off = everything is served, no scarcity cost")
    spill_over: bool = _on("unserved volume tries its second choice")
    learning: bool = _on("own experience lowers unit cost")
    self_hosting: bool = _on("HOST offers")
    lasting_taste: bool = _on("xi: lasting taste of a client for a platform")
    adoption: bool = _on("Bass adoption; off = all workloads from the start")
    usage_response: bool = _on("volume answers to price")
    long_documents: bool = _on("penalty for too short a context window")
    triggers: bool = _on("reviews after a price rise or a fall of reliability")
    agent_platforms: bool = _on("agents and builders of platforms; off = there are none")
    supply_shocks: bool = _on("random shocks to bought accelerators")
    migration: bool = _on("home clouds move toward the platform of the largest spend")
    key_accounts: bool = _on("auctions of key accounts; off = nobody bids")
    derivatives: bool = _on("derivative models of open families")
    imitation: bool = _on("families marked `imitates` follow rivals' models")
    research: bool = _on("research strategies: spending and steps up the quality ladder")


class Episode(Part):
    """What a small scenario shows: a measure, whose, and the world it is held against."""

    measure: str = input_par("", "measure of the picture (see `sim list`); empty = no episode")
    vendors: tuple[str, ...] = input_par(
        (), "whose curves; empty = incumbent and challenger", strict=False
    )
    without: tuple[str, ...] = input_par(
        (), "levers that are off in the world beside it", strict=False
    )
    off: dict[str, Any] = input_par({}, "further dotted path -> value of the world beside it")
    without_title: str = input_par("without it", "name of the world beside it")
    log_axis: bool = input_par(False, "draw on a logarithmic axis")


class Contest(Part):
    """Who contains whom."""

    incumbent: str = input_par(..., "vendor said to hold back")
    challenger: str = input_par(..., "vendor said to be held back")
    start: Month | None = input_par(
        None,
        "month in which the contest begins; the months before it are the base of D5; absent = "
        "after the first containment.base_months",
        "month",
    )


class Decisions(Part):
    """Common limits on what a pricing strategy may do in a month."""

    panel: int = par(
        1_000,
        "workloads of the market research from which demand is computed",
        "workloads",
        1,
        100_000,
    )
    largest_move: float = par(
        0.5,
        "part of the log distance to the wanted price that is moved in a month",
        "1/month",
        above=0.0,
        high=1.0,
        **DESIGN,
    )
    inelastic_limit: float = par(
        1.05,
        "elasticity below which the first-order condition is not used",
        low=1.0,
        high=5.0,
        **DESIGN,
    )
    scarcity_response: float = par(
        0.5,
        "g: while calls are turned away, the price rises by (asked / served)^g a month at least, "
        "and by no more than inelastic_rise; 0 = prices do not answer",
        low=0.0,
        high=5.0,
        source=CLEARING,
    )
    months_between_changes: int = par(
        1,
        "months from one change of a vendor's prices to its next",
        "month",
        1,
        120,
        source="Taylor (1980, JPE 88:1-23); Nakamura & Steinsson (2008, QJE 123:1415-1464)",
    )
    cost_floor: float = par(
        0.0,
        "lowest price of a strategy, as a part of opportunity cost; 0 = below cost is allowed",
        low=0.0,
        high=10.0,
    )
    inelastic_rise: float = par(
        0.25,
        "largest rise in a month where demand is inelastic",
        "share",
        0.0,
        10.0,
        **DESIGN,
    )
    lowest_price: float = par(
        0.01, "p_min: no token price below this", "yuan/M tokens", above=0.0, high=1e3
    )


class EnsembleTable(Part):
    """How many worlds a run draws."""

    replicates: int = input_par(30, "replicates of each world", "runs", 1, 100_000)
    seed: int = input_par(1, "root seed", low=0, high=2**63 - 1)


class Source(Part):
    """Where the numbers under a dotted path come from (* stands for one name)."""

    path: str = input_par(..., "dotted path, * for any one name")
    flag: str = input_par(
        ...,
        "fitted, literature, assumed, data or input",
        pattern="^(fitted|literature|assumed|data|input)$",
    )
    source: str = input_par(..., "row of the record, publication, or why it was assumed")


class Scenario(Part):
    """A market, its history and its question."""

    name: str = input_par(
        ...,
        "short name: lower case letters, digits, - and /",
        pattern=r"^[a-z0-9][a-z0-9_/-]{0,60}$",
    )
    title: str = input_par("", "one line for people")
    posterior: str | None = input_par(
        None,
        "posterior file over which `sim run` runs, relative to this file; absent = the numbers "
        "as they stand",
        exclude=True,  # neither hash nor tables of a scenario depend on it
    )
    calendar: Calendar = Field(description="when")
    ensemble: EnsembleTable = table(EnsembleTable, "how many worlds")
    contest: Contest | None = Field(None, description="who contains whom; absent = no verdict")
    population: PopulationTable = table(PopulationTable, "how many clients, how unequal")
    segments: dict[str, Segment] = Field(
        description="industries", min_length=1, max_length=MOST_NAMES
    )
    regions: dict[str, Region] = Field(
        {"domestic": Region()}, description="regions", min_length=1, max_length=MOST_NAMES
    )
    kinds: dict[str, Kind] = Field(description="kinds of work", min_length=1, max_length=MOST_NAMES)
    initial: Initial = table(Initial, "how the first month is made")
    demand: DemandTable = table(DemandTable, "client choice")
    agents: Agents = table(Agents, "agent platforms")
    supply: SupplyTable = table(SupplyTable, "accelerators and cost")
    ecosystem: Ecosystem = table(Ecosystem, "what open weights set going")
    decisions: Decisions = table(Decisions, "limits on pricing")
    families: dict[str, Family] = Field({}, description="model families", max_length=MOST_FAMILIES)
    vendors: dict[str, Vendor] = Field(
        description="platforms", min_length=1, max_length=MOST_VENDORS
    )
    hosts: tuple[Host, ...] = Field(
        (),
        description="who serves whose open family, from when",
        strict=False,
        max_length=MOST_ENTRIES,
    )
    events: tuple[SerializeAsAny[Event], ...] = Field(
        (), description="dated events", strict=False, max_length=MOST_ENTRIES
    )
    levers: dict[str, SerializeAsAny[Lever]] = Field(
        {}, description="moves that can be taken away", max_length=MOST_LEVERS
    )
    episode: Episode = table(Episode, "what a small scenario shows")
    budget: BudgetTable = table(BudgetTable, "what rule (b) may do")
    mechanisms: Mechanisms = table(Mechanisms, "off switches")
    containment: Containment = table(Containment, "thresholds")
    sources: tuple[Source, ...] = Field(
        (),
        description="sources of the numbers of this file",
        strict=False,
        max_length=MOST_ENTRIES,
    )
    fit: tuple[Fit, ...] = Field(
        (),
        description="numbers that a calibration may choose",
        strict=False,
        max_length=MOST_ENTRIES,
    )
    calibration: Calibration = table(Calibration, "what a calibration is held against")

    @field_validator("events", mode="before")
    @classmethod
    def _typed_events(cls, value: Any) -> Any:
        return tuple(parse_event(item) for item in value)

    @field_validator("levers", mode="before")
    @classmethod
    def _typed_levers(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: parse_lever(item) for name, item in value.items()}

    replace: ClassVar[Callable[[Scenario, Mapping[str, Any]], Scenario]]
    """``scenario.replace({path: value})``: `sim.scenario.patches.replace`."""
