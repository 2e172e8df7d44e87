"""A scenario whose levers are pulled in part: numbers between OFF and ON, events in part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.errors import ScenarioError
from sim.scenario.checks import validated
from sim.scenario.off import by_strategy_first, plain_tables, without
from sim.scenario.paths import Key, field_at, set_path
from sim.scenario.schema.scenario import Scenario

ABSENT = object()


def at_intensity(scenario: Scenario) -> Scenario:
    """The market as the intensities of its levers make it.

    At 1 a lever's move is made in full, at 0 the world is that without the lever. Between, each
    number of its off-patch lies in between, ``off + intensity (on - off)`` (in logarithms where
    the model uses the logarithm), its events act in part, and its cost is paid in part. What has
    no half, such as open or closed weights or one strategy or another, is done at any intensity
    above 0.

    Returns
    -------
    Scenario
        The same object if every lever is at 1; else one whose weaker levers have nothing left to
        take away.

    Raises
    ------
    ScenarioError
        A world in between makes no sense.
    """
    weak = {name: lever for name, lever in scenario.levers.items() if lever.intensity < 1.0}
    if not any(lever.off or lever.intensity == 0.0 for lever in weak.values()):
        return scenario
    full = plain_tables(scenario)
    data, problems = without(scenario, [n for n, lever in weak.items() if lever.intensity == 0.0])
    partly = {name: lever for name, lever in weak.items() if lever.intensity > 0.0}
    for name, lever in partly.items():
        for path, off in by_strategy_first(lever.off.items()):
            keys: tuple[Key, ...] = tuple(
                int(part) if part.isdecimal() else part for part in path.split(".")
            )
            on = _held(full, keys)
            if on is ABSENT:
                continue
            problem = set_path(data, path, _between(full, keys, off, on, lever.intensity))
            if problem is not None:
                problems.append(problem)
        data["levers"][name]["off"] = {}
    if problems:
        raise ScenarioError(problems)
    mixed = validated(data)
    events = tuple(
        event.scaled(partly[event.lever].intensity) if event.lever in partly else event
        for event in mixed.events
    )
    return mixed.model_copy(update={"events": events})


def _held(data: Any, keys: tuple[Key, ...]) -> Any:
    """The value with the lever on; the default where the file is silent, `ABSENT` without one."""
    node = data
    for key in keys:
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            field = field_at(data, keys)
            return ABSENT if field is None or field.is_required() else field.default
    return node


def _between(data: Any, keys: tuple[Key, ...], off: Any, on: Any, intensity: float) -> Any:
    """The value between `off` and `on`; `on` where there is no between."""
    if isinstance(off, Mapping) and isinstance(on, Mapping):
        if off.get("strategy") != on.get("strategy"):
            return on
        names = [name for name in on if name in off]
        mixed = {n: _between(data, (*keys, n), off[n], on[n], intensity) for n in names}
        return {**on, **mixed}
    if not (_is_number(off) and _is_number(on)):
        return on
    field = field_at(data, keys)
    facts = field.json_schema_extra if field is not None else None
    logs = isinstance(facts, Mapping) and bool(facts.get("log")) and off > 0 and on > 0
    value = (
        math.exp((1.0 - intensity) * math.log(off) + intensity * math.log(on))
        if logs
        else (1.0 - intensity) * off + intensity * on
    )
    return round(value) if isinstance(on, int) and isinstance(off, int) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
