"""tau over the coefficients that no recorded figure identifies: what is fitted stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.attribution.base import (
    BOOTSTRAP_SEED,
    POINTS,
    RESAMPLES,
    Asked,
    Finding,
    Floats,
    Part,
    Row,
    own_levers,
    register,
    shares,
)
from sim.analysis.attribution.draws import drawn_worlds
from sim.analysis.priors import Prior, priors_of, unfitted
from sim.analysis.statistics import wilson_interval
from sim.errors import SimError
from sim.experiment.worlds import World
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.experiment.result import Result

BOOTSTRAP_DRAWS = "bootstrap over draws, 95 %"
LEVELS = {"a tenth of the draws below": 0.1, "median draw": 0.5, "a tenth of the draws above": 0.9}


def _free(scenario: Scenario) -> tuple[Prior, ...]:
    free = unfitted(priors_of(scenario), scenario)
    if not free:
        raise SimError(f"{scenario.name}: every number with a prior is fitted, so none is left")
    return free


def _point(draw: int, off: bool = False) -> str:
    return f"draw{draw:03d}" + ("-off" if off else "")


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """Each draw of the numbers that are not fitted, with all of the incumbent's levers and none."""
    levers = own_levers(scenario)
    found = []
    for draw, world in enumerate(drawn_worlds(scenario, _free(scenario), asked)):
        title = f"draw {draw} of what no figure identifies"
        found.append(World(_point(draw), title, world))
        found.append(World(_point(draw, True), f"{title}, no lever", without_levers(world, levers)))
    return tuple(found)


def read(result: Result, asked: Asked) -> Finding:
    """tau in points by draw (mean over seeds): its mean and quantiles over the draws."""
    scenario = result.scenario
    taus = np.array([_tau(result, draw) for draw in range(asked.draws)])
    rows = [_row("mean over the draws", taus, None)]
    rows += [_row(label, taus, level) for label, level in LEVELS.items()]
    limit = POINTS * scenario.containment.minimum_effect
    enough, against = int((taus >= limit).sum()), int((taus < 0.0).sum())
    low, high = wilson_interval(enough, len(taus))
    free = _free(scenario)
    fitted = sorted({prior.name for prior in priors_of(scenario)} - {prior.name for prior in free})
    notes = (
        f"tau is {limit:g} points or more in {enough} of {len(taus)} draws (Wilson, 95 %: "
        f"{POINTS * low:.0f} to {POINTS * high:.0f} %), below 0 in {against}; n counts draws, each "
        f"a mean over {result.replicates} seeds",
        f"drawn: {', '.join(prior.name for prior in free)}",
        f"fitted, so not drawn: {', '.join(fitted) or 'none'}",
    )
    title = "tau over the numbers that no recorded figure identifies, points"
    return Finding("unidentified", title, tuple(rows), notes)


def _tau(result: Result, draw: int) -> float:
    on, off = shares(result, [_point(draw), _point(draw, True)])
    return float((off - on).mean())


def _row(label: str, taus: Floats, level: float | None) -> Row:
    """Mean (no level) or quantile of the draws with its bootstrap interval."""

    def statistic(values: Floats) -> Floats:
        table = values.mean(-1) if level is None else np.quantile(values, level, axis=-1)
        return np.asarray(table, dtype=np.float64)

    low: float | None = None
    high: float | None = None
    if taus.size > 1:
        draws = np.random.Generator(np.random.Philox(BOOTSTRAP_SEED))
        again = statistic(taus[draws.integers(taus.size, size=(RESAMPLES, taus.size))])
        low, high = (float(end) for end in np.quantile(again, [0.025, 0.975]))
    return Row(label, float(statistic(taus)), low, high, int(taus.size), BOOTSTRAP_DRAWS)


PART = register(
    Part("unidentified", "tau over the numbers that no recorded figure fixes", worlds, read)
)
