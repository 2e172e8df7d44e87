"""The counterfactual without any lever: both budget rules, both hostings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.attribution.base import (
    Asked,
    Finding,
    Part,
    own_levers,
    paired_row,
    register,
    shares,
)
from sim.experiment.worlds import (
    CHALLENGER_OFF,
    EPISODE_OFF,
    OFF_MONEY_IN_PRICE,
    OFF_MONEY_KEPT,
    ON,
    World,
    with_other_hosting,
    worlds_of,
)
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.experiment.result import Result

RULES = {"money kept": OFF_MONEY_KEPT, "money in prices": OFF_MONEY_IN_PRICE}


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """The worlds of a verdict."""
    own_levers(scenario)
    return tuple(world for world in worlds_of(scenario) if world.name != EPISODE_OFF)


def read(result: Result, asked: Asked) -> Finding:
    """``tau = s_C(OFF) - s_C(ON)`` in points, for each rule and hosting; the reverse test last."""
    rows = []
    for title, off in RULES.items():
        on, other = shares(result, [ON, off])
        rows.append(paired_row(f"{title}, hosting as it is", other - on))
        pair = [with_other_hosting(name, result.scenario) for name in (ON, off)]
        if set(pair) <= set(result.points):
            on, other = shares(result, pair)
            rows.append(paired_row(f"{title}, hosting the other way round", other - on))
    if CHALLENGER_OFF in result.points:
        on, other = shares(result, [ON, CHALLENGER_OFF])
        rows.append(paired_row("reverse test: the challenger's levers off", other - on))
    title = "tau: what the challenger would gain without the incumbent's levers, points"
    return Finding("rules", title, tuple(rows))


PART = register(Part("rules", "all levers off: budget rules and hosting", worlds, read))
