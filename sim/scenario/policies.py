"""Strategy parameters that lie in files: read into the scenario, so that its hash covers them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.events.strategy import StrategyChange
from sim.scenario.files import named_file, read_text, root_of
from sim.scenario.findings import must_exist, problem_at
from sim.scenario.paths import Key, dotted, shown
from sim.scenario.schema.scenario import Scenario
from sim.strategies.pricing.q_learning import QLearning
from sim.strategies.registry import strategies

Tables = Iterator[tuple[tuple[Key, ...], dict[str, Any]]]


def _tables(node: Any, keys: tuple[Key, ...] = ()) -> Tables:
    if isinstance(node, dict):
        yield keys, node
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            yield from _tables(value, (*keys, key))


def read_files(data: dict[str, Any], file: str, origin: Callable[[str], str]) -> list[Problem]:
    """Put the content of files that pricing strategies name in the place of their names.

    Paths are relative to the file that states them and stay in its folder tree. `origin` tells the
    file of a dotted path.
    """
    problems: list[Problem] = []
    known = strategies("pricing")
    for keys, table in list(_tables(data)):
        name = table.get("strategy")
        cls = known.get(name) if isinstance(name, str) else None
        for parameter in cls.files if cls is not None else ():
            if not isinstance(table.get(parameter), str):
                continue
            path = dotted((*keys, parameter))
            label = origin(path)
            stated = Path(label if label.endswith(".toml") else file)
            try:
                table[parameter] = _content(stated, table[parameter], path, label)
            except ScenarioError as error:
                problems += error.problems
    return problems


def _content(stated: Path, name: str, path: str, label: str) -> dict[str, Any]:
    place = stated.resolve()
    target = named_file(place, name, root_of(place), path, label)
    try:
        content = json.loads(read_text(target, label))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ScenarioError):
            raise
        raise ScenarioError([Problem(label, path, shown(name), "is no JSON", str(error))]) from None
    if not isinstance(content, dict):
        raise ScenarioError([Problem(label, path, shown(name), "must hold a JSON object")])
    return content


def policies_name_rivals(scenario: Scenario) -> Iterator[Problem]:
    """A learned policy answers to the prices of another vendor of the scenario."""
    tables = [(f"vendors.{name}", name, v.pricing) for name, v in scenario.vendors.items()]
    tables += [
        (f"events.{index}", event.vendor, event.pricing)
        for index, event in enumerate(scenario.events)
        if isinstance(event, StrategyChange) and event.pricing is not None
    ]
    for path, vendor, pricing in tables:
        policy = pricing.get("policy")
        if pricing.get("strategy") != QLearning.name or not isinstance(policy, dict):
            continue
        rival = policy.get("rival")
        where = f"{path}.pricing.policy.rival"
        yield from must_exist(where, str(rival), scenario.vendors, "vendor")
        if rival == vendor:
            yield problem_at(where, shown(rival), "must be another vendor")
