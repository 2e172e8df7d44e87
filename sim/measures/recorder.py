"""The recorder: preallocated arrays, filled once a month."""

from __future__ import annotations

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
        months = scenario.calendar.months
        self.curves: dict[str, Floats] = {
            m.name: np.zeros((months, *(len(self.axes[dim]) for dim in m.dims))) for m in known
        }
        self._reads = [(m.read, self.curves[m.name], places[m.dims]) for m in known]

    def _place(self, dims: tuple[str, ...]) -> Any:
        """Where the labels of a curve stand in a reading; None where the order is the same."""
        orders = [self._order[dim] for dim in dims]
        if all(np.array_equal(order, np.arange(len(order))) for order in orders):
            return None
        return orders[0] if len(orders) == 1 else np.ix_(*orders)

    def record(self, model: MarketModel) -> None:
        """Read every measure of the month."""
        model.measured = {}
        month = model.month
        for read, curve, place in self._reads:
            value: Any = read(model)
            curve[month] = value if place is None else value[place]
        model.measured = None
