"""Measures by name, and the recorder: preallocated arrays, filled once a month."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
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


@dataclass(frozen=True)
class Measure:
    """A name, a unit, the dimensions beside the month, a sentence, and how a market is read."""

    name: str
    unit: str
    dims: tuple[str, ...]
    doc: str
    read: Callable[[Any], Floats | float]


_MEASURES: Registry[Measure] = Registry("measure", "sim.measures", "sim.measures")


def measure(unit: str, *dims: str) -> Callable[[Read], Read]:
    """Register a function under its own name; its docstring's first line is the sentence."""
    unknown = set(dims) - set(DIMENSIONS)
    if unknown:
        raise ValueError(f"unknown dimension {sorted(unknown)}; known: {', '.join(DIMENSIONS)}")

    def register(read: Read) -> Read:
        name = read.__name__
        doc = (read.__doc__ or "").strip().split("\n")[0]
        _MEASURES.add(name, Measure(name, unit, dims, doc, read), read)
        return read

    return register


def measures() -> Mapping[str, Measure]:
    """All measures by name."""
    return _MEASURES.all()


class Places(NamedTuple):
    """Where each measure stands in the reading of a month, and how its curve is laid out."""

    axes: dict[str, tuple[str, ...]]
    reads: list[Callable[[Any], Floats | float]]
    parts: dict[str, tuple[tuple[int, ...], slice]]  # shape, place in the row
    columns: dict[str, npt.NDArray[np.int64]]  # places in a reading, in the order of the labels
    order: npt.NDArray[np.int64]  # the same of all measures


def places_of(scenario: Scenario, world: MarketLayout) -> Places:
    """The places of a scenario's measures; vendors in the order of the scenario file."""
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
    order = {
        dim: np.array([canonical[dim].index(name) for name in names], np.int64)
        for dim, names in axes.items()
    }
    known = measures().values()
    shapes = [tuple(len(axes[dim]) for dim in m.dims) for m in known]
    edges = [0, *np.cumsum([math.prod(shape) for shape in shapes]).tolist()]
    parts = {
        m.name: (shape, slice(begin, end))
        for m, shape, (begin, end) in zip(known, shapes, pairwise(edges), strict=True)
    }
    columns = {}
    for m in known:
        shape, part = parts[m.name]
        labels = np.ix_(*(order[dim] for dim in m.dims))
        columns[m.name] = np.arange(part.start, part.stop).reshape(shape)[labels]
    flat = np.concatenate([*columns.values(), np.zeros(0, np.int64)], axis=None)
    return Places(axes, [m.read for m in known], parts, columns, flat)


class Recorder:
    """Curves of one run, (months, ...) by measure; vendors in the order of the scenario file."""

    def __init__(self, scenario: Scenario, world: MarketLayout) -> None:
        self._places = shared(scenario, "places of measures", lambda: places_of(scenario, world))
        months = scenario.calendar.months
        self._rows = np.zeros((months, len(self._places.order)))  # in the market's order
        self._table = np.zeros_like(self._rows)  # in the order of the labels
        self._recorded, self._sorted = 0, 0  # months

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """Labels of each dimension."""
        return self._places.axes

    def record(self, month: int, market: Any) -> None:
        """Read every measure of a market at the end of the month."""
        values = [read(market) for read in self._places.reads]
        if self._recorded == 0:
            self._check(values)
        np.concatenate(values, axis=None, out=self._rows[month])
        self._recorded = month + 1
        self._sorted = min(self._sorted, month)

    def _check(self, values: list[Any]) -> None:
        """Every measure has the shape of its dimensions; looked at in the first month."""
        for (name, (shape, _)), value in zip(self._places.parts.items(), values, strict=True):
            if np.shape(value) != shape:
                raise ValueError(f"measure {name}: shape {np.shape(value)}, expected {shape}")

    @property
    def curves(self) -> dict[str, Floats]:
        """What was recorded until now, 0 in the months to come."""
        new = slice(self._sorted, self._recorded)
        self._table[new] = self._rows[new, self._places.order]
        self._sorted = self._recorded
        months = len(self._table)
        return {
            name: self._table[:, part].reshape(months, *shape)
            for name, (shape, part) in self._places.parts.items()
        }

    def last(self, name: str) -> Floats:
        """A measure of the last recorded month, in the order of the scenario file."""
        row: Floats = self._rows[self._recorded - 1][self._places.columns[name]]
        return row
