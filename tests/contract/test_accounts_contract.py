"""What holds for every key-account strategy, and the exact limits of some."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from sim.parts import Part
from sim.strategies.accounts import LARGEST_CONCESSION, AccountsStrategy, Bids, Concession
from sim.strategies.registry import make, strategies
from tests.contract.mock import SCENES, Scene

NAMES = tuple(strategies("accounts"))
FACTS = {"budget": 7.0, "largest_discount": 0.2, "largest_credit": 0.1}
MOST, NOTHING = Concession(0.2, 0.1), Concession()


def fresh(name: str, **parameters: Any) -> AccountsStrategy:
    strategy = make("accounts", name, parameters)
    assert isinstance(strategy, AccountsStrategy)
    return strategy


def asked(strategy: AccountsStrategy, scene: Scene) -> Bids:
    view, books = scene.view(), scene.books()
    return strategy.bounded(books, strategy.wanted(view, books))


@pytest.mark.parametrize("name", NAMES)
class TestEveryStrategy:
    @pytest.mark.parametrize("scene", SCENES)
    def test_limits_are_valid(self, name: str, scene: str) -> None:
        bids = asked(fresh(name), SCENES[scene])
        assert 0.0 <= bids.budget < 1e9
        for one in (bids.others, bids.own):
            assert min(one.discount, one.credit) >= 0.0
            assert one.total <= LARGEST_CONCESSION

    def test_nothing_beyond_the_funding_limit(self, name: str) -> None:
        assert asked(fresh(name), SCENES["out_of_money"]) == Bids()

    def test_who_never_bids_concedes_nothing(self, name: str) -> None:
        strategy = fresh(name)
        bids = [asked(strategy, scene) for scene in SCENES.values()]
        assert strategy.bids or set(bids) == {Bids()}

    def test_same_question_same_answer(self, name: str) -> None:
        strategy = fresh(name)
        first = [asked(strategy, scene) for scene in SCENES.values()]
        strategy.reset()
        assert [asked(strategy, scene) for scene in SCENES.values()] == first
        again = pickle.loads(pickle.dumps(strategy))
        assert [asked(again, scene) for scene in SCENES.values()] == first

    def test_sees_and_does_not_touch(self, name: str) -> None:
        for scene in SCENES.values():
            view, books = scene.view(), scene.books()
            held = pickle.dumps((scene.demand, view.price, view.token_share, books))
            fresh(name).wanted(view, books)
            assert pickle.dumps((scene.demand, view.price, view.token_share, books)) == held

    def test_limits_cannot_be_written(self, name: str) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            asked(fresh(name), SCENES["usual"]).budget = 1.0  # type: ignore[misc]

    def test_facts(self, name: str) -> None:
        cls = strategies("accounts")[name]
        assert (cls.name, cls.kind) == (name, "accounts")
        assert cls.source.strip()
        assert cls.deterministic is True
        assert all(isinstance(what, str) and what for what in cls.observes)
        assert issubclass(cls.Parameters, Part)
        assert cls.__doc__

    def test_unknown_parameter_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="no_such_parameter"):
            make("accounts", name, {"no_such_parameter": 1.0})


@pytest.mark.parametrize(
    ("name", "others", "own"),
    [("poach", MOST, NOTHING), ("retain", NOTHING, MOST), ("bid_all", MOST, MOST)],
)
def test_exact_limits(name: str, others: Concession, own: Concession) -> None:
    assert asked(fresh(name, **FACTS), Scene()) == Bids(others, own, 7.0)


def test_the_usual_limits_are_the_deal_of_the_record() -> None:
    """300 quoted; 250 and an investment of 15 won (F0015 to F0017)."""
    most = asked(fresh("poach"), Scene()).others
    np.testing.assert_allclose([300 * (1 - most.discount), 300 * most.credit], [250.0, 15.0])
    np.testing.assert_allclose(most.total, 65 / 300)


def test_a_client_always_pays_something() -> None:
    with pytest.raises(ValueError, match=r"must not pass 0.95: a client always pays"):
        make("accounts", "poach", {"largest_discount": 0.7, "largest_credit": 0.3})


@pytest.mark.parametrize(
    ("bids", "message"),
    [
        (Bids(Concession(-0.1)), "must not be negative"),
        (Bids(Concession(), Concession(float("nan"))), "must not be negative"),
        (Bids(Concession(0.6, 0.6)), "end at 0.95"),
        (Bids(budget=-1.0), "a budget must not be negative"),
    ],
)
def test_senseless_limits_are_refused(bids: Bids, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fresh("poach").bounded(Scene().books(), bids)
