"""A scenario as plain tables: other values at dotted paths, levers taken out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from sim.errors import Problem, nearest_hint
from sim.scenario.paths import Key, Spot, dotted, keys_of, reaches, shown
from sim.scenario.schema.scenario import Scenario


def plain_tables(scenario: Scenario) -> dict[str, Any]:
    """The scenario as dictionaries and lists that `typed` reads back to an equal one."""
    data = scenario.model_dump(mode="python")
    for key in ("hosts", "events", "sources", "fit"):
        data[key] = list(data[key])
    return data


def by_strategy_first(changes: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Names of strategies before their parameters: a new name drops the old parameters."""
    return sorted(changes, key=lambda change: not change[0].endswith(".strategy"))


def off_patches(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """What each lever writes where it is off: dotted path -> value."""
    tables = plain_tables(scenario) if scenario.levers else {}
    return {name: lever.patch(tables) for name, lever in scenario.levers.items()}


def without(scenario: Scenario, names: Iterable[str]) -> tuple[dict[str, Any], list[Problem]]:
    """Plain tables in which the named levers are off, and the off-patches that cannot be.

    The off-patches are written, events of the levers do not happen, nobody hosts (or lists a
    price for) a closed family of somebody else, and the levers go with what they cost. A fit
    goes when a path of it does, a source when nothing is left that it covers.
    """
    data, off = plain_tables(scenario), set(names)
    if not off:
        return data, []
    patches = {name: lever.patch(data) for name, lever in scenario.levers.items() if name in off}
    problems = []
    for name, patch in sorted(patches.items()):
        for path, value in by_strategy_first(deepcopy(patch).items()):
            problem = set_path(data, path, value)
            if problem is not None:
                problems.append(Problem("", f"levers.{name}.off", path, problem.rule, problem.hint))
    data["events"] = [
        event for event in data["events"] if event["lever"] not in off and _served(data, event)
    ]
    data["hosts"] = [host for host in data["hosts"] if _served(data, host)]
    data["fit"] = [fit for fit in data["fit"] if all(reaches(data, p) for p in fit["paths"])]
    data["episode"] = {}  # it shows the whole scenario
    data["levers"] = {name: lever for name, lever in data["levers"].items() if name not in off}
    data["sources"] = [item for item in data["sources"] if reaches(data, item["path"])]
    return data, problems


def _served(data: dict[str, Any], entry: dict[str, Any]) -> bool:
    """False where a platform other than the owner would serve a closed family."""
    family = data["families"].get(entry.get("family"))
    if not isinstance(family, dict) or family.get("weights") != "closed":
        return True
    return entry.get("vendor") in (None, "", family.get("owner"))


def _refusal(spot: Spot, keys: tuple[Key, ...], value: Any, last: bool) -> tuple[str, str] | None:
    """Rule and hint if the last of the keys cannot be followed from the spot."""
    key, rule = keys[-1], "no such path"
    if spot.is_list():
        length = len(spot.data) if isinstance(spot.data, list | tuple) else 0
        if isinstance(key, int) and key < length:
            return None
        hint = f"entries: 0 to {length - 1}" if length else "the list is empty"
        return "no such entry of the list", hint
    fields = spot.fields()
    if fields is not None:
        return None if key in fields else (rule, nearest_hint(key, list(fields)))
    held = spot.data if isinstance(spot.data, Mapping) else {}
    if spot.names_tables() and key not in held and not (last and isinstance(value, Mapping)):
        return rule, nearest_hint(key, [str(name) for name in held])
    if spot.is_table() or isinstance(spot.data, Mapping):
        return None
    return rule, f"{dotted(keys[:-1])} is a value, not a table"


def set_path(data: dict[str, Any], path: str, value: Any) -> Problem | None:
    """Write a value at a dotted path of plain tables; a table that is left out is begun.

    A new name of a strategy drops the parameters of the old one.

    Returns
    -------
    Problem | None
        Why it cannot be: the path is not in the models or names nothing of this scenario.
    """
    keys = keys_of(path)
    spot = Spot(Scenario, data)
    node: Any = data
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        refused = _refusal(spot, keys[: depth + 1], value, last)
        if refused is not None:
            return Problem("", path, shown(value), *refused)
        if last:
            break
        if isinstance(node, dict) and node.get(str(key)) is None:
            node[str(key)] = {}
        node = node[key]
        spot = replace(spot.child(key), data=node)
        if not isinstance(node, dict | list):
            hint = f"{dotted(keys[: depth + 1])} is a value, not a table"
            return Problem("", path, shown(value), "no such path", hint)
    if keys[-1] == "strategy" and node.get("strategy") != value:
        node.clear()
    node[keys[-1]] = value
    return None
