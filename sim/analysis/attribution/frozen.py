"""Actions frozen: rivals repeat, month by month, the prices of the paired run with all levers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import (
    Asked,
    Finding,
    Part,
    contest_of,
    own_levers,
    paired_row,
    register,
    shares,
)
from sim.experiment.worlds import OFF_MONEY_KEPT, ON, World
from sim.market.model import MarketModel
from sim.market.phases import PHASES, Phase
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.experiment.result import Result

Floats = npt.NDArray[np.float64]


class FrozenRivals:
    """Makes models in which everybody but the incumbent repeats its prices of the ON run.

    Called as ``maker(scenario, rng=seed)``: the scenario with all levers gives the market as it
    is; any other world replays the rivals' list prices of that market under the same seed,
    wherever both have the offer on sale.
    """

    def __init__(self, on: Scenario) -> None:
        self.on = on
        self.__qualname__ = type(self).__qualname__  # under which stored runs name their model

    def __call__(self, scenario: Scenario, rng: Any) -> MarketModel:
        """The model of one world."""
        if scenario == self.on:
            return MarketModel(scenario, rng=rng)
        told = _Recording(self.on, rng=rng)
        told.run()
        model = _Replaying(scenario, rng=rng)
        model.prices = told.prices
        return model


def _after_decide(act: Callable[[Any], None], name: str, does: str) -> tuple[Phase, ...]:
    place = [phase.name for phase in PHASES].index("decide") + 1
    return (*PHASES[:place], Phase(name, does, act), *PHASES[place:])


def _record(model: _Recording) -> None:
    labels = model.world.labels[: model.world.n_api]
    on_sale = model.state.hosting
    incumbent = contest_of(model.scenario).incumbent
    prices = {
        label: float(model.state.list_price[j])
        for j, label in enumerate(labels)
        if on_sale[j] and model.world.vendors[model.world.platform[j]] != incumbent
    }
    model.prices.append(prices)


def _replay(model: _Replaying) -> None:
    prices = model.prices[model.month]
    for j, label in enumerate(model.world.labels[: model.world.n_api]):
        if model.state.hosting[j] and label in prices:
            model.state.list_price[j] = prices[label]


class _Recording(MarketModel):
    phases = _after_decide(_record, "record", "rivals' prices are written down")

    def __init__(self, scenario: Scenario, rng: Any) -> None:
        self.prices: list[dict[str, float]] = []
        super().__init__(scenario, rng=rng)


class _Replaying(MarketModel):
    prices: list[dict[str, float]]
    phases = _after_decide(_replay, "replay", "rivals repeat the prices of the other world")


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """ON, and OFF with the rivals' actions frozen."""
    levers = own_levers(scenario)
    return (
        World(ON, "as the scenario stands", scenario),
        World(OFF_MONEY_KEPT, "without levers, rivals frozen", without_levers(scenario, levers)),
    )


def read(result: Result, asked: Asked) -> Finding:
    """The direct effect: tau in points while no rival reacts with its prices."""
    on, off = shares(result, [ON, OFF_MONEY_KEPT])
    rows = (paired_row("actions frozen: rivals repeat their prices", off - on),)
    return Finding("frozen", "tau while rivals do not react, points", rows)


PART = register(Part("frozen", "rivals' prices frozen", worlds, read, FrozenRivals))
