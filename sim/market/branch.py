"""Markets that share their past: run to a date once, go on under several scenarios."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

from sim.errors import SimError
from sim.market.simulation import Simulation
from sim.market.world import make_world
from sim.months import months_between
from sim.scenario.patches import at_intensity
from sim.scenario.schema.scenario import Scenario

FREE = (
    "name",
    "title",
    "events",
    "containment",
    "ensemble",
    "episode",
    "sources",
    "fit",
    "calibration",
)
"""Parts of a scenario that may differ: the events from the date on, and what moves no client."""


def branch_month(scenario: Scenario, at: date) -> int:
    """Number of the month that begins at a date.

    Raises
    ------
    SimError
        The date lies outside the calendar.
    """
    calendar = scenario.calendar
    month = months_between(calendar.start, at)
    if not 0 < month < calendar.months:
        raise SimError(
            f"branch at {at:%Y-%m}: must lie after the first month, {calendar.start:%Y-%m}, and "
            f"inside the {calendar.months} months of the calendar"
        )
    return month


def refuse_other_past(trunk: Scenario, other: Scenario, at: date) -> None:
    """Refuse two scenarios that differ before a date, so that they cannot share a past.

    They may differ in the events from that month on, as long as these sell the same offers.

    Raises
    ------
    SimError
        Names the first difference.
    """
    for name in type(trunk).model_fields:
        if name not in FREE and getattr(trunk, name) != getattr(other, name):
            raise SimError(
                f"branch at {at:%Y-%m}: the scenarios differ in [{name}] from the start; only "
                "events from that month on may differ"
            )
    past = [[e for e in scenario.events if e.month < at] for scenario in (trunk, other)]
    if past[0] != past[1]:
        raise SimError(f"branch at {at:%Y-%m}: the scenarios differ in events before that month")
    if make_world(trunk).labels != make_world(other).labels:
        raise SimError(
            f"branch at {at:%Y-%m}: the scenarios differ in the offers there can ever be"
        )


def branch(trunk: Simulation, scenario: Scenario) -> Simulation:
    """A copy of a market that goes on under another scenario of the same past.

    Nothing of the trunk changes. What the branch records equals, to the last bit, what the
    scenario records when it is run from the start.

    Raises
    ------
    SimError
        The scenarios differ before the month that the trunk has reached.
    """
    scenario = at_intensity(scenario)
    refuse_other_past(trunk.scenario, scenario, trunk.date)
    # What no run changes is shared: the clients as they were drawn, but not columns that move.
    kept: list[Any] = [trunk.scenario, trunk.population, trunk.world, trunk.made]
    kept += vars(trunk.population).values()
    model = deepcopy(trunk, {id(part): part for part in kept})
    model.scenario = scenario
    return model
