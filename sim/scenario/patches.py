"""Changed copies of a scenario: other values, levers off or in part, its hash and text."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from pydantic import BaseModel

from sim.errors import ScenarioError
from sim.levers.base import Lever
from sim.parts import facts_of
from sim.scenario.checks.sense import validated
from sim.scenario.paths import (
    Key,
    by_strategy_first,
    changed,
    field_at,
    held_at,
    is_number,
    keys_of,
    plain_tables,
    set_path,
    without,
)
from sim.scenario.schema.scenario import Currency, Scenario
from sim.scenario.typed import must_exist

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_value(value: Any) -> str:
    """A value on one line of TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, BaseModel):
        return toml_value(value.model_dump(exclude_defaults=True))
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key_text(key)} = {toml_value(item)}" for key, item in value.items())
        return "{ " + pairs + " }" if pairs else "{}"
    return repr(value)


def key_text(key: str) -> str:
    """A key, in quotes where TOML wants them."""
    return key if BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


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
    full = plain_tables(scenario)
    patches = {name: lever.patch(full) for name, lever in weak.items()}
    if not any(patches[name] or lever.intensity == 0.0 for name, lever in weak.items()):
        return scenario
    data, problems = without(scenario, [n for n, lever in weak.items() if lever.intensity == 0.0])
    partly = {name: lever for name, lever in weak.items() if lever.intensity > 0.0}
    for name, lever in partly.items():
        for path, off in by_strategy_first(patches[name].items()):
            keys = keys_of(path)
            on = _held(full, keys)
            if on is ABSENT:
                continue
            problem = set_path(data, path, _between(full, keys, off, on, lever.intensity))
            if problem is not None:
                problems.append(problem)
        explicit = {key: getattr(lever, key) for key in Lever.model_fields}
        data["levers"][name] = {**explicit, "off": {}, "variants": {}, "off_variant": ""}
    if problems:
        raise ScenarioError(problems)
    mixed = validated(data, worlds=False)
    events = tuple(
        event.scaled(partly[event.lever].intensity) if event.lever in partly else event
        for event in mixed.events
    )
    return mixed.model_copy(update={"events": events})


def _held(data: Any, keys: tuple[Key, ...]) -> Any:
    """The value with the lever on; the default where the file is silent, `ABSENT` without one."""
    value = held_at(data, keys, ABSENT)
    field = field_at(data, keys) if value is ABSENT else None
    return value if field is None or field.is_required() else field.default


def _between(data: Any, keys: tuple[Key, ...], off: Any, on: Any, intensity: float) -> Any:
    """The value between `off` and `on`; `on` where there is no between."""
    if isinstance(off, Mapping) and isinstance(on, Mapping):
        if off.get("strategy") != on.get("strategy"):
            return on
        names = [name for name in on if name in off]
        mixed = {n: _between(data, (*keys, n), off[n], on[n], intensity) for n in names}
        return {**on, **mixed}
    if not (is_number(off) and is_number(on)):
        return on
    logs = facts_of(field_at(data, keys)).get("log", False) and off > 0 and on > 0
    value = (
        math.exp((1.0 - intensity) * math.log(off) + intensity * math.log(on))
        if logs
        else (1.0 - intensity) * off + intensity * on
    )
    return round(value) if isinstance(on, int) and isinstance(off, int) else value


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
        Whether each lever must be able to be off. Without, that is checked when one is taken away.

    Raises
    ------
    ScenarioError
        A path that does not exist (with the nearest name), or a scenario that makes no sense.
    """
    data = plain_tables(scenario)
    own = deepcopy(dict(changes))  # later paths may lead into tables of earlier ones
    if problems := changed(data, own.items()):
        raise ScenarioError(problems)
    if scenario.posterior is not None:
        data.setdefault("posterior", scenario.posterior)
    return validated(data, worlds=worlds)


def _known_levers(scenario: Scenario, names: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(names)
    problems = [p for name in wanted for p in must_exist("levers", name, scenario.levers, "lever")]
    if problems:
        raise ScenarioError(problems)
    return wanted


def without_levers(scenario: Scenario, names: Iterable[str]) -> Scenario:
    """The world in which the named levers are off and their cost is not paid (budget rule a).

    Their off-patches hold, their events do not occur, and nobody hosts a family whose weights they
    close. ScenarioError if a lever does not exist or the world makes no sense.
    """
    data, problems = without(scenario, _known_levers(scenario, names))
    if problems:
        raise ScenarioError(problems)
    return validated(data, worlds=False)


def with_freed_budget(scenario: Scenario, names: Iterable[str]) -> Scenario:
    """As `without_levers`, and the money of each lever goes into its vendor's prices (rule b)."""
    wanted = _known_levers(scenario, names)
    freed = dict(scenario.budget.freed)
    for name in sorted(set(wanted)):
        lever = scenario.levers[name]
        freed[lever.vendor] = freed.get(lever.vendor, 0.0) + lever.intensity * (
            lever.cost + lever.frees
        )
    return replace(without_levers(scenario, wanted), {"budget.freed": freed}, worlds=False)


def with_hosting(scenario: Scenario, host: str, families: Iterable[str], on: bool) -> Scenario:
    """The same market in which `host` serves those families from the first month, or never.

    Families that `host` owns or serves already stay as they are; closed ones cannot be hosted and
    are left out. ScenarioError if a vendor or family does not exist.
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
    """SHA-256 (hex) of all in the scenario but its title, its currency and the name of a posterior.

    Equal for equal scenarios: over canonical JSON (sorted keys, shortest round-trip numbers).
    """
    data = scenario.model_dump(mode="json", exclude={"title", "currency"})
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def to_toml(scenario: Scenario, posterior: str | None = None) -> str:
    """The whole scenario with all defaults as a file that loads to an equal scenario.

    The posterior lies elsewhere for the new file: it is named where it is given.
    """
    import tomli_w

    tables = {**plain_tables(scenario), "posterior": posterior}
    if scenario.currency == Currency():
        del tables["currency"]
    return tomli_w.dumps(_present(tables))


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _present(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_present(item) for item in value]
    return value
