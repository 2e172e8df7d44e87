"""The whole scenario: one frozen object from which a run is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import Field, SerializeAsAny, field_validator

from sim.events.base import Event, parse_event
from sim.levers.base import Lever, parse_lever
from sim.months import Month
from sim.parts import Part, cited, input_par, monthly_par, par, part_par, share_par, table
from sim.scenario.schema import CLEARING, DESIGN
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


YUAN = re.compile(r"(?<![A-Za-z0-9_])yuan(?![A-Za-z0-9_])")


class Currency(Part):
    """What money is called in words, tables and pictures; no number depends on it.

    Every amount of the file is stated in it, also where the name of a key says yuan.
    """

    name: str = input_par("yuan", "name in sentences", min_length=1, max_length=40)
    symbol: str = input_par("", "sign in tables and on axes; empty = the name", max_length=8)

    def words(self, text: str) -> str:
        """A sentence about yuan in this currency."""
        return YUAN.sub(lambda _: self.name, text)

    def sign(self, text: str) -> str:
        """A unit or a head of a table in this currency."""
        return YUAN.sub(lambda _: self.symbol or self.name, text)


class Source(Part):
    """Where the numbers under a dotted path come from (* stands for one name)."""

    path: str = input_par(..., "dotted path, * for any one name")
    flag: str = input_par(
        ...,
        "fitted, literature, assumed, data or input",
        pattern="^(fitted|literature|assumed|data|input)$",
    )
    source: str = input_par(..., "row of the record, publication, or why it was assumed")


_REGISTERED = cited("pre-registered, see docs/reference/containment.md")


class Containment(Part):
    """Thresholds of the definitions D1 to D6 and of the outcome classes."""

    window_months: int = par(12, "W: last months that are judged", "month", 2, 600, **_REGISTERED)
    lead_margin: float = share_par(0.02, "m: lead that counts", **_REGISTERED)
    ceiling_share: float = share_par(0.60, "kappa: share never reached", **_REGISTERED)
    slope_tolerance: float = par(
        0.0025, "eps: slope that counts as flat", "share/month", 0.0, 1.0, **_REGISTERED
    )
    minimum_effect: float = share_par(0.03, "delta_min: smallest effect that counts", **_REGISTERED)
    fragmentation_share: float = share_par(
        0.35, "f: no platform above this is fragmentation", **_REGISTERED
    )
    growth_tolerance: float = monthly_par(
        0.01, "eps_g: growth gap that counts as none", **_REGISTERED
    )
    conversion_limit: float = par(
        0.5,
        "chi below which tokens do not become revenue",
        low=0.0,
        high=10.0,
        **_REGISTERED,
    )
    conversion_minimum_change: float = share_par(
        0.02, "smallest change of token share that D5 judges", **_REGISTERED
    )
    base_months: int = par(
        12,
        "months before the contest whose mean share D5 starts from, fewer where the run has fewer",
        "month",
        1,
        240,
        source="a year, so that no single month decides",
    )
    held_by_incumbent: float = share_par(
        0.5,
        "part of tau that the incumbent must hold for the containment to be its own",
        source="a majority of the diverted share: diversion ratios, Shapiro (1996)",
    )
    stable_share: float = share_par(
        0.8, "runs that keep their class over all windows for a class to be called stable"
    )
    event_months: int = par(
        3, "months in a row in which a state must hold to begin, and fail to end", "month", 1, 120
    )
    horizon_months: int = par(
        24,
        "months by which the longer run goes on, where one is asked for",
        "month",
        1,
        240,
        **_REGISTERED,
    )


class BudgetTable(Part):
    """Rule (b): the money of moves that are off goes into the vendor's token prices."""

    maximum_discount: float = par(
        0.5, "deepest price cut that the freed money may buy", "share", 0.0, 0.99
    )
    freed: dict[str, float] = par(
        {},
        "money of moves that are off, by vendor; set by the off world, not by hand",
        "M yuan/month",
    )


class Fit(Part):
    """A number that a calibration may choose: one path, or several that move together."""

    name: str = input_par(
        ..., "short name: letters, digits, _ and -", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
    )
    paths: tuple[str, ...] = input_par(
        ..., "dotted paths that take the number", strict=False, min_length=1
    )
    low: float = input_par(..., "smallest number tried", low=-1e12, high=1e12)
    high: float = input_par(..., "largest number tried", low=-1e12, high=1e12)
    scale: bool = input_par(
        False, "the number is a factor on what stands at each path, instead of the value"
    )


class Calibration(Part):
    """The recorded figures that are fitted, how exact they are, and the seeds."""

    targets: tuple[str, ...] = input_par(
        (), "ids of the rows of the record; empty = every row that a run answers to", strict=False
    )
    error: float = part_par(0.05, "standard error of a recorded figure, relative to it")
    errors: dict[str, float] = input_par(
        {}, "another relative standard error by metric of the record", "share"
    )
    seeds: int = input_par(4, "seeds used for fitting", "runs", 1, 10_000)
    check_seeds: int = input_par(16, "other seeds, on which the fit is judged", "runs", 2, 10_000)
    seed: int = input_par(
        7, "root seed of both, another than that of the ensemble", low=0, high=2**63 - 1
    )
    iterations: int = input_par(12, "steps of the search at most", "steps", 1, 1_000)
    step: float = par(
        0.02,
        "change of a number by which its effect is measured, relative to its range",
        "share",
        above=0.0,
        high=0.25,
    )


class Scenario(Part):
    """A market, its history and its question."""

    __iter__ = None  # type: ignore[assignment]  # one value to a parameter sweep, not a list of fields

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
    currency: Currency = table(Currency, "what money is called")
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
