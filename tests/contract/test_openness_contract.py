"""What holds for every openness strategy, and the exact months of some."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from sim.parts import Part
from sim.strategies.openness import OpennessStrategy, OwnFamily
from sim.strategies.registry import make, strategies

NAMES = tuple(strategies("openness"))
MONTHS = range(40)


def fresh(name: str, **parameters: Any) -> OpennessStrategy:
    strategy = make("openness", name, parameters)
    assert isinstance(strategy, OpennessStrategy)
    return strategy


def answers(strategy: OpennessStrategy) -> tuple[list[bool], list[bool]]:
    return [strategy.opens(m) for m in MONTHS], [strategy.hosts(m) for m in MONTHS]


@pytest.mark.parametrize("name", NAMES)
class TestEveryStrategy:
    def test_answers_are_yes_or_no_and_never_taken_back(self, name: str) -> None:
        for series in answers(fresh(name)):
            assert set(map(type, series)) == {bool}
            assert series == sorted(series)

    def test_same_question_same_answer(self, name: str) -> None:
        strategy = fresh(name)
        first = answers(strategy)
        assert answers(strategy) == first
        strategy.reset()
        assert answers(strategy) == first
        assert answers(pickle.loads(pickle.dumps(strategy))) == first

    def test_facts(self, name: str) -> None:
        cls = strategies("openness")[name]
        assert (cls.name, cls.kind) == (name, "openness")
        assert cls.source.strip()
        assert cls.deterministic is True
        assert isinstance(cls.observes, tuple)
        assert issubclass(cls.Parameters, Part)
        assert cls.__doc__

    def test_unknown_parameter_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="no_such_parameter"):
            make("openness", name, {"no_such_parameter": 1})


def test_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'open_weight' \(nearest: open_weights\)"):
        make("openness", "open_weight", {})


@pytest.mark.parametrize(
    ("name", "parameters", "opens_at", "hosts_at"),
    [
        ("closed", {}, None, None),
        ("open_weights", {}, 0, None),
        ("delayed_open", {"delay_months": 7}, 7, None),
        ("delayed_open", {"delay_months": 0}, 0, None),
        ("host_rivals", {"delay_months": 3}, None, 3),
        ("open_core", {"delay_months": 5}, 5, None),
    ],
)
def test_exact_months(
    name: str, parameters: dict[str, int], opens_at: int | None, hosts_at: int | None
) -> None:
    opens, hosts = answers(fresh(name, **parameters))
    assert opens == [opens_at is not None and m >= opens_at for m in MONTHS]
    assert hosts == [hosts_at is not None and m >= hosts_at for m in MONTHS]


@pytest.mark.parametrize(
    ("parameters", "family", "opens_at"),
    [
        ({}, OwnFamily("small", flagship=False), 0),
        ({}, OwnFamily("best", flagship=True), 6),
        ({"open": ["sm*"]}, OwnFamily("small", flagship=True), 0),
        ({"open": ["sm*"]}, OwnFamily("old", flagship=False), 6),
    ],
)
def test_open_core_opens_the_core_at_once(
    parameters: dict[str, Any], family: OwnFamily, opens_at: int
) -> None:
    strategy = fresh("open_core", delay_months=6, **parameters)
    assert [strategy.opens_family(family, m) for m in MONTHS] == [m >= opens_at for m in MONTHS]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "open_core"])
def test_others_treat_all_families_alike(name: str) -> None:
    strategy = fresh(name)
    for flagship in (True, False):
        got = [strategy.opens_family(OwnFamily("any", flagship), m) for m in MONTHS]
        assert got == [strategy.opens(m) for m in MONTHS]
