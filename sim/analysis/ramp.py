"""Markets in which a parameter moves slowly after their history, the state carried along."""

from __future__ import annotations

from typing import Any

from sim.errors import SimError
from sim.market.model import MarketModel
from sim.market.phases import PHASES, Phase
from sim.market.terms import TermsBuilder
from sim.scenario.intensity import at_intensity
from sim.scenario.patches import replace
from sim.scenario.paths import covers
from sim.scenario.schema.scenario import Scenario

MOVABLE = (
    "demand.switching_cost",
    "demand.home_bonus",
    "demand.community_weight",
    "demand.nest_correlation",
    "vendors.*.appeal",
)
"""What clients weigh anew each month; other numbers are fixed when a run begins."""


def refuse_fixed(path: str) -> None:
    """Refuse a parameter that cannot move within a run.

    Raises
    ------
    SimError
        Names those that can.
    """
    if not any(covers(pattern, path) for pattern in MOVABLE):
        raise SimError(f"{path} is fixed when a run begins; movable: {', '.join(MOVABLE)}")


class Ramp:
    """Makes models that begin with another value of a parameter and come to the scenario's own.

    Called as ``maker(scenario, rng=seed)``: `history` months at `begin`, then in equal monthly
    steps over `months` to the value of the scenario, which holds from then on. Where both values
    are the same the market is the plain one.
    """

    def __init__(self, path: str, begin: float, history: int, months: int) -> None:
        refuse_fixed(path)
        self.path, self.begin, self.history, self.months = path, begin, history, months
        told = f"{path}, {begin!r}, {history}, {months}"
        self.__qualname__ = f"{type(self).__name__}({told})"  # names the model in stored runs

    def __call__(self, scenario: Scenario, rng: Any) -> MarketModel:
        """The model of one world."""
        return _Moving(scenario, self, rng)


class _Moving(MarketModel):
    def __init__(self, scenario: Scenario, ramp: Ramp, rng: Any) -> None:
        self.ramp, self.target = ramp, scenario
        self.end = _value(scenario, ramp.path)
        super().__init__(replace(scenario, {ramp.path: ramp.begin}), rng=rng)


def _value(scenario: Scenario, path: str) -> float:
    found: Any = scenario
    for key in path.split("."):
        found = found[key] if isinstance(found, dict) else getattr(found, key)
    return float(found)


def _move(model: _Moving) -> None:
    ramp = model.ramp
    turn = model.month - ramp.history + 1
    if not 1 <= turn <= ramp.months or ramp.begin == model.end:
        return
    part = turn / ramp.months
    value = model.end if turn == ramp.months else ramp.begin + part * (model.end - ramp.begin)
    model.scenario = at_intensity(replace(model.target, {ramp.path: value}))
    model.builder = TermsBuilder(model)
    model._panel = None  # market research is asked again


_Moving.phases = (Phase("move", "a parameter moves", _move), *PHASES)
