"""Does it matter from which side a parameter comes?"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.frontier.frontier import Axis, refuse_failed
from sim.analysis.statistics import mean_interval
from sim.analysis.verdict.grounds import grounds
from sim.economics.arrays import Floats
from sim.errors import SimError
from sim.market.base import BaseMarket
from sim.market.month import PHASES, Phase
from sim.market.simulation import Simulation
from sim.market.tables import new_terms
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, write_once
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.runs.study.checks import value_at
from sim.runs.worlds import World, contest_of
from sim.scenario.patches import at_intensity, replace
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
    """Refuse a parameter that cannot move within a run; those that can are named."""
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
        # Stored runs name their model by this.
        self.__qualname__ = f"{type(self).__name__}({path}, {begin!r}, {history}, {months})"

    def __call__(self, scenario: Scenario, rng: Any) -> Simulation:
        """The model of one world."""
        return _Moving(scenario, self, rng)


class _Moving(Simulation):
    def __init__(self, scenario: Scenario, ramp: Ramp, rng: Any) -> None:
        self.ramp, self.target = ramp, scenario
        self.end = float(value_at(scenario, ramp.path))
        super().__init__(replace(scenario, {ramp.path: ramp.begin}), rng=rng)


def _move(model: BaseMarket) -> None:
    assert isinstance(model, _Moving)
    ramp = model.ramp
    turn = model.month - ramp.history + 1
    if not 1 <= turn <= ramp.months or ramp.begin == model.end:
        return
    part = turn / ramp.months
    value = model.end if turn == ramp.months else ramp.begin + part * (model.end - ramp.begin)
    model.scenario = at_intensity(replace(model.target, {ramp.path: value}))
    model.terms = new_terms(model.scenario, model.world)
    model.panel = None  # market research is asked again


_Moving.phases = (Phase("move", "a parameter moves", _move), *PHASES)


HYSTERESIS = "hysteresis.json"
SHARE = "platform_token_share"
PAIRED = "paired t, 95 %"
STEPS = 5


def hysteresis(
    scenario: Scenario,
    axis: Axis,
    settings: RunSettings | None = None,
    *,
    steps: int = STEPS,
    replicates: int | None = None,
    seed: int | None = None,
) -> tuple[Result, dict[str, Any]]:
    """Bring a parameter slowly to each value from below and from above, in the same months.

    A run lives through the scenario's calendar at the lowest (or highest) value of the axis, moves
    to its value in monthly steps over `containment.window_months`, and stays there as long again;
    everything it has become (offers in use, experience, goodwill, developers, cash) goes along.
    The gap at a value is the challenger's mean token share of the judged last months, come from
    above minus come from below, same seeds and same months: where only the value matters it is 0.

    SimError: the scenario has no contest, the parameter cannot move within a run, or a run failed.

    Returns
    -------
    The result of the sweep from above, which holds `hysteresis.json` and takes the name of the
    settings, and the findings.
    """
    contest = contest_of(scenario, "a sweep up and down")
    if steps < 2:
        raise SimError(f"steps = {steps}: at least 2")
    if (scenario.ensemble.replicates if replicates is None else replicates) < 2:
        raise SimError("a sweep up and down needs 2 replicates or more")
    refuse_fixed(axis.path)
    history, hold = scenario.calendar.months, scenario.containment.window_months
    whole = scenario.replace({"calendar.months": history + 2 * hold})
    worlds = tuple(
        World(f"value{k}", f"{axis.path} = {value:g}", whole.replace({axis.path: value}))
        for k, value in enumerate(axis.values(steps - 1))
    )

    def swept(begin: float, own: RunSettings) -> Result:
        result = run_ensemble(
            whole,
            own,
            replicates=replicates,
            seed=seed,
            worlds=worlds,
            model=Ramp(axis.path, begin, history, hold),
        )
        refuse_failed(result)
        return result

    named = settings or RunSettings()
    above = swept(axis.high, named)  # first: a name that is taken is refused at once
    below = swept(axis.low, named.unnamed)
    shares = (_shares(result, contest.challenger) for result in (below, above))
    found = _document(above, axis, *shares)
    found["folders"] = [str(result.path) for result in (below, above)]
    write_once(above.path / HYSTERESIS, json_bytes(found))
    return above, found


def _shares(result: Result, vendor: str) -> Floats:
    """(steps, R) mean of the judged last months."""
    window = result.scenario.containment.window_months
    path = result.curves[SHARE].sel(point=list(result.points), vendor=vendor)
    values = path.transpose("point", "replicate", "month").to_numpy()
    return np.asarray(values[:, :, -window:].mean(axis=2), dtype=np.float64)


def _document(result: Result, axis: Axis, up: Floats, down: Floats) -> dict[str, Any]:
    gaps = down - up
    rows = []
    for k, value in enumerate(axis.values(len(gaps) - 1)):
        gap = mean_interval(gaps[k])
        rows.append(
            {
                "value": value,
                "up": float(up[k].mean()),
                "down": float(down[k].mean()),
                "gap": gap.mean,
                "gap_interval": list(gap.interval),
            }
        )
    whole = mean_interval(gaps.mean(axis=0))
    return {
        **grounds(result, range(result.replicates), [PAIRED]),
        "path": axis.path,
        "unit": axis.unit,
        "measure": SHARE,
        "rows": rows,
        "gap": whole.mean,
        "gap_interval": list(whole.interval),
        "depends_on_the_past": not whole.interval.lower <= 0.0 <= whole.interval.upper,
    }
