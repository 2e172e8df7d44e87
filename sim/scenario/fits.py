"""The numbers that a calibration may choose: where they stand and whether they can be chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sim.errors import Problem
from sim.scenario.findings import problem_at
from sim.scenario.paths import dotted, leaves, nearest_hint, shown
from sim.scenario.schema.scenario import Scenario


def numbers(tables: Mapping[str, Any]) -> dict[str, float]:
    """Every number of plain tables by its dotted path."""
    return {
        dotted(keys): value
        for keys, value in leaves(tables)
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _is_number(tables: Mapping[str, Any], path: str) -> bool:
    """Whether a path through tables alone leads to one of the `numbers`."""
    node: Any = tables
    for key in path.split("."):
        node = node.get(key) if isinstance(node, Mapping) else None
    return isinstance(node, int | float) and not isinstance(node, bool)


def fits_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Fits have names and paths of their own, name numbers, and have a range."""
    tables = scenario.model_dump(mode="python") if scenario.fit else {}
    names: set[str] = set()
    taken: dict[str, str] = {}
    for index, fit in enumerate(scenario.fit):
        place = f"fit.{index}"
        if fit.name in names:
            yield problem_at(f"{place}.name", shown(fit.name), "another fit has this name")
        names.add(fit.name)
        if not fit.low < fit.high:
            yield problem_at(f"{place}.low", fit.low, f"must be below high = {fit.high:g}")
        if fit.scale and fit.low <= 0.0:
            yield problem_at(f"{place}.low", fit.low, "a factor must be above 0")
        for path in fit.paths:
            if not _is_number(tables, path) and path not in numbers(tables):
                hint = nearest_hint(path, list(numbers(tables)))
                yield problem_at(f"{place}.paths", shown(path), "no number stands there", hint)
            elif path in taken:
                yield problem_at(
                    f"{place}.paths", shown(path), f"fit {taken[path]} moves it already"
                )
            taken[path] = fit.name


def errors_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Standard errors of recorded figures are positive."""
    for metric, error in scenario.calibration.errors.items():
        if not 0.0 < error <= 1.0:
            yield problem_at(f"calibration.errors.{metric}", error, "must lie above 0 and up to 1")
