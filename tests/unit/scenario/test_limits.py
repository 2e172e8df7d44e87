"""Limits of a file, and levers whose patch has another type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.scenario.patches import replace
from sim.scenario.reader import (
    DEEPEST,
    LARGEST_INTEGER,
    LONGEST_TEXT,
    TOO_DEEP,
    TOO_LARGE,
    limit_problems,
    load,
)

SCENARIOS = Path(__file__).parents[3] / "scenarios"


def nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {"a": 1.0}
    for _ in range(depth - 1):
        data = {"a": data}
    return data


@pytest.mark.parametrize(
    ("data", "rules"),
    [
        ({"a": [1, [2.0, "x", True]], "b": {"c": []}}, []),
        (nested(DEEPEST), []),
        (nested(DEEPEST + 1), [TOO_DEEP]),
        ({"a": [{"b": float("inf")}], "c": float("nan")}, ["must be a finite number"] * 2),
        ({"a": LARGEST_INTEGER, "b": "x" * LONGEST_TEXT}, []),
        (
            {"a": -LARGEST_INTEGER - 1},
            [f"must be between -{LARGEST_INTEGER} and {LARGEST_INTEGER}"],
        ),
        ({"a": "x" * (LONGEST_TEXT + 1)}, [f"must be shorter than {LONGEST_TEXT} characters"]),
        ({"a": [0] * 200_001}, [TOO_LARGE]),
    ],
)
def test_limits_of_a_file(data: dict[str, Any], rules: list[str]) -> None:
    assert [problem.rule for problem in limit_problems(data)] == rules


def test_an_off_patch_of_another_type_is_refused_though_it_is_equal() -> None:
    scenario = load(SCENARIOS / "tiny.toml")
    name, lever = next(iter(scenario.levers.items()))
    path = f"vendors.{lever.vendor}.appeal.api"
    same = replace(scenario, {path: 1.0})
    replace(same, {f"levers.{name}.off": {path: 1.0}})
    with pytest.raises(ScenarioError, match=f"levers.{name}.off"):
        replace(same, {f"levers.{name}.off": {path: True}})
