"""Measures by name, and the recorder: it keeps what they read, month by month."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from sim.market.shared import shared
from sim.registry import Registry

if TYPE_CHECKING:
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario

Floats = npt.NDArray[np.float64]
Read = TypeVar("Read", bound=Callable[..., Floats | float])
DIMENSIONS = ("vendor", "vendor_to", "kind", "segment", "region", "family", "offer")
PARTS = {
    "": "paid capability",
    "account.": "calls rent services applications revenue profit levers spent discounts unit_cost "
    "campaigns subsidies",
    "volumes.": "served kept lost by_kind all_kinds",
    "tally.": "flow review",
    "presence.": "active clients homing accounts",
    "homes.": "clients moved",
    "bidding.counts.": "won poached bill off credit",
    "terms.": "awareness",
    "state.": "own_cards external_cards ordered utilisation reliability attention experience cash "
    "app_tokens token_share mean_price hosting list_price goodwill external_cost_factor "
    "supply_shock obtainable developers developers_in derivatives weights_open research "
    "research_steps context tokens_by_kind adopted",
    "state.platforms.": "agents builders users",
}
KEPT = [part + name for part, names in PARTS.items() for name in names.split()]
"""What measures of any number of months read of a market."""
_kept_of = attrgetter(*KEPT)


@dataclass(frozen=True)
class Measure:
    """A name, a unit, the dimensions beside the month, a sentence, and how a market is read.

    One that reads `many` months takes a market as it is now, or :class:`Months`.
    """

    name: str
    unit: str
    dims: tuple[str, ...]
    doc: str
    read: Callable[[Any], Floats | float]
    many: bool = False


_MEASURES: Registry[Measure] = Registry("measure", "sim.measures", "sim.measures")


def measure(unit: str, *dims: str, many: bool = False) -> Callable[[Read], Read]:
    """Register a function under its own name; its docstring's first line is the sentence."""
    unknown = set(dims) - set(DIMENSIONS)
    if unknown:
        raise ValueError(f"unknown dimension {sorted(unknown)}; known: {', '.join(DIMENSIONS)}")

    def register(read: Read) -> Read:
        name = read.__name__
        doc = (read.__doc__ or "").strip().split("\n")[0]
        _MEASURES.add(name, Measure(name, unit, dims, doc, read, many), read)
        return read

    return register


def curve(unit: str, *dims: str) -> Callable[[Read], Read]:
    """Register a measure that reads what is in `KEPT`, of one month or many: (..., dims)."""
    return measure(unit, *dims, many=True)


def measures() -> Mapping[str, Measure]:
    """All measures by name."""
    return _MEASURES.all()


class Layout(NamedTuple):
    """The measures of a scenario, and how their curves are laid out; vendors as in its file."""

    axes: dict[str, tuple[str, ...]]
    known: tuple[Measure, ...]
    shapes: list[tuple[int, ...]]
    parts: list[slice]  # of a row of all measures
    order: npt.NDArray[np.int64]  # places in a row of the market's order, by those in a row


def layout_of(scenario: Scenario, world: MarketLayout) -> Layout:
    """The layout of a scenario's curves."""
    ends = world.platform_names()[world.n_vendors :]
    axes: dict[str, tuple[str, ...]] = {
        "vendor": tuple(scenario.vendors),
        "vendor_to": (*scenario.vendors, *ends),
        "kind": tuple(scenario.kinds),
        "segment": tuple(scenario.segments),
        "region": tuple(scenario.regions),
        "family": tuple(scenario.families),
        "offer": world.labels,
    }
    canonical = {
        "vendor": world.vendors,
        "vendor_to": world.platform_names(),
        "kind": world.kinds,
        "segment": world.segments,
        "region": world.regions,
        "family": world.families,
        "offer": world.labels,
    }
    place = {
        dim: np.array([canonical[dim].index(name) for name in names], np.int64)
        for dim, names in axes.items()
    }
    known = tuple(measures().values())
    shapes = [tuple(len(axes[dim]) for dim in m.dims) for m in known]
    parts = parts_of(shapes)
    order = [
        np.arange(part.start, part.stop).reshape(shape)[np.ix_(*(place[dim] for dim in m.dims))]
        for m, shape, part in zip(known, shapes, parts, strict=True)
    ]
    return Layout(axes, known, shapes, parts, np.concatenate(order, axis=None))


def parts_of(shapes: Sequence[tuple[int, ...]]) -> list[slice]:
    """Places of arrays of some shapes that stand one after the other."""
    ends = np.cumsum([0, *(math.prod(shape) for shape in shapes)]).tolist()
    return [slice(*pair) for pair in pairwise(ends)]


class Months:
    """Recorded months under the names of a market; arrays have the month as their first axis."""

    def __init__(self, market: Any, values: Mapping[str, npt.NDArray[Any]]) -> None:
        self.world, self.rules, self.scenario = market.world, market.rules, market.scenario
        self.counted = market.counted
        for path, value in values.items():
            *rooms, name = path.split(".")
            room: Any = self
            for part in rooms:
                room = vars(room).setdefault(part, SimpleNamespace())
            setattr(room, name, value)


class Recorder:
    """Curves of one run, (months, ...) by measure; vendors in the order of the scenario file."""

    def __init__(self, market: Any) -> None:
        scenario, self._market = market.scenario, market
        self._layout = shared(scenario, "layout", lambda: layout_of(scenario, market.world))
        self._monthly = [m for m in self._layout.known if not m.many]
        self._kept: list[npt.NDArray[Any]] = []  # as of the first month: shapes and types
        self._rows = np.zeros((scenario.calendar.months, 0))  # what is kept, and what is read
        self._table = np.zeros((scenario.calendar.months, len(self._layout.order)))  # the curves
        self._recorded, self._computed = 0, 0  # months

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """Labels of each dimension."""
        return self._layout.axes

    def record(self, month: int, market: Any) -> None:
        """Keep what measures read of a market at the end of the month."""
        values = [*_kept_of(market), *(m.read(market) for m in self._monthly)]
        if self._recorded == 0:
            self._begin(values)
        np.concatenate(values, axis=None, out=self._rows[month])
        self._recorded = month + 1
        self._computed = min(self._computed, month)
        if self._recorded == len(self._rows):
            self._compute()

    def _begin(self, values: Sequence[Any]) -> None:
        """Make room for what is kept of each month."""
        self._kept = [np.asarray(value) for value in values]
        for one, value in zip(self._monthly, self._kept[len(KEPT) :], strict=True):
            self._check(one, value.shape)
        self._rows = np.zeros((len(self._rows), sum(value.size for value in self._kept)))

    def _check(self, one: Measure, shape: tuple[int, ...]) -> None:
        """Refuse a measure that does not have the shape of its dimensions."""
        expected = tuple(len(self.axes[dim]) for dim in one.dims)
        if shape != expected:
            raise ValueError(f"measure {one.name}: shape {shape}, expected {expected}")

    def _compute(self) -> None:
        """Compute the curves of the months that are new."""
        rows = self._rows[self._computed : self._recorded]
        parts = parts_of([value.shape for value in self._kept])
        values = [
            rows[:, part].reshape(len(rows), *value.shape).astype(value.dtype, copy=False)
            for value, part in zip(self._kept, parts, strict=True)
        ]
        months = Months(self._market, dict(zip(KEPT, values, strict=False)))
        monthly = iter(values[len(KEPT) :])
        found = [one.read(months) if one.many else next(monthly) for one in self._layout.known]
        for one, value in zip(self._layout.known, found, strict=True):
            self._check(one, np.shape(value)[1:])
        table = np.concatenate([np.reshape(v, (len(rows), -1)) for v in found], axis=1)
        self._table[self._computed : self._recorded] = table[:, self._layout.order]
        self._computed = self._recorded

    @property
    def curves(self) -> dict[str, Floats]:
        """What was recorded until now, 0 in the months to come."""
        if self._computed < self._recorded:
            self._compute()
        known, shapes, parts = self._layout[1:4]
        return {
            one.name: self._table[:, part].reshape(len(self._table), *shape)
            for one, shape, part in zip(known, shapes, parts, strict=True)
        }

    def last(self, name: str) -> Floats:
        """A measure of the last recorded month, in the order of the scenario file."""
        return self.curves[name][self._recorded - 1]
