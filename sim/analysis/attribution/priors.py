"""Signs of the levers over draws from the priors: no lever may be good by construction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.attribution.base import (
    POINTS,
    Asked,
    Finding,
    Part,
    Row,
    contest_of,
    register,
    shares,
)
from sim.analysis.attribution.draws import drawn_worlds
from sim.analysis.priors import priors_of
from sim.analysis.statistics import wilson_interval
from sim.experiment.worlds import World
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.experiment.result import Result

WILSON = "Wilson, 95 %"


def _point(draw: int, lever: str = "") -> str:
    return f"draw{draw:03d}" + (f"-{lever}" if lever else "")


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """Each draw (a latin hypercube) as it is and without each lever of either side."""
    contest_of(scenario)
    found = []
    for number, world in enumerate(drawn_worlds(scenario, priors_of(scenario), asked)):
        found.append(World(_point(number), f"draw {number} of the priors", world))
        for lever in sorted(scenario.levers):
            title = f"draw {number} without {lever}"
            found.append(World(_point(number, lever), title, without_levers(world, [lever])))
    return tuple(found)


def read(result: Result, asked: Asked) -> Finding:
    """Per lever, the part of the draws in which it lowers the challenger's share, in per cent.

    The effect of a draw is the mean over replicates of s_C with the lever less s_C without.
    """
    rows = []
    for lever in sorted(result.scenario.levers):
        effects = []
        for number in range(asked.draws):
            on, off = shares(result, [_point(number), _point(number, lever)])
            effects.append(float((on - off).mean()))
        values = np.array(effects)
        lowers = int((values < 0.0).sum())
        interval = wilson_interval(lowers, len(values))
        facts = {
            "lowers": lowers,
            "raises": int((values > 0.0).sum()),
            "nothing": int((values == 0.0).sum()),
            "p05": float(np.quantile(values, 0.05)),
            "median": float(np.median(values)),
            "p95": float(np.quantile(values, 0.95)),
        }
        share = POINTS * lowers / len(values)
        low, high = POINTS * interval.lower, POINTS * interval.upper
        rows.append(Row(lever, share, low, high, len(values), WILSON, facts))
    title = "Draws of the priors in which the lever lowers the challenger's share, per cent"
    names = ", ".join(prior.name for prior in priors_of(result.scenario))
    return Finding("priors", title, tuple(rows), (f"drawn: {names}",))


PART = register(Part("priors", "sign of every lever over the priors", worlds, read))
