"""Threads share the clients; nothing else may depend on them."""

from __future__ import annotations

import os
from unittest import mock

import pytest

import sim.market.simulation
from sim.market.clients import threads
from sim.market.simulation import Simulation
from sim.scenario.patches import replace
from sim.scenario.reader import load


def run_with(number: int) -> Simulation:
    changes = {"population.clients": 501, "calendar.months": 6, "containment.window_months": 3}
    with mock.patch.object(sim.market.simulation, "threads_for", return_value=number):
        model = Simulation(replace(load("scenarios/tiny.toml"), changes), 3)
    assert model.threads == number
    return model.run()


def test_any_number_of_threads_gives_the_same_bits() -> None:
    one = run_with(1)
    for number in (2, 3, 5):
        other = run_with(number)
        for name, curve in one.curves.items():
            assert curve.tobytes() == other.curves[name].tobytes(), name
        for name, column in vars(one.choices).items():
            assert column.tobytes() == getattr(other.choices, name).tobytes(), name
        for name, counts in vars(one.tally).items():
            assert counts.tobytes() == getattr(other.tally, name).tobytes(), name


def test_ranges_cover_everything_once() -> None:
    for parts in (1, 2, 3, 7):
        seen: list[tuple[int, int, int]] = []
        threads.over_ranges(10, parts, lambda p, a, b, to=seen: to.append((p, a, b)))
        rows = [row for _, begin, end in sorted(seen) for row in range(begin, end)]
        assert rows == list(range(10))
        assert sorted(part for part, _, _ in seen) == list(range(parts))


def test_an_error_in_a_thread_is_raised() -> None:
    def fails(part: int, begin: int, end: int) -> None:
        if part == 1:
            raise ValueError("part 1")

    with pytest.raises(ValueError, match="part 1"):
        threads.over_ranges(10, 2, fails)


def test_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert threads.threads_for(1_000, 8) == 1
    assert threads.threads_for(10**6, 8) == 8
    monkeypatch.setenv(threads.VARIABLE, "3")
    assert threads.default_threads() == 3
    assert threads.threads_for(10**6) == 3
    monkeypatch.delenv(threads.VARIABLE)
    assert threads.default_threads() == len(os.sched_getaffinity(0))
