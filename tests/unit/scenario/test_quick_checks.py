"""What is told quickly is what the slow way tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.scenario.off import plain_tables, with_typed_parts, without_but_sources
from sim.scenario.patches import replace
from sim.scenario.reader import load
from sim.scenario.typed import (
    DEEPEST,
    LARGEST_INTEGER,
    LONGEST_TEXT,
    depth_problem,
    typed,
    value_problems,
    within_limits,
)

SCENARIOS = Path(__file__).parents[3] / "scenarios"


def nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {"a": 1.0}
    for _ in range(depth - 1):
        data = {"a": data}
    return data


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"a": [1, (2.0, "x", None, True)], "b": {"c": []}},
        nested(DEEPEST),
        nested(DEEPEST + 1),
        {"a": [{"b": float("inf")}]},
        {"a": {"b": float("nan")}},
        {"a": LARGEST_INTEGER},
        {"a": -LARGEST_INTEGER - 1},
        {"a": "x" * LONGEST_TEXT},
        {"a": "x" * (LONGEST_TEXT + 1)},
        {"a": [0] * 200_001},
    ],
)
def test_limits_are_told_as_by_the_slow_way(data: dict[str, Any]) -> None:
    sound = depth_problem(data) is None and not value_problems(data)
    assert within_limits(data) == sound


def test_tables_without_a_lever_are_typed_as_if_nothing_were_known() -> None:
    scenario = load(SCENARIOS / "volcano-dam.toml")
    whole = plain_tables(scenario)
    for name, lever in scenario.levers.items():
        data, problems = without_but_sources(scenario, {name}, whole)
        assert not problems
        quick = with_typed_parts(data, whole, scenario, lever.off)
        assert typed(quick).scenario == typed(data).scenario
        assert typed(data).scenario != scenario
    assert whole == plain_tables(scenario)


def test_an_off_patch_of_another_type_is_refused_though_it_is_equal() -> None:
    scenario = load(SCENARIOS / "tiny.toml")
    name, lever = next(iter(scenario.levers.items()))
    path = f"vendors.{lever.vendor}.appeal.api"
    same = replace(scenario, {path: 1.0})
    replace(same, {f"levers.{name}.off": {path: 1.0}})
    with pytest.raises(ScenarioError, match=f"levers.{name}.off"):
        replace(same, {f"levers.{name}.off": {path: True}})
