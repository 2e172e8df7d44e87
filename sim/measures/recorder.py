"""The recorder: preallocated arrays, filled once a month."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.measures.registry import measures

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]


class Places(NamedTuple):
    """Where each measure stands in the reading of a month, and how its curve is laid out."""

    axes: dict[str, tuple[str, ...]]
    reads: list[Callable[[MarketModel], Any]]
    parts: dict[str, tuple[tuple[int, ...], slice, Any]]  # shape, place in the row, order of labels
    columns: dict[str, npt.NDArray[np.int64]]
    width: int


def places_of(model: MarketModel) -> Places:
    """The places of a scenario's measures; vendors in the order of the scenario file."""
    world, scenario = model.world, model.scenario
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
    # where the labels of a curve stand in the readings of all months
    labels: dict[tuple[str, ...], Any] = {
        dims: (slice(None), *np.ix_(*(order[dim] for dim in dims)))
        for dims in {m.dims for m in known}
    }
    shapes = [tuple(len(axes[dim]) for dim in m.dims) for m in known]
    edges = [0, *np.cumsum([math.prod(shape) for shape in shapes]).tolist()]
    parts = {
        m.name: (shape, slice(begin, end), labels[m.dims])
        for m, shape, (begin, end) in zip(known, shapes, pairwise(edges), strict=True)
    }
    columns = {
        name: np.arange(part.start, part.stop).reshape(1, *shape)[place][0]
        for name, (shape, part, place) in parts.items()
    }
    return Places(axes, [m.read for m in known], parts, columns, edges[-1])


class Recorder:
    """Curves of one run, (months, ...) by measure; vendors in the order of the scenario file."""

    def __init__(self, model: MarketModel) -> None:
        self._places = model.fixed("places of measures", lambda: places_of(model))
        months = model.scenario.calendar.months
        self._rows = np.zeros((months, self._places.width))  # in the market's order
        self._curves: dict[str, Floats] = {}
        self._recorded, self._sorted = 0, 0  # months

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """Labels of each dimension."""
        return self._places.axes

    def record(self, model: MarketModel) -> None:
        """Read every measure of the month."""
        model.measured = {}
        values: list[Any] = [read(model) for read in self._places.reads]
        model.measured = None
        if self._recorded == 0:
            self._check(values)
        np.concatenate(values, axis=None, out=self._rows[model.month])
        self._recorded = model.month + 1
        self._sorted = min(self._sorted, model.month)

    def _check(self, values: list[Any]) -> None:
        """Every measure has the shape of its dimensions; looked at in the first month."""
        for (name, (shape, *_)), value in zip(self._places.parts.items(), values, strict=True):
            if np.shape(value) != shape:
                raise ValueError(f"measure {name}: shape {np.shape(value)}, expected {shape}")

    @property
    def curves(self) -> dict[str, Floats]:
        """What was recorded until now, 0 in the months to come."""
        new, months = slice(self._sorted, self._recorded), len(self._rows)
        for name, (shape, part, place) in self._places.parts.items():
            if name not in self._curves:
                self._curves[name] = np.zeros((months, *shape))
            if new.start < new.stop:
                rows = self._rows[new, part].reshape(new.stop - new.start, *shape)
                self._curves[name][new] = rows[place]
        self._sorted = max(self._sorted, self._recorded)
        return self._curves

    def last(self, name: str) -> Floats:
        """A measure of the last recorded month, in the order of the scenario file."""
        row: Floats = self._rows[self._recorded - 1][self._places.columns[name]]
        return row
