"""Measures by name, and the recorder: it keeps what they read, month by month."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from sim.market.world import shared
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

    One that reads `many` months takes a market as it is now, or :func:`months_of` one.
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
    """Labels of the dimensions of curves, and where they stand in the market's order."""

    axes: dict[str, tuple[str, ...]]
    known: tuple[Measure, ...]
    # by measure: the axes of its curve, after that of the months, that stand in another order
    order: dict[str, list[tuple[int, npt.NDArray[np.int64]]]]


def layout_of(scenario: Scenario, world: MarketLayout) -> Layout:
    """The layout of a scenario's curves; vendors stand as in its file."""
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
        if names != canonical[dim]
    }
    known = tuple(measures().values())
    order = {
        one.name: [(axis, place[dim]) for axis, dim in enumerate(one.dims, 1) if dim in place]
        for one in known
    }
    return Layout(axes, known, order)


def months_of(market: Any, values: Sequence[npt.NDArray[Any]]) -> Any:
    """Recorded months under the names of a market; the month is the first axis of each array."""
    names = "world", "rules", "scenario", "counted"
    out = SimpleNamespace(**{name: getattr(market, name) for name in names})
    for path, value in zip(KEPT, values, strict=False):
        *rooms, name = path.split(".")
        room = out
        for part in rooms:
            room = vars(room).setdefault(part, SimpleNamespace())
        setattr(room, name, value)
    return out


class Recorder:
    """Curves of one run, (months, ...) by measure; vendors in the order of the scenario file."""

    def __init__(self, market: Any) -> None:
        scenario, self._market = market.scenario, market
        layout = shared(scenario, "layout", lambda: layout_of(scenario, market.world))
        self.axes, self._known, self._order = layout
        self._months = scenario.calendar.months
        self._monthly = [one for one in self._known if not one.many]
        self._kept: list[npt.NDArray[Any]] = []  # (months, ...): `KEPT`, then monthly measures
        self._curves = {
            one.name: np.zeros((self._months, *(len(self.axes[dim]) for dim in one.dims)))
            for one in self._known
        }
        self._recorded, self._computed = 0, 0  # months

    def record(self, month: int, market: Any) -> None:
        """Keep what measures read of a market at the end of the month."""
        values = [*_kept_of(market), *(one.read(market) for one in self._monthly)]
        if not self._kept:
            arrays = [np.asarray(value) for value in values]
            self._kept = [np.zeros((self._months, *one.shape), one.dtype) for one in arrays]
        for kept, value in zip(self._kept, values, strict=True):
            kept[month] = value
        self._recorded, self._computed = month + 1, min(self._computed, month)
        if self._recorded == self._months:
            self._compute()

    def _compute(self) -> None:
        """Compute the curves of the months that are new."""
        new = slice(self._computed, self._recorded)
        values = [kept[new] for kept in self._kept]
        months, monthly = months_of(self._market, values), iter(values[len(KEPT) :])
        for one in self._known:
            curve = self._curves[one.name]
            found = np.asarray(one.read(months) if one.many else next(monthly))
            shape, expected = found.shape[1:], curve.shape[1:]
            if shape != expected:
                raise ValueError(f"measure {one.name}: shape {shape}, expected {expected}")
            for axis, place in self._order[one.name]:
                found = found.take(place, axis)
            curve[new] = found
        self._computed = self._recorded

    @property
    def curves(self) -> dict[str, Floats]:
        """What was recorded until now, 0 in the months to come."""
        if self._computed < self._recorded:
            self._compute()
        return dict(self._curves)

    def last(self, name: str) -> Floats:
        """A measure of the last recorded month, in the order of the scenario file."""
        return self.curves[name][self._recorded - 1]
