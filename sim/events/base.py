"""What every event is, and how the file's `what` finds its class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sim.events.reach import Market
from sim.months import Month
from sim.parts import Part, input_par
from sim.registry import Registry

_KINDS: Registry[type[Event]] = Registry("kind of event", "sim.events", "sim.events")


class Event(Part):
    """Something that happens in the `events` phase of its month.

    A subclass names its `kind` (the `what` of the file) and says in `apply` what it changes.
    Events of one month act in the order of their kind, vendor and family names, never of the file.
    """

    kind: ClassVar[str] = ""
    rank: ClassVar[int] = 0  # within a month lower ranks act first

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

    def scaled(self, intensity: float) -> Event:
        """This event as part of a move that is made in part; most happen or do not."""
        return self

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

    Raises
    ------
    ValueError
        No kind of event has the name at `what`, or the table is refused.
    """
    # Not a discriminated union of pydantic: that fixes the kinds when the scenario class is made,
    # before other packages add theirs, and names no nearest kind.
    if isinstance(item, Event):
        return item
    what = item.get("what") if isinstance(item, dict) else None
    return _KINDS.get(str(what)).model_validate(item)
