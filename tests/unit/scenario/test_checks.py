"""Typed tables and economic sense: each check fires, and nothing else does."""

from __future__ import annotations

import copy
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import nearest_hint
from sim.scenario.checks.sense import examined, sense
from sim.scenario.paths import Key, covers, leaves, plain_tables, set_path, shown
from sim.scenario.schema.scenario import Scenario
from sim.scenario.typed import typed

BASE = Path(__file__).parents[2] / "cli" / "wrong" / "base.toml"
PLAIN = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.dates()
    | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def problems(tables: dict[str, Any], changes: dict[str, Any]) -> list[str]:
    for path, value in changes.items():
        assert set_path(tables, path, value) is None
    return [str(problem) for problem in examined(tables)[1]]


def test_market_makes_sense(market: Scenario) -> None:
    assert sense(market) == []


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"contest.start": "2020-01"}, "contest.start = 2020-01: must be later"),
        ({"segments.state.share": 0.3}, "segments.*.share = 1.05 in all"),
        ({"vendors.new_cloud.home_share": 0.6}, "vendors.*.home_share = 1.1 in all"),
        ({"vendors.new_cloud.model_company": True}, "vendors.new_cloud.home_share = 0.2"),
        ({"contest.challenger": "x"}, 'contest.challenger = "x": no such vendor'),
        ({"families.old_open.owner": "x"}, 'families.old_open.owner = "x"'),
        ({"vendors.old_cloud.roots.x": 1.0}, 'vendors.old_cloud.roots.x = "x": no such segment'),
        ({"families.old_open.strengths.x": 1.0}, "families.old_open.strengths.x"),
        (
            {"regions": {"here": {"share": 1.0, "excluded_vendors": ["x"]}}},
            "regions.here.excluded_vendors",
        ),
        ({"budget.freed.x": 1.0}, "budget.freed.x"),
        ({"events.0.vendor": "x"}, "events.0.vendor"),
        ({"events.1.family": "x"}, 'events.1.family = "x"'),
        ({"events.0.month": date(2023, 12, 1)}, "events.0.month = 2023-12-01"),
        ({"events.0.lever": "x"}, "events.0.lever"),
        ({"events.0.price_yuan_per_million_tokens": 9.0}, "events.0 = 9.0: a price_cut must not"),
        ({"hosts.0.end": date(2024, 7, 1)}, "hosts.0.end"),
        ({"hosts.0.family": "new_closed"}, "hosts.0.vendor = new_cloud: serves its own"),
        ({"levers.depth.vendor": "x"}, "levers.depth.vendor"),
        ({"levers.depth.off": {"vendors.old_cloud.stack.schedule": 1.0}}, "levers.depth.off"),
        (
            {"levers.depth.off": {"segments.state.share": 0.1}},
            "levers.depth.off = segments.*.share = 0.85 in all",
        ),
        (
            {"levers.depth.off": {"families.old_open.weights": "as_owner"}},
            "levers.depth.off = families.old_open.weights: lever open_source writes another",
        ),
        ({"vendors.old_cloud.capacity.initial": 0.0}, "vendors.old_cloud.capacity.initial = 0.0"),
        ({"containment.window_months": 13}, "containment.window_months = 13"),
        ({"decisions.lowest_price": 8.5}, "families.new_closed.price = 8.0"),
        ({"sources.0.path": "segments.*.size"}, "sources.0.path"),
        (
            {"vendors.new_cloud.rents": False, "vendors.old_cloud.rents": False},
            "kinds.training.unit",
        ),
    ],
)
def test_each_check_fires_alone(
    changes: dict[str, Any], start: str, tables: dict[str, Any]
) -> None:
    found = problems(tables, changes)
    assert found
    assert found[0].startswith(start), found
    related = [text for text in found if text.startswith((start, "levers.", "hosts.", "events."))]
    assert related == found


def test_tokens_need_a_family(tables: dict[str, Any]) -> None:
    for key in ("families", "hosts", "events", "levers"):
        del tables[key]
    assert [str(p) for p in examined(tables)[1]] == [
        "kinds.assistant.unit = tokens: no model family serves it (add a table [families.NAME])"
    ]


def test_overlapping_hosts(tables: dict[str, Any]) -> None:
    tables["hosts"].append(dict(tables["hosts"][0], start=date(2024, 9, 1)))
    assert "hosts.1 = new_cloud hosts old_open: overlaps" in str(examined(tables)[1][0])
    tables["hosts"][0]["end"] = date(2024, 9, 1)
    assert examined(tables)[1] == []


def test_no_capacity_is_fine_where_capacity_does_not_limit(tables: dict[str, Any]) -> None:
    changes = {"vendors.old_cloud.capacity.initial": 0.0, "mechanisms.capacity": False}
    assert problems(tables, changes) == []


def test_sense_is_told_beside_wrong_types(tables: dict[str, Any]) -> None:
    tables["demand"] = {"box_cox": "x"}
    tables["containment"] = {"window_months": 13}
    tables["events"].insert(0, {"what": "attention", "month": "soon"})
    tables["events"][1]["vendor"] = "nobody"
    found = [problem.path for problem in examined(tables)[1]]
    assert found[:2] == ["events.0.month", "demand.box_cox"]
    assert "containment.window_months" in found
    assert "events.1.vendor" in found


def test_what_follows_from_a_wrong_value_is_not_told(tables: dict[str, Any]) -> None:
    tables["vendors"]["old_cloud"]["home_share"] = "much"
    assert [problem.path for problem in examined(tables)[1]] == ["vendors.old_cloud.home_share"]


def test_examined_changes_nothing(tables: dict[str, Any]) -> None:
    tables["nonsense"] = {"a": [1]}
    before = copy.deepcopy(tables)
    examined(tables)
    assert tables == before


def places(data: Any) -> list[tuple[Key, ...]]:
    return [keys[:length] for keys, _ in leaves(data) for length in range(1, len(keys) + 1)]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_value_gives_a_traceback(data: st.DataObject) -> None:
    tables = tomllib.loads(BASE.read_text())
    keys = data.draw(st.sampled_from(places(tables)))
    node = tables
    for key in keys[:-1]:
        node = node[key]  # type: ignore[index]
    node[keys[-1]] = data.draw(PLAIN)  # type: ignore[index]
    scenario, found = examined(tables)
    assert (scenario is None) == bool(found)
    assert all("\n" not in str(problem) for problem in found)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    tables=st.dictionaries(
        st.text(max_size=6) | st.sampled_from(list(Scenario.model_fields)), PLAIN, max_size=4
    )
)
def test_no_tables_give_a_traceback(tables: dict[str, Any]) -> None:
    assert examined(tables)[1]


def test_typed_reads_its_own_tables_back(market: Scenario) -> None:
    assert typed(plain_tables(market)).scenario == market


@pytest.mark.parametrize(
    ("pattern", "path", "result"),
    [
        ("a.*.c", "a.b.c", True),
        ("a.*", "a.b.c", True),
        ("a", "a.b", True),
        ("a.b.c", "a.b", False),
        ("a.*.c", "a.b.d", False),
        ("a.b", "ax.b", False),
    ],
)
def test_covers(pattern: str, path: str, result: bool) -> None:
    assert covers(pattern, path) is result


def test_hints_and_values_are_short() -> None:
    assert nearest_hint("pric", ["price", "share"]) == "nearest: price"
    assert nearest_hint("zzz", ["price", "share"]) == "known: price, share"
    assert nearest_hint("zzz", []) == "no name is known here"
    assert shown(True) == "true"
    assert shown("a\x1b") == '"a\\x1b"'
    assert shown("中") == '"中"'
    assert len(shown("x" * 500)) <= 60
    assert shown(10**400) == "an integer of more than 77 digits"
