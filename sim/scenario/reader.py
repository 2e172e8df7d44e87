"""From a scenario file to a validated scenario."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario.checks.sense import examined
from sim.scenario.files import Origins, read_files, read_tables
from sim.scenario.off import by_strategy_first
from sim.scenario.paths import Key, set_path, shown
from sim.scenario.schema.scenario import Scenario

OVERRIDES = "--set"


def parse_override(text: str) -> tuple[str, Any]:
    """`dotted.path=value` as path and value; a value that is no TOML is a text.

    Raises
    ------
    ScenarioError
        Without a path or an equals sign.
    """
    path, equals, written = text.partition("=")
    path = path.strip()
    if not equals or not path:
        raise ScenarioError(
            [Problem(OVERRIDES, path or "(path)", shown(text), "must be dotted.path=value")]
        )
    try:
        read = tomllib.loads(f"value = {written.strip()}")
    except (ValueError, RecursionError):
        read = {}
    return path, read["value"] if list(read) == ["value"] else written.strip()


def _pairs(
    overrides: Mapping[str, Any] | Sequence[str],
) -> tuple[list[tuple[str, Any]], list[Problem]]:
    if isinstance(overrides, Mapping):
        return by_strategy_first(overrides.items()), []
    pairs: list[tuple[str, Any]] = []
    problems: list[Problem] = []
    for text in overrides:
        try:
            pairs.append(parse_override(text))
        except ScenarioError as error:
            problems += error.problems
    return by_strategy_first(pairs), problems


def _origin(path: str, origins: Origins, file: str) -> str:
    keys: tuple[Key, ...] = tuple(int(p) if p.isdecimal() else p for p in path.split("."))
    for length in range(len(keys), 0, -1):
        if origins.get(keys[:length]):
            return origins[keys[:length]]
    below = {name for held, name in origins.items() if held[: len(keys)] == keys and name}
    return below.pop() if len(below) == 1 else file


def load(
    path: str | os.PathLike[str], overrides: Mapping[str, Any] | Sequence[str] = ()
) -> Scenario:
    """Read, merge, override and validate a scenario file.

    Parameters
    ----------
    path : path
        A TOML file. `extends` names another one, relative to it and inside the same `scenarios`
        folder: tables are merged, lists of tables appended.
    overrides : mapping of dotted path to value, or sequence of ``"dotted.path=value"``
        Values written last.

    Raises
    ------
    ScenarioError
        With all problems at once: unknown, reserved or duplicate keys, wrong types, values out of
        range, missing values, and what makes no economic sense.
    """
    file = os.fspath(path)
    data, origins = read_tables(Path(file), file)
    pairs, problems = _pairs(overrides)
    for dotted_path, value in pairs:
        refused = set_path(data, dotted_path, value)
        if refused is not None:
            problems.append(
                Problem(OVERRIDES, refused.path, refused.value, refused.rule, refused.hint)
            )
        else:
            keys: tuple[Key, ...] = tuple(
                int(part) if part.isdecimal() else part for part in dotted_path.split(".")
            )
            origins[keys] = OVERRIDES
    unread = read_files(data, file, lambda stated: _origin(stated, origins, file))
    scenario, found = examined(data)
    found = [p for p in found if p.path not in {problem.path for problem in unread}]
    problems += unread
    problems += [
        Problem(_origin(p.path, origins, file), p.path, p.value, p.rule, p.hint) for p in found
    ]
    if problems or scenario is None:
        raise ScenarioError(problems)
    return scenario
