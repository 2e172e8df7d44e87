"""Benchmarks without intelligence, the placebo, and the same scenario against itself (A/A)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.attribution.base import (
    Asked,
    Finding,
    Floats,
    Part,
    Row,
    own_levers,
    paired_row,
    register,
    shares,
)
from sim.events.strategy import StrategyChange
from sim.experiment.worlds import OFF_MONEY_KEPT, ON, World
from sim.parts import strategy_fields
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.experiment.result import Result

VENDORS, CLIENTS, PLACEBO = "random_vendors", "random_clients", "placebo"
AGAIN = "again"
WELCH = "Welch t over seeds, 95 %"


def random_vendors(scenario: Scenario) -> Scenario:
    """Every vendor prices at random above cost from the first month (Gode & Sunder 1993)."""
    changes: dict[str, Any] = {
        f"vendors.{name}.pricing": {"strategy": "zero_intelligence"} for name in scenario.vendors
    }
    events = [
        event.model_dump() | {"pricing": None} if event.what == "strategy" else event.model_dump()
        for event in scenario.events
        if event.what not in ("price_list", "price_cut")
    ]
    acting = {field for field in strategy_fields(StrategyChange) if field != "pricing"}
    changes["events"] = [
        event for event in events if event["what"] != "strategy" or any(event[f] for f in acting)
    ]
    # what told of the prices that are gone would cover nothing
    return scenario.replace(changes | {"sources": [], "fit": []})


def random_clients(scenario: Scenario) -> Scenario:
    """Clients see neither price nor capability: what is left is luck, inertia and availability."""
    changes: dict[str, Any] = {}
    for name in scenario.segments:
        changes[f"segments.{name}.price_sensitivity.mean"] = LEAST
        changes[f"segments.{name}.price_sensitivity.sd"] = 0.0
    for name in scenario.kinds:
        changes[f"kinds.{name}.capability_weight"] = 0.0
    return scenario.replace(changes)


LEAST = 1e-3
"""A price sensitivity that no choice shows; 0 would leave surplus in money undefined."""


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """ON and OFF under each benchmark; ON once more with a lever that does nothing, and again."""
    levers = own_levers(scenario)
    placebo = scenario.replace({"levers": {**_tables(scenario), PLACEBO: _nothing(scenario)}})
    found = [
        World(ON, "as the scenario stands", scenario),
        World(OFF_MONEY_KEPT, "without levers", without_levers(scenario, levers)),
        World(PLACEBO, "with one more lever, which does nothing", placebo),
        # Under another name it is another scenario, so that it is run and not taken from ON.
        World(AGAIN, "the same once more", scenario.replace({"name": f"{scenario.name}-again"})),
    ]
    for name, bare in ((VENDORS, random_vendors(scenario)), (CLIENTS, random_clients(scenario))):
        found += [
            World(name, name.replace("_", " "), bare),
            World(f"{name}-off", f"{name}, without levers", without_levers(bare, levers)),
        ]
    return tuple(found)


def _tables(scenario: Scenario) -> dict[str, Any]:
    return {name: lever.model_dump() for name, lever in scenario.levers.items()}


def _nothing(scenario: Scenario) -> dict[str, Any]:
    assert scenario.contest is not None
    return {"vendor": scenario.contest.incumbent, "off": {}, "title": "nothing"}


def read(result: Result, asked: Asked) -> Finding:
    """tau in points under each benchmark; the placebo's and A/A, which must be exactly 0.

    Luck is the difference between runs of the same scenario under other seeds: half of the seeds
    less the other half. Its interval holds 0 but for one time in twenty.
    """
    rows = []
    for label, on, off in (
        ("as it stands", ON, OFF_MONEY_KEPT),
        ("vendors that price at random", VENDORS, f"{VENDORS}-off"),
        ("clients that see neither price nor capability", CLIENTS, f"{CLIENTS}-off"),
        ("placebo: a lever that does nothing", PLACEBO, ON),
        ("A/A: the same scenario run again", AGAIN, ON),
    ):
        table = shares(result, [on, off])
        rows.append(paired_row(label, table[1] - table[0]))
    notes = (
        _exact(rows[-2], "the placebo's effect is exactly 0", "THE PLACEBO HAS AN EFFECT"),
        _exact(rows[-1], "A/A is exactly 0", "THE SAME SCENARIO DIFFERS FROM ITSELF"),
    )
    rows += _luck(shares(result, [ON])[0])
    return Finding("benchmarks", "tau under benchmarks, points", tuple(rows), notes)


def _luck(alone: Floats) -> list[Row]:
    """One half of the seeds against the other, if there are two in each."""
    from scipy.stats import ttest_ind

    half = alone.size // 2
    first, second = alone[:half], alone[half:]
    if half < 2 or not np.ptp(alone):
        return []
    low, high = ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    gap = float(second.mean() - first.mean())
    label = "luck: the same scenario, other seeds"
    return [Row(label, gap, float(low), float(high), int(alone.size), WELCH)]


def _exact(row: Row, so: str, otherwise: str) -> str:
    return so if row.mean == 0.0 and row.low in (0.0, None) else otherwise


PART = register(
    Part("benchmarks", "vendors or clients without intelligence; placebo, A/A", worlds, read)
)
