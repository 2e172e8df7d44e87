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
    parts: dict[str, tuple[tuple[int, ...], slice]]  # shape, place in the row
    columns: dict[str, npt.NDArray[np.int64]]  # places in a reading, in the order of the labels
    order: npt.NDArray[np.int64]  # the same of all measures


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

    def __init__(self, model: MarketModel) -> None:
        self._places = model.fixed("places of measures", lambda: places_of(model))
        months = model.scenario.calendar.months
        self._rows = np.zeros((months, len(self._places.order)))  # in the market's order
        self._table = np.zeros_like(self._rows)  # in the order of the labels
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
