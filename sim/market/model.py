"""The market as a Mesa model, for who works with Mesa; runs of `sim` do without.

The numbers are those of `Simulation`, to the last bit.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from types import FrameType
from typing import Any

import mesa
import mesa.batchrunner as mesa_batches
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
    """Seed and scoreboards of each month by vendor, for `mesa.batch_run`, from the curves."""

    def __init__(self, model: MarketModel) -> None:
        self._model = model
        super().__init__()
        self.model_reporters["month"] = "month"

    def collect(self, model: MarketModel) -> None:
        """The curves hold every month; Mesa 3.5 asks for which steps there is one."""
        steps = getattr(self, "_collection_steps", None)
        if steps is not None:
            steps.append(model.month)

    @property
    def model_vars(self) -> dict[str, list[Any]]:
        """Months, seed and scoreboards by column."""
        months, curves = self._model.month, self._model.curves
        columns: dict[str, list[Any]] = {"month": list(range(1, months + 1))}
        columns |= {name: [value] * months for name, value in self._model.run_of.items()}
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

    Parameters
    ----------
    scenario
        A validated scenario, or the path of a scenario file.
    rng
        As for :class:`Simulation`: a seed of this one market.
    seed
        Root seed as in `sim run --seed`; the model is a replicate of that run, to the last bit.
        Without `rng` and `seed` it is drawn anew for each model, as Mesa does; `run_of` tells it,
        and so does every row of `mesa.batch_run`.
    replicate
        Which replicate of that run.
    **given
        As for :class:`Simulation`: dotted paths with `__` for `.`, `population`.

    Raises
    ------
    ValueError
        Both `rng` and `seed` are given.

    Warns
    -----
    UserWarning
        A further iteration of `mesa.batch_run` has the same seed: its numbers are the same.
    """

    def __init__(
        self,
        scenario: Scenario | str,
        rng: int | np.random.SeedSequence | None = None,
        *,
        seed: int | np.random.SeedSequence | None = None,
        replicate: int = 0,
        **given: Any,
    ) -> None:
        if rng is not None and seed is not None:
            raise ValueError("rng and seed are both given: one of them says which market it is")
        _warn_of_the_same_again(sys._getframe(1))
        own = _seed_sequence(rng, seed, replicate)
        mesa.Model.__init__(self, rng=np.random.default_rng(own))
        Simulation.__init__(self, scenario, own, **given)
        # Mesa numbers agents in a table of its own that would keep every model for good.
        getattr(mesa.Agent, "_ids", {}).pop(self, None)
        self.datacollector: mesa.DataCollector = Scoreboards(self)

    @property
    def run_of(self) -> dict[str, Any]:
        """Root seed and replicate of the run of `sim run` that has these numbers; None if none."""
        own = self.seed_sequence
        if len(own.spawn_key) != 1:
            return {"seed": None, "replicate": None}
        return {"seed": own.entropy, "replicate": own.spawn_key[0]}

    def vendor_agent(self, *parts: Any) -> VendorAgent:
        """A vendor as an agent of the model."""
        return MesaVendor(self, *parts)

    def step(self) -> None:
        """One month, as :meth:`Simulation.step`."""
        super().step()
        self.datacollector.collect(self)
        self.running = self.month < self.scenario.calendar.months


def _seed_sequence(
    rng: int | np.random.SeedSequence | None,
    seed: int | np.random.SeedSequence | None,
    replicate: int,
) -> np.random.SeedSequence:
    if isinstance(rng, np.random.SeedSequence):
        return rng
    if isinstance(seed, np.random.SeedSequence):
        return seed
    if rng is not None:
        return np.random.SeedSequence(rng)
    if seed is None:
        seed = int(np.random.default_rng().integers(np.iinfo(np.int32).max))
    return np.random.SeedSequence(entropy=int(seed), spawn_key=(replicate,))


def _warn_of_the_same_again(caller: FrameType) -> None:
    """Warn where Mesa repeats a model whose arguments fix its seed.

    Mesa tells a model nothing of the iteration; the frame that calls it does. Mesa 3.5 gives each
    iteration a seed itself, as `seed`.
    """
    code = caller.f_code
    if (
        code.co_name != "_model_run_func"
        or caller.f_globals.get("__name__") != mesa_batches.__name__
    ):
        return
    _, iteration, arguments = caller.f_locals["run"]
    by_mesa = "rng" in inspect.signature(mesa_batches.batch_run).parameters
    fixed = [name for name in ("rng", "seed") if arguments.get(name) is not None]
    if iteration == 1 and fixed and not (by_mesa and fixed == ["seed"]):
        warnings.warn(
            f"{fixed[0]}={arguments[fixed[0]]!r} fixes the seed: all iterations of batch_run have "
            "the same numbers. Leave it out, or vary `replicate` instead of iterating",
            UserWarning,
            stacklevel=4,
        )
