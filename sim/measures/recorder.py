"""The recorder: preallocated arrays, filled once a month."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.measures.registry import measures

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]


class Recorder:
    """Curves of one run, (months, ...) by measure; vendors in the order of the scenario file."""

    def __init__(self, model: MarketModel) -> None:
        world, scenario = model.world, model.scenario
        ends = world.platform_names()[world.n_vendors :]
        self.axes: dict[str, tuple[str, ...]] = {
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
        self._order = {
            dim: np.array([canonical[dim].index(name) for name in names], np.int64)
            for dim, names in self.axes.items()
        }
        known = measures().values()
        places = {dims: self._place(dims) for dims in {m.dims for m in known}}
        shapes = [tuple(len(self.axes[dim]) for dim in m.dims) for m in known]
        months = scenario.calendar.months
        self._curves = {
            m.name: np.zeros((months, *shape)) for m, shape in zip(known, shapes, strict=True)
        }
        self._reads = [m.read for m in known]
        ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
        self._parts = {
            m.name: (shape, slice(begin, end), places[m.dims])
            for m, shape, begin, end in zip(known, shapes, [0, *ends], ends, strict=False)
        }
        self._columns = {
            name: np.arange(part.start, part.stop).reshape(1, *shape)[place][0]
            for name, (shape, part, place) in self._parts.items()
        }
        self._rows = np.zeros((months, ends[-1]))  # a month in one row, in the market's order
        self._recorded, self._sorted = 0, 0  # months

    def _place(self, dims: tuple[str, ...]) -> Any:
        """Where the labels of a curve stand in the readings of all months."""
        return (slice(None), *np.ix_(*(self._order[dim] for dim in dims)))

    def record(self, model: MarketModel) -> None:
        """Read every measure of the month."""
        model.measured = {}
        values: list[Any] = [read(model) for read in self._reads]
        model.measured = None
        if self._recorded == 0:
            self._check(values)
        np.concatenate(values, axis=None, out=self._rows[model.month])
        self._recorded = model.month + 1
        self._sorted = min(self._sorted, model.month)

    def _check(self, values: list[Any]) -> None:
        """Every measure has the shape of its dimensions; looked at in the first month."""
        for (name, (shape, *_)), value in zip(self._parts.items(), values, strict=True):
            if np.shape(value) != shape:
                raise ValueError(f"measure {name}: shape {np.shape(value)}, expected {shape}")

    @property
    def curves(self) -> dict[str, Floats]:
        """What was recorded until now, 0 in the months to come."""
        new = slice(self._sorted, self._recorded)
        if new.start < new.stop:
            for name, (shape, part, place) in self._parts.items():
                self._curves[name][new] = self._rows[new, part].reshape(
                    new.stop - new.start, *shape
                )[place]
            self._sorted = self._recorded
        return self._curves

    def last(self, name: str) -> Floats:
        """A measure of the last recorded month, in the order of the scenario file."""
        row: Floats = self._rows[self._recorded - 1][self._columns[name]]
        return row
