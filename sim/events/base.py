"""What every event is, how the file's `what` finds its class, and what an event can reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from sim.months import Month
from sim.parts import Part, input_par
from sim.registry import Registry
from sim.strategies.marketing import Stage
from sim.strategies.registry import NamedTables

_KINDS: Registry[type[Event]] = Registry("kind of event", "sim.events", "sim.events")


class Event(Part):
    """Something that happens in the `events` phase of its month.

    A subclass names its `kind` (the `what` of the file) and says in `apply` what it changes.
    Events of one month act in the order of their kind, vendor and family names, never of the file.
    """

    kind: ClassVar[str] = ""
    rank: ClassVar[int] = 0  # within a month lower ranks act first
    in_part: ClassVar[tuple[str, ...]] = ()  # numbers that a move made in part makes smaller

    month: Month = input_par(..., "month in which it happens", "month")
    what: str = input_par(..., "kind of event")
    source: str = input_par("", "row ids of the record")
    note: str = input_par("", "a sentence")
    lever: str = input_par("", "lever it belongs to: does not happen when that lever is off")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.kind:
            _KINDS.add(cls.kind, cls, cls)

    def apply(self, model: Market) -> None:
        """Change the model; called once, in the events phase of the month."""
        raise TypeError(f"event {self.what!r} does not say what it does")

    def scaled(self, intensity: float) -> Self:
        """This event as part of a move that is made in part; most occur or do not."""
        return self.model_copy(update={n: intensity * getattr(self, n) for n in self.in_part})

    def order(self) -> tuple[object, ...]:
        """Sort key: month, rank, kind, vendors, families; the rest only breaks ties."""
        names = self.vendors_named(), self.families_named()
        return (self.month, self.rank, self.what, *names, self.model_dump_json())

    def vendors_named(self) -> tuple[str, ...]:
        """Vendors that must exist."""
        return tuple(v for v in (vars(self).get("vendor"),) if v)

    def families_named(self) -> tuple[str, ...]:
        """Families that must exist."""
        return tuple(f for f in (vars(self).get("family"),) if f)


def event_kinds() -> Mapping[str, type[Event]]:
    """All kinds of events by name."""
    return _KINDS.all()


def parse_event(item: Any) -> Event:
    """The typed event of a table.

    ValueError if no kind of event has the name at `what`, or the table is refused.
    """
    # Not a discriminated union of pydantic: that fixes the kinds when the scenario class is made,
    # before other packages add theirs, and names no nearest kind.
    if isinstance(item, Event):
        return item
    what = item.get("what") if isinstance(item, dict) else None
    return _KINDS.get(str(what)).model_validate(item)


Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Switches(Protocol):
    """Mechanisms of the scenario that events depend on."""

    attention: bool
    goodwill: bool
    agent_platforms: bool


class FamilyTable(Protocol):
    """A model family as the scenario states it."""

    strengths: dict[str, float]
    context_limit_tokens: int | None


class DemandFacts(Protocol):
    """Demand as the scenario states it."""

    output_token_share: float


class DecisionFacts(Protocol):
    """Limits on prices as the scenario states them."""

    lowest_price: float


class ScenarioFacts(NamedTables, Protocol):
    """The scenario."""

    @property
    def mechanisms(self) -> Switches: ...
    @property
    def demand(self) -> DemandFacts: ...
    @property
    def decisions(self) -> DecisionFacts: ...
    @property
    def families(self) -> Mapping[str, FamilyTable]: ...
    @property
    def kinds(self) -> Mapping[str, Any]: ...


class Names(Protocol):
    """Names in the order of the arrays."""

    @property
    def vendors(self) -> tuple[str, ...]: ...
    @property
    def families(self) -> tuple[str, ...]: ...
    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def segments(self) -> tuple[str, ...]: ...
    @property
    def regions(self) -> tuple[str, ...]: ...
    def api_offer(self, vendor: str, family: str) -> int:
        """The column of the vendor's calls of the family."""


class Platforms(Protocol):
    """Agent platforms by vendor and side."""

    open: Bools
    agents: Floats
    builders: Floats
    days: Floats
    portability: Floats


class Changeable(Protocol):
    """The state of the month."""

    availability: float
    external_cost_factor: float
    market_rent: float  # yuan per card-month
    rent_response: float
    adoption_boost: float
    stages: list[tuple[int, Stage]]  # of this month's campaigns, with their vendors
    shifts: list[tuple[int, float, int]]  # kind of work, log change a month, months left

    own_cards: Floats
    external_cards: Floats
    app_factor: Floats
    cash: Floats
    attention: Floats
    log_shift: Floats
    capability: Floats
    context: Floats
    serving_cost: Floats
    developers: Floats
    list_price: Floats

    @property
    def platforms(self) -> Platforms: ...


class Prices(Protocol):
    """A pricing strategy."""

    follows_list: bool


class MarketVendor(Protocol):
    """A vendor of the market."""

    @property
    def pricing(self) -> Prices: ...
    def set_strategy(self, field: str, table: dict[str, Any]) -> None:
        """Act by another strategy from now on."""


class Market(Protocol):
    """The market of a month."""

    @property
    def scenario(self) -> ScenarioFacts: ...
    @property
    def world(self) -> Names: ...
    @property
    def state(self) -> Changeable: ...
    @property
    def vendors(self) -> Mapping[str, MarketVendor]: ...
