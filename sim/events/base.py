"""What every event is, and how the file's `what` finds its class."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel

from sim.months import Month
from sim.parts import Part, par

if TYPE_CHECKING:
    from sim.market.model import MarketModel

_KINDS: dict[str, type[Event]] = {}


class Event(Part):
    """Something that happens in the `events` phase of its month.

    A subclass names its `kind` (the `what` of the file) and says in `apply` what it changes.
    Events of one month act in the order of their kind, vendor and family names, never of the file.
    """

    kind: ClassVar[str] = ""
    rank: ClassVar[int] = 0  # within a month lower ranks act first

    month: Month = par(..., "month in which it happens", unit="month", flag="input")
    what: str = par(..., "kind of event", flag="input")
    source: str = par("", "row ids of the record", flag="input")
    note: str = par("", "a sentence", flag="input")
    lever: str = par(
        "", "lever it belongs to: does not happen when that lever is off", flag="input"
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.kind:
            known = _KINDS.get(cls.kind)
            home = (cls.__module__, cls.__qualname__)
            if known is not None and (known.__module__, known.__qualname__) != home:
                raise ValueError(f"two event classes are called {cls.kind!r}")
            _KINDS[cls.kind] = cls

    def apply(self, model: MarketModel) -> None:
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


def event_kinds() -> dict[str, type[Event]]:
    """All kinds of events by name."""
    _import_own_kinds()
    return dict(sorted(_KINDS.items()))


@cache
def _import_own_kinds() -> None:
    import sim.events as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def parse_event(item: Any) -> Event:
    """The typed event of a table; an unknown `what` is a ValueError that lists the known."""
    if isinstance(item, Event):
        return item
    kinds = event_kinds()
    what = item.get("what") if isinstance(item, dict) else None
    if what not in kinds:
        raise ValueError(f"what = {what!r} is no kind of event; known: {', '.join(kinds)}")
    model: type[BaseModel] = kinds[what]
    return model.model_validate(item)  # type: ignore[return-value]
