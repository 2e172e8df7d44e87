"""A maker of models that runs the common past of many scenarios once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.experiment.run import ModelMaker

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


def from_a_trunk(at: date) -> ModelMaker:
    """A maker that runs to a month once for each seed, with the scenario it is first given.

    Its models go on from there under their own scenarios; one of another past is refused.
    """
    from sim.market.branch import branch, branch_month
    from sim.market.model import MarketModel

    trunks: dict[tuple[Any, ...], MarketModel] = {}

    def make(scenario: Scenario, rng: np.random.SeedSequence) -> MarketModel:
        key = (rng.entropy, *rng.spawn_key)
        if key not in trunks:
            trunks.clear()
            trunk = MarketModel(scenario, rng=rng)
            for _ in range(branch_month(scenario, at)):
                trunk.step()
            trunks[key] = trunk
        return branch(trunks[key], scenario)

    return make


def refuse_unshared_past(scenarios: list[Scenario], at: date) -> None:
    """Refuse scenarios that do not share their past up to a month.

    Raises
    ------
    SimError
        Names the first difference, or a date outside the calendar.
    """
    from sim.market.branch import branch_month, refuse_other_past

    branch_month(scenarios[0], at)
    for other in scenarios[1:]:
        refuse_other_past(scenarios[0], other, at)
