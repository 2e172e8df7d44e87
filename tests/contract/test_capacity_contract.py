"""What holds for every capacity strategy, and the exact orders of some."""

from __future__ import annotations

import dataclasses
import math
import pickle
from datetime import date
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.parts import Part
from sim.strategies.capacity import CapacityStrategy, SupplyBooks, SupplyView
from sim.strategies.registry import make, strategies
from tests.unit.market.tiny import changed, ran

NAMES = tuple(strategies("capacity"))
STEPS = [{"month": "2024-03", "cards": 2.0}, {"month": "2024-06", "money": 600.0}]
CASES: dict[str, dict[str, Any]] = {"follow": {}, "lead": {}, "plan": {"steps": STEPS}}
VIEW = SupplyView(
    month=2, date=date(2024, 3, 1), lead_months=5, availability=0.5, market_growth=0.04
)
BOOKS = SupplyBooks(
    load=1_000.0,
    there=900.0,
    trend=0.02,
    headroom=1.25,
    output_per_card=0.8,
    cost_factor=1.5,
    cash=100.0,
    funding_limit=500.0,
)
SCENES = {
    "usual": (VIEW, BOOKS),
    "no load": (VIEW, dataclasses.replace(BOOKS, load=0.0)),
    "no cards": (VIEW, dataclasses.replace(BOOKS, there=0.0)),
    "shrinking": (
        dataclasses.replace(VIEW, market_growth=-0.3),
        dataclasses.replace(BOOKS, trend=-0.5),
    ),
    "long lead": (dataclasses.replace(VIEW, lead_months=36), BOOKS),
    "out of money": (VIEW, dataclasses.replace(BOOKS, cash=-1e6)),
    "nothing to buy": (
        dataclasses.replace(VIEW, availability=0.0),
        dataclasses.replace(BOOKS, cost_factor=80.0),
    ),
}


def fresh(name: str, **parameters: Any) -> CapacityStrategy:
    strategy = make("capacity", name, CASES.get(name, {}) | parameters)
    assert isinstance(strategy, CapacityStrategy)
    return strategy


@pytest.mark.parametrize("name", NAMES)
class TestEveryStrategy:
    def test_has_a_case(self, name: str) -> None:
        assert name in CASES

    @pytest.mark.parametrize("scene", SCENES)
    def test_orders_are_numbers_and_repeat(self, name: str, scene: str) -> None:
        strategy = fresh(name)
        first = [strategy.order(*SCENES[scene]) for _ in range(3)]
        assert type(first[0]) is float
        assert math.isfinite(first[0])
        strategy.reset()
        again = pickle.loads(pickle.dumps(strategy))
        assert [strategy.order(*SCENES[scene]), again.order(*SCENES[scene])] == first[:2]

    def test_facts(self, name: str) -> None:
        cls = strategies("capacity")[name]
        assert (cls.name, cls.kind) == (name, "capacity")
        assert cls.source.strip()
        assert cls.deterministic is True
        assert cls.observes
        assert issubclass(cls.Parameters, Part)
        assert cls.__doc__

    def test_unknown_parameter_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="no_such_parameter"):
            fresh(name, no_such_parameter=1)

    def test_runs_a_market(self, name: str) -> None:
        model = ran(changed({"vendors.dam.investment": {"strategy": name} | CASES[name]}))
        assert model.vendors["dam"].investment.name == name
        assert (model.curves["cards_ordered"] >= 0.0).all()


def test_follow_fills_the_gap_at_delivery() -> None:
    wanted = (1.25 * math.exp(0.02 * 5) * 1_000.0 - 900.0) / 0.8
    assert fresh("follow").order(VIEW, BOOKS) == pytest.approx(wanted, rel=1e-15)


@pytest.mark.parametrize(
    ("own", "market", "target", "growth"),
    [(0.02, 0.04, 0.0, 0.04), (0.09, 0.04, 0.0, 0.09), (0.02, 0.04, 0.1, 0.1)],
)
def test_lead_builds_for_the_highest_growth(
    own: float, market: float, target: float, growth: float
) -> None:
    view = dataclasses.replace(VIEW, market_growth=market)
    books = dataclasses.replace(BOOKS, trend=own)
    strategy = fresh("lead", ahead_months=4, target_growth=target)
    wanted = (1.25 * math.exp(growth * 9) * 1_000.0 - 900.0) / 0.8
    assert strategy.order(view, books) == pytest.approx(wanted, rel=1e-15)


def test_a_plan_orders_cards_or_what_its_money_buys() -> None:
    strategy = fresh("plan", card_price=100_000.0)
    months = [date(2024, m, 1) for m in (2, 3, 5, 6, 12)]
    orders = [strategy.order(dataclasses.replace(VIEW, date=m), BOOKS) for m in months]
    bought = 600e6 / (100_000.0 * 1.5)
    assert orders == [0.0, 2_000.0, 2_000.0, bought, bought]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "at least one step"),
        ([{"month": "2024-03"}], "either cards or money"),
        ([{"month": "2024-03", "cards": 1.0, "money": 1.0}], "either cards or money"),
        ([{"month": "2024-03", "cards": 1.0}, {"month": "2024-03", "cards": 2.0}], "must be after"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_before_a_run(
    steps: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(ScenarioError, match=words):
        changed({"vendors.dam.investment": {"strategy": "plan", "steps": steps}})


def test_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ScenarioError, match="follow"):
        changed({"vendors.dam.investment": {"strategy": "folow"}})
