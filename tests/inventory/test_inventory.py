"""What the baseline holds is still there, or was dropped for a reason that the baseline states."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.inventory.names import BASELINE, inventory
from tests.inventory.refresh import merged

HINT = "bring it back, or give the reason in the table `dropped` of tests/inventory/baseline.json"


def baseline() -> dict[str, Any]:
    held: dict[str, Any] = json.loads(BASELINE.read_text(encoding="utf-8"))
    return held


@pytest.fixture(scope="module")
def now() -> dict[str, list[str]]:
    return inventory()


@pytest.mark.parametrize("kind", list(baseline()["names"]))
def test_nothing_is_lost(kind: str, now: dict[str, list[str]]) -> None:
    dropped = baseline()["dropped"].get(kind, {})
    lost = set(baseline()["names"][kind]) - set(now.get(kind, ())) - set(dropped)
    assert sorted(lost) == [], HINT


def test_every_drop_is_real_and_has_a_reason(now: dict[str, list[str]]) -> None:
    for kind, reasons in baseline()["dropped"].items():
        assert set(reasons) <= set(baseline()["names"][kind])
        assert not set(reasons) & set(now.get(kind, ())), "it is there: take it out of `dropped`"
        assert all(reason.strip() for reason in reasons.values())


def test_lists_are_sorted_and_hold_no_name_twice(now: dict[str, list[str]]) -> None:
    for names in (baseline()["names"], now):
        for kind, of_kind in names.items():
            assert of_kind == sorted(set(of_kind)), kind


def test_a_refresh_forgets_nothing() -> None:
    held, new = {"verbs": ["run", "tell"]}, {"verbs": ["ask", "run"], "events": ["flood"]}
    assert merged(held, new) == {"verbs": ["ask", "run", "tell"], "events": ["flood"]}
