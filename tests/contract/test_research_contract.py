"""What holds for every research strategy, and the exact spending of some."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from sim.analysis.verification.verify import load_cases
from sim.parts import Part
from sim.strategies.registry import make, strategies
from sim.strategies.research import LadderParameters, ResearchBooks, ResearchStrategy
from tests.contract.mock import SCENES

NAMES = tuple(strategies("research"))
USUAL = ResearchBooks(
    vendor=0,
    revenue=400.0,
    call_margin=100.0,
    token_share=0.3,
    capability_weight=1.5,
    cash=100.0,
    funding_limit=500.0,
)
BOOKS = {
    "usual": USUAL,
    "first_month": dataclasses.replace(USUAL, revenue=0.0),
    "losing_money": dataclasses.replace(USUAL, call_margin=-50.0, cash=-400.0),
    "alone": dataclasses.replace(USUAL, token_share=1.0),
    "nobody_asks": dataclasses.replace(USUAL, call_margin=0.0, capability_weight=0.0),
}


def fresh(name: str, **parameters: Any) -> ResearchStrategy:
    strategy = make("research", name, parameters)
    assert isinstance(strategy, ResearchStrategy)
    return strategy


def spends(strategy: ResearchStrategy) -> list[float]:
    return [strategy.budget(SCENES["usual"].view(), books) for books in BOOKS.values()]


@pytest.mark.parametrize("name", NAMES)
class TestEveryStrategy:
    def test_spends_a_sum_of_money(self, name: str) -> None:
        for spent in spends(fresh(name)):
            assert isinstance(spent, float)
            assert np.isfinite(spent)
            assert spent >= 0.0

    def test_same_question_same_answer(self, name: str) -> None:
        strategy = fresh(name)
        first = spends(strategy)
        assert spends(pickle.loads(pickle.dumps(strategy))) == first
        strategy.reset()
        assert spends(strategy) == first

    def test_books_and_view_are_read_only(self, name: str) -> None:
        view = SCENES["usual"].view()
        held = pickle.dumps((view.price, view.token_share))
        fresh(name).budget(view, USUAL)
        assert pickle.dumps((view.price, view.token_share)) == held
        with pytest.raises(dataclasses.FrozenInstanceError):
            USUAL.cash = 0.0  # type: ignore[misc]

    def test_facts(self, name: str) -> None:
        cls = strategies("research")[name]
        assert (cls.name, cls.kind) == (name, "research")
        assert cls.source.strip()
        assert cls.deterministic is True
        assert isinstance(cls.observes, tuple)
        assert issubclass(cls.Parameters, Part)
        assert cls.__doc__
        assert issubclass(cls.Parameters, LadderParameters) is (name != "none")

    def test_unknown_parameter_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="no_such_parameter"):
            make("research", name, {"no_such_parameter": 1})


@pytest.mark.parametrize(
    ("name", "parameters", "spent"),
    [
        ("none", {}, [0.0] * 5),
        ("fixed", {"spend": 70.0}, [70.0] * 5),
        ("share_of_revenue", {"share": 0.25}, [100.0, 0.0, 100.0, 100.0, 100.0]),
    ],
)
def test_exact_spending(name: str, parameters: dict[str, float], spent: list[float]) -> None:
    assert spends(fresh(name, **parameters)) == spent


def test_best_reply_spends_nothing_where_a_step_earns_nothing() -> None:
    usual, first, losing, alone, nobody = spends(fresh("best_reply", effectiveness=0.1))
    assert usual == first > 0.0
    assert [losing, alone, nobody] == [0.0] * 3


LADDERS = [case for case in load_cases() if case["family"] == "rd_quality_ladder"]


@pytest.mark.parametrize("case", LADDERS, ids=lambda case: case["id"])
def test_best_reply_is_the_published_investment(case: dict[str, Any]) -> None:
    """x* of Pakes & McGuire for a step that is worth what the case says."""
    facts = case["inputs"]
    strategy = fresh(
        "best_reply", effectiveness=facts["a"], discount=facts["discount"], step=1.0, lead_kept=0.0
    )
    books = dataclasses.replace(
        USUAL, call_margin=facts["value_gain"], token_share=0.0, capability_weight=1.0
    )
    spent = strategy.budget(SCENES["usual"].view(), books)
    np.testing.assert_allclose(spent, case["expected"]["optimal_investment"], atol=1e-9)
