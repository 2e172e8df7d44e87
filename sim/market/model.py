"""The market as a Mesa model, for who works with Mesa; runs of `sim` do without.

The numbers are those of `Simulation`, to the last bit.
"""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np

from sim.market.agent import VendorAgent
from sim.market.simulation import Simulation
from sim.scenario.schema.scenario import Scenario

SCOREBOARDS = ("platform_token_share", "full_stack_revenue_share")


class MesaVendor(VendorAgent, mesa.Agent):
    """A vendor among the agents of a Mesa model."""

    def __init__(self, model: mesa.Model, *parts: Any) -> None:
        mesa.Agent.__init__(self, model)
        VendorAgent.__init__(self, *parts)


class Scoreboards(mesa.DataCollector):
    """Scoreboards of each month by vendor, for `mesa.batch_run`, from the curves."""

    def __init__(self, model: MarketModel) -> None:
        self._model = model
        super().__init__()
        self.model_reporters["month"] = "month"

    def collect(self, model: MarketModel) -> None:
        """Nothing to do: the curves hold every month."""

    @property
    def model_vars(self) -> dict[str, list[float]]:
        """Months and scoreboards by column."""
        months, curves = self._model.month, self._model.curves
        columns: dict[str, list[float]] = {"month": list(range(1, months + 1))}
        for measure in SCOREBOARDS:
            shares = curves[measure][:months].T.tolist()
            names = [f"{measure}.{vendor}" for vendor in self._model.axes["vendor"]]
            columns |= dict(zip(names, shares, strict=True))
        return columns

    @model_vars.setter
    def model_vars(self, _: object) -> None:
        """Mesa would begin with empty columns."""


class MarketModel(Simulation, mesa.Model):
    """:class:`Simulation` as a `mesa.Model`; `mesa.batch_run` varies its keyword arguments.

    Its agents are the vendors, and `running` turns False after the last month.
    """

    def __init__(
        self,
        scenario: Scenario | str,
        rng: int | np.random.SeedSequence | None = 1,
        **given: Any,
    ) -> None:
        seed = rng if isinstance(rng, np.random.SeedSequence) else np.random.SeedSequence(rng)
        mesa.Model.__init__(self, rng=np.random.default_rng(seed))
        Simulation.__init__(self, scenario, seed, **given)
        # Mesa numbers agents in a table of its own that would keep every model for good.
        getattr(mesa.Agent, "_ids", {}).pop(self, None)
        self.datacollector: mesa.DataCollector = Scoreboards(self)

    def vendor_agent(self, *parts: Any) -> VendorAgent:
        """A vendor as an agent of the model."""
        return MesaVendor(self, *parts)

    def step(self) -> None:
        """One month, as :meth:`Simulation.step`."""
        super().step()
        self.datacollector.collect(self)
        self.running = self.month < self.scenario.calendar.months
