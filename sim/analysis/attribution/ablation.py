"""Ablation: the effect of the levers in markets without one mechanism."""

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
from sim.experiment.worlds import OFF_MONEY_KEPT, ON, World
from sim.scenario.patches import without_levers
from sim.scenario.schema.mechanisms import Mechanisms
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.experiment.result import Result


def _switches(scenario: Scenario) -> list[str]:
    return [name for name in Mechanisms.model_fields if getattr(scenario.mechanisms, name)]


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """ON and OFF as they are and without each mechanism that works."""
    levers = own_levers(scenario)
    found = [
        World(ON, "as the scenario stands", scenario),
        World(OFF_MONEY_KEPT, "without levers", without_levers(scenario, levers)),
    ]
    for name in _switches(scenario):
        bare = scenario.replace({f"mechanisms.{name}": False})
        found += [
            World(f"{ON}-{name}", f"without {name}", bare),
            World(f"off-{name}", f"without {name}, without levers", without_levers(bare, levers)),
        ]
    return tuple(found)


def read(result: Result, asked: Asked) -> Finding:
    """tau in each market, in points, and how far it moves from the whole market's."""
    on, off = shares(result, [ON, OFF_MONEY_KEPT])
    rows = [paired_row("the whole market", off - on)]
    for name in _switches(result.scenario):
        table = shares(result, [ON, OFF_MONEY_KEPT, f"{ON}-{name}", f"off-{name}"])
        tau = table[3] - table[2]
        moved = paired_row("", tau - (table[1] - table[0]))
        facts = {"change": moved.mean, "change_low": moved.low, "change_high": moved.high}
        rows.append(paired_row(f"without {name}", tau, **facts))
    return Finding("ablation", "tau in markets without one mechanism, points", tuple(rows))


PART = register(Part("ablation", "tau without each mechanism", worlds, read))
