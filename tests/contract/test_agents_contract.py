"""What holds for every agent platform strategy, and the exact answers of some."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from sim.parts import Part
from sim.strategies.agents import NOTHING, SIDES, AgentBooks, AgentStrategy, AgentView, Offer
from sim.strategies.registry import make, strategies
from tests.contract.mock import sealed

NAMES = tuple(strategies("agents"))
CASES: dict[str, dict[str, Any]] = {
    "none": {},
    "own_platform": {"side": "creators", "portability": 0.4, "agents": 12.0},
    "open_plugins": {"days_to_build": 2.0, "builders": 3.0},
    "subsidise": {"side": "enterprises", "subsidy": 700.0, "budget": 2.5},
}
RICH = AgentBooks(vendor=0, cash=100.0, funding_limit=500.0)
BROKE = AgentBooks(vendor=0, cash=-501.0, funding_limit=500.0)


def fresh(name: str, parameters: dict[str, Any] | None = None) -> AgentStrategy:
    strategy = make("agents", name, CASES[name] if parameters is None else parameters)
    assert isinstance(strategy, AgentStrategy)
    return strategy


def view(month: int = 3) -> AgentView:
    """Two platforms as the vendor of the first meets them."""
    square = [sealed((1.0, 2.0)), sealed((3.0, 4.0))]
    table = np.array(square)
    table.flags.writeable = False
    open_ = np.ones((2, 2), bool)
    open_.flags.writeable = False
    return AgentView(month, open_, table, table, table, table, sealed((9.0, 9.0)))


def told(offer: Offer) -> tuple[list[float], float]:
    return np.asarray(offer.per_builder).tolist(), offer.budget


def test_every_strategy_has_a_case() -> None:
    assert set(CASES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestEveryStrategy:
    def test_opens_a_platform_that_can_be(self, name: str) -> None:
        opened = fresh(name).launch()
        assert (opened is None) == (name == "none")
        if opened is not None:
            assert len(opened.sides) == len(SIDES)
            assert any(opened.sides)
            assert opened.agents >= 0.0
            assert opened.builders >= 0.0
            assert 0.0 <= opened.portability <= 1.0

    def test_offers_are_money_and_the_view_stays(self, name: str) -> None:
        strategy, seen = fresh(name), view()
        for month in range(6):
            offer = strategy.offer(view(month), RICH)
            assert np.shape(offer.per_builder) == (len(SIDES),)
            assert (np.asarray(offer.per_builder) >= 0.0).all()
            assert offer.budget >= 0.0
        assert seen.agents.tolist() == view().agents.tolist()

    def test_same_view_same_offer(self, name: str) -> None:
        strategy = fresh(name)
        first = told(strategy.offer(view(), RICH))
        assert told(fresh(name).offer(view(), RICH)) == first
        strategy.reset()
        assert told(strategy.offer(view(), RICH)) == first
        again = pickle.loads(pickle.dumps(strategy))
        assert told(again.offer(view(), RICH)) == first
        assert again.launch() == strategy.launch()

    def test_pays_nothing_at_the_funding_limit(self, name: str) -> None:
        strategy = fresh(name)
        assert told(strategy.funded(view(), RICH)) == told(strategy.offer(view(), RICH))
        assert told(strategy.funded(view(), BROKE)) == told(NOTHING)

    def test_facts(self, name: str) -> None:
        cls = strategies("agents")[name]
        assert (cls.name, cls.kind) == (name, "agents")
        assert cls.source.strip()
        assert cls.deterministic is True
        assert isinstance(cls.observes, tuple)
        assert issubclass(cls.Parameters, Part)
        assert cls.__doc__

    def test_unknown_parameter_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="no_such_parameter"):
            make("agents", name, {"no_such_parameter": 1})


def test_exact_answers() -> None:
    assert fresh("own_platform").launch() == ((True, False), None, 0.4, 12.0, 0.0)
    assert fresh("open_plugins").launch() == ((True, True), 2.0, 1.0, 0.0, 3.0)
    assert fresh("subsidise").launch() == ((False, True), None, 0.0, 0.0, 0.0)
    assert told(fresh("subsidise").offer(view(), RICH)) == ([0.0, 700.0], 2.5)
    assert told(fresh("own_platform").offer(view(), RICH)) == ([0.0, 0.0], 0.0)


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="portability"):
        make("agents", "own_platform", {"portability": 1.2})
    with pytest.raises(ValueError, match="portability"):
        make("agents", "open_plugins", {"portability": 0.5})
    with pytest.raises(ValueError, match=r"'own_platfrom' \(nearest: own_platform\)"):
        make("agents", "own_platfrom", {})
