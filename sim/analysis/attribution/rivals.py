"""What the challenger does about it: its policy held, or a best reply in both worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.analysis.attribution.base import (
    Asked,
    Finding,
    Part,
    contest_of,
    own_levers,
    paired_row,
    register,
    shares,
)
from sim.experiment.worlds import OFF_MONEY_KEPT, ON, World
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.experiment.result import Result

REPLY, REPLY_OFF = "best_reply", "best_reply-off"


def best_replying(scenario: Scenario) -> Scenario:
    """The challenger prices by best response wherever it followed another strategy than a list."""
    challenger = contest_of(scenario).challenger
    reply = {"strategy": "best_response"}
    changes: dict[str, Any] = {}
    if scenario.vendors[challenger].pricing.get("strategy") != "list":
        changes[f"vendors.{challenger}.pricing"] = reply
    for number, event in enumerate(scenario.events):
        if event.what == "strategy" and challenger in event.vendors_named():
            changes[f"events.{number}.pricing"] = reply
    return scenario.replace(changes) if changes else scenario


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """ON and OFF with the challenger's own policy and with its best reply."""
    levers = own_levers(scenario)
    reply = best_replying(scenario)
    return (
        World(ON, "as the scenario stands", scenario),
        World(OFF_MONEY_KEPT, "without levers", without_levers(scenario, levers)),
        World(REPLY, "the challenger replies best", reply),
        World(REPLY_OFF, "without levers, it replies best", without_levers(reply, levers)),
    )


def read(result: Result, asked: Asked) -> Finding:
    """tau in points with the challenger's policy held and with a best reply in both worlds."""
    table = shares(result, [ON, OFF_MONEY_KEPT, REPLY, REPLY_OFF])
    rows = (
        paired_row("policy held", table[1] - table[0]),
        paired_row("re-optimised: best reply in both worlds", table[3] - table[2]),
    )
    note = "history stays: the reply is free from the month in which the scenario frees prices"
    return Finding("rivals", "tau by what the challenger may do, points", rows, (note,))


PART = register(Part("rivals", "policy held against re-optimised", worlds, read))
