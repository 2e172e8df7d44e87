"""What holds for every marketing strategy, and the exact stages of some."""

from __future__ import annotations

import pickle
from datetime import date
from typing import Any

import numpy as np
import pytest

from sim.months import month_after
from sim.parts import Part
from sim.strategies.marketing import (
    MarketingBooks,
    MarketingStrategy,
    MarketingView,
    Stage,
    months_since,
)
from sim.strategies.registry import make, strategies
from tests.contract.mock import sealed

NAMES = tuple(strategies("marketing"))
START = date(2026, 1, 1)
BOOKS = MarketingBooks(vendor=0, cash=100.0, funding_limit=500.0)
CAMPAIGNS = ((0.0, 0.0, 0.0), (40.0, 80.0, 10.0), (0.0, 0.0, 30.0), (5.0, 9_000.0, 0.0))


def fresh(name: str, **parameters: Any) -> MarketingStrategy:
    strategy = make("marketing", name, parameters)
    assert isinstance(strategy, MarketingStrategy)
    return strategy


def view_of(month: int) -> MarketingView:
    """Three vendors, two segments, two regions."""
    return MarketingView(
        month=month,
        date=month_after(START, month),
        vendors=("a", "b", "c"),
        segments=("finance", "retail"),
        regions=("domestic", "overseas"),
        clients=sealed((0.2, 0.1, 0.4, 0.3)),
        campaign=sealed(CAMPAIGNS[month % len(CAMPAIGNS)]),
        token_share=sealed((0.5, 0.3, 0.2)),
    )


def played(
    strategy: MarketingStrategy, books: MarketingBooks = BOOKS, months: int = 26
) -> list[list[tuple[float, tuple[float, ...]]]]:
    """Money and reach of each stage, month by month."""
    out = []
    for month in range(months):
        stages = strategy.campaign(view_of(month), books)
        out.append([(stage.money, tuple(stage.reach.tolist())) for stage in stages])
    return out


def spent(strategy: MarketingStrategy, months: int = 26) -> list[float]:
    return [sum(money for money, _ in stages) for stages in played(strategy, months=months)]


@pytest.mark.parametrize("name", NAMES)
class TestEveryStrategy:
    def test_stages_cost_money_and_reach_shares(self, name: str) -> None:
        for month in range(26):
            for stage in fresh(name).campaign(view_of(month), BOOKS):
                assert isinstance(stage, Stage)
                assert np.isfinite(stage.money)
                assert stage.money > 0
                assert stage.reach.shape == (4,)
                assert ((stage.reach >= 0) & (stage.reach <= 1)).all()

    def test_same_seed_same_acts(self, name: str) -> None:
        strategy = fresh(name)
        first = played(strategy)
        strategy.reset()
        assert played(strategy) == first
        assert played(pickle.loads(pickle.dumps(fresh(name)))) == first

    def test_without_money_no_stage(self, name: str) -> None:
        broke = MarketingBooks(vendor=0, cash=-501.0, funding_limit=500.0)
        assert not any(played(fresh(name), broke))

    def test_facts(self, name: str) -> None:
        cls = strategies("marketing")[name]
        assert (cls.name, cls.kind) == (name, "marketing")
        assert cls.source.strip()
        assert cls.deterministic is True
        assert isinstance(cls.observes, tuple)
        assert issubclass(cls.Parameters, Part)
        assert cls.__doc__
        for field in cls.Parameters.model_fields.values():
            assert field.description

    def test_unknown_parameter_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="no_such_parameter"):
            make("marketing", name, {"no_such_parameter": 1})


def test_all_are_there() -> None:
    assert set(NAMES) >= {"none", "steady", "exclusive", "surround", "reactive"}


def test_a_strategy_must_say_what_it_stages() -> None:
    with pytest.raises(TypeError, match="does not say"):
        MarketingStrategy().campaign(view_of(0), BOOKS)


def test_exact_money() -> None:
    assert spent(fresh("none")) == [0.0] * 26
    assert spent(fresh("steady", budget=7.0)) == [7.0] * 26
    pulses = spent(fresh("exclusive", budget=90.0, months=[2, 11]))
    assert [m for m, money in enumerate(pulses) if money] == [1, 10, 13, 22, 25]
    assert set(pulses) == {0.0, 90.0}
    rounds = spent(fresh("surround", budget=80.0, months=[12], spread=2))
    assert [m for m, money in enumerate(rounds) if money] == [0, 11, 12, 23, 24]
    assert rounds[11] == rounds[12] == 40.0
    slow = spent(fresh("surround", budget=80.0, months=[1], spread=8), months=12)
    assert slow == [20.0, 0.0] * 4 + [0.0] * 4


def test_equal_budgets_are_equal() -> None:
    for spread in (1, 2, 3, 4, 5, 12):
        local = spent(fresh("surround", budget=80.0, spread=spread, months=[1]), months=12)
        assert sum(local) == pytest.approx(80.0)
    assert sum(spent(fresh("exclusive", budget=80.0), months=12)) == 80.0


def test_local_stages_reach_whom_they_name() -> None:
    stages = [
        {"segments": ["retail"], "reach": 0.5},
        {"regions": ["overseas"], "reach": 0.25},
        {"segments": ["finance"], "regions": ["domestic"], "reach": 1.0, "elsewhere": 0.125},
    ]
    first = played(fresh("surround", months=[1], budget=30.0, stages=stages))[0]
    assert first == [
        (10.0, (0.0, 0.0, 0.5, 0.5)),
        (10.0, (0.0, 0.25, 0.0, 0.25)),
        (10.0, (1.0, 0.125, 0.125, 0.125)),
    ]


def test_reactive_answers_last_months_rivals_up_to_its_limit() -> None:
    anybody = spent(fresh("reactive", share=0.5, largest=100.0), months=4)
    assert anybody == [0.0, 40.0, 15.0, 100.0]
    one = spent(fresh("reactive", rival="c", share=2.0), months=4)
    assert one == [0.0, 20.0, 60.0, 0.0]


def test_months_since() -> None:
    assert [months_since(date(2026, m, 1), 11) for m in (11, 12, 1, 10)] == [0, 1, 2, 11]
