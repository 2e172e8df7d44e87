"""Changed copies of a scenario, its hash, and its text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario.checks import validated
from sim.scenario.off import by_strategy_first, plain_tables, without
from sim.scenario.paths import nearest_hint, set_path, shown
from sim.scenario.schema.scenario import Scenario


def replace(scenario: Scenario, changes: Mapping[str, Any], *, worlds: bool = True) -> Scenario:
    """A validated copy with other values at dotted paths.

    Parameters
    ----------
    scenario : Scenario
        Stays as it is.
    changes : mapping of str to value
        For example ``{"vendors.a.pricing.strategy": "nash", "events.0.month": "2024-06"}``. A new
        strategy drops the parameters of the old one; a new table needs all its required values.
    worlds : bool
        Whether each lever must be able to be off. Without, who takes one away is told then.

    Raises
    ------
    ScenarioError
        A path that does not exist (with the nearest name), or a scenario that makes no sense.
    """
    data = plain_tables(scenario)
    own = deepcopy(dict(changes))  # later paths may lead into tables of earlier ones
    tried = [set_path(data, path, value) for path, value in by_strategy_first(own.items())]
    problems = [problem for problem in tried if problem is not None]
    if problems:
        raise ScenarioError(problems)
    return validated(data, worlds=worlds)


def _known_levers(scenario: Scenario, names: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(names)
    problems = [
        Problem(
            "", "levers", shown(name), "no such lever", nearest_hint(name, list(scenario.levers))
        )
        for name in wanted
        if name not in scenario.levers
    ]
    if problems:
        raise ScenarioError(problems)
    return wanted


def without_levers(scenario: Scenario, names: Iterable[str]) -> Scenario:
    """The world in which the named levers are off and their cost is not paid (budget rule a).

    Their off-patches hold, their events do not happen, and nobody hosts a family whose weights
    they close.

    Raises
    ------
    ScenarioError
        A lever that does not exist, or a world that makes no sense.
    """
    data, problems = without(scenario, _known_levers(scenario, names))
    if problems:
        raise ScenarioError(problems)
    return validated(data)


def with_freed_budget(scenario: Scenario, names: Iterable[str]) -> Scenario:
    """As `without_levers`, and the money of each lever goes into its vendor's prices (rule b)."""
    wanted = _known_levers(scenario, names)
    freed = dict(scenario.budget.freed)
    for name in sorted(set(wanted)):
        lever = scenario.levers[name]
        freed[lever.vendor] = freed.get(lever.vendor, 0.0) + lever.intensity * (
            lever.cost + lever.frees
        )
    return replace(without_levers(scenario, wanted), {"budget.freed": freed})


def with_hosting(scenario: Scenario, host: str, families: Iterable[str], on: bool) -> Scenario:
    """The same market in which `host` serves those families from the first month, or never.

    Families that `host` owns or serves already stay as they are; closed ones cannot be hosted and
    are left out.

    Raises
    ------
    ScenarioError
        A vendor or family that does not exist.
    """
    wanted = tuple(dict.fromkeys(families))
    data = plain_tables(scenario)
    if not on:
        data["hosts"] = [
            entry
            for entry in data["hosts"]
            if entry["vendor"] != host or entry["family"] not in wanted
        ]
        return validated(data)
    served = {entry.family for entry in scenario.hosts if entry.vendor == host}
    for name in wanted:
        family = scenario.families.get(name)
        if name in served or (family and (family.owner == host or family.weights == "closed")):
            continue
        data["hosts"].append({"vendor": host, "family": name, "start": scenario.calendar.start})
    return validated(data)


def scenario_hash(scenario: Scenario) -> str:
    """SHA-256 (hex) of everything in the scenario but its title.

    Equal for equal scenarios: over canonical JSON (sorted keys, shortest round-trip numbers).
    """
    data = scenario.model_dump(mode="json", exclude={"title"})
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def to_toml(scenario: Scenario) -> str:
    """The whole scenario with all defaults as a file that loads to an equal scenario."""
    import tomli_w

    return tomli_w.dumps(_present(plain_tables(scenario)))


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _present(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_present(item) for item in value]
    return value
