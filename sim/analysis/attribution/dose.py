"""Dose and response: the levers pulled in part."""

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
from sim.experiment.worlds import ON, World
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.experiment.result import Result

DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)
ALL = "all"


def _groups(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    levers = own_levers(scenario)
    groups = {ALL: levers} if len(levers) > 1 else {}
    for name in levers:
        groups[name] = (name,)
    return groups


def _name(group: str, dose: float) -> str:
    return ON if dose == 1.0 else f"{group}@{dose:g}"


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """Each lever alone, and all together, at every dose below the full one."""
    found = [World(ON, "as the scenario stands", scenario)]
    for group, levers in _groups(scenario).items():
        for dose in DOSES[:-1]:
            changes = {f"levers.{lever}.intensity": dose for lever in levers}
            title = f"intensity {dose:g} of {group}"
            found.append(World(_name(group, dose), title, scenario.replace(changes)))
    return tuple(found)


def read(result: Result, asked: Asked) -> Finding:
    """The challenger's share at a dose less its share with none of it, in points."""
    rows = []
    for group in _groups(result.scenario):
        table = shares(result, [_name(group, dose) for dose in DOSES])
        for dose, held in zip(DOSES[1:], table[1:], strict=True):
            rows.append(paired_row(f"{group} at {dose:g}", table[0] - held, group=group, dose=dose))
    title = "Held back by levers at part of their intensity, points of token share"
    return Finding("dose", title, tuple(rows))


PART = register(Part("dose", "levers at intensities 0, 0.25, 0.5, 0.75, 1", worlds, read))
