"""The registry: names, duplicates, the nearest name."""

from __future__ import annotations

import pytest

from sim.errors import SimError
from sim.registry import Registry


def one() -> None: ...


def other() -> None: ...


def test_names_are_sorted_and_found() -> None:
    registry: Registry[int] = Registry("number", "sim.levers")
    registry.add("two", 2, one)
    registry.add("three", 3, other)
    assert list(registry.all()) == ["three", "two"]
    assert registry.get("two") == 2
    with pytest.raises(SimError, match=r"no number is called 'twa' \(nearest: two\)"):
        registry.get("twa")


def test_a_name_is_taken_once_but_may_be_registered_again() -> None:
    registry: Registry[int] = Registry("number", "sim.levers")
    registry.add("two", 2, one)
    assert registry.add("two", 22, one) == registry.get("two") == 22
    with pytest.raises(ValueError, match=r"two of one name: number 'two' in .*one and .*other"):
        registry.add("two", 3, other)
