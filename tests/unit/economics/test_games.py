"""Equilibria of matrix games: known ones, properties and bad input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.economics import games
from tests.theory import exact_games

PAYOFFS = st.integers(2, 4).flatmap(
    lambda m: st.integers(2, 4).flatmap(
        lambda n: st.tuples(
            *(
                st.lists(
                    st.lists(st.integers(-9, 9), min_size=n, max_size=n), min_size=m, max_size=m
                )
                for _ in range(2)
            )
        )
    )
)


@pytest.fixture(autouse=True)
def _strict_floats() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


@given(PAYOFFS)
@settings(max_examples=60, deadline=None)
def test_no_player_gains_by_leaving_an_equilibrium(payoffs):
    a, b = (np.array(table, dtype=float) for table in payoffs)
    for found in games.nash_equilibria(a, b):
        against_col, against_row = a @ found.col, found.row @ b
        assert against_col.max() - found.row @ against_col < 1e-6
        assert against_row.max() - against_row @ found.col < 1e-6
        assert found.row.sum() == pytest.approx(1)
        assert found.col.sum() == pytest.approx(1)
        assert found.payoffs[0] == pytest.approx(found.row @ a @ found.col)


@pytest.mark.parametrize("seed", range(8))
def test_a_game_without_ties_has_an_odd_number_of_equilibria(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 4, 5))
    assert len(games.nash_equilibria(a, b)) % 2 == 1


def test_coordination_has_two_pure_and_one_mixed_equilibrium():
    found = games.nash_equilibria([[2, 0], [0, 1]], [[1, 0], [0, 2]])
    assert [e.row.tolist() for e in found[:2]] == [[1, 0], [0, 1]]
    assert found[2].row == pytest.approx([2 / 3, 1 / 3])
    assert found[2].col == pytest.approx([1 / 3, 2 / 3])


@given(st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
@settings(max_examples=30, deadline=None)
def test_units_of_payoffs_do_not_move_equilibria(scale, shift):
    a, b = np.array([[2.0, -1.0], [-1.0, 1.0]]), np.array([[-2.0, 1.0], [1.0, -1.0]])
    (found,) = games.nash_equilibria(a * scale + shift, b)
    assert found.row == pytest.approx([0.4, 0.6], abs=1e-4)
    assert found.col == pytest.approx([0.4, 0.6], abs=1e-4)


def test_levers_without_effect_leave_only_pure_equilibria_to_list():
    found = games.nash_equilibria(np.ones((2, 2)), np.zeros((2, 2)))
    assert len(found) == 4
    assert all(e.row.max() == 1 and e.col.max() == 1 for e in found)


def test_no_extreme_equilibrium_is_missed_or_invented():
    assert exact_games.wrong(games=150, largest=5, seed=1) == []


def test_a_game_with_ties_has_all_four_of_its_extreme_equilibria():
    a = np.array([[0, 0, -1], [0, 0, 1], [1, -1, 0]])
    assert len(games.nash_equilibria(a, -a)) == 4


@pytest.mark.parametrize(
    "call",
    [
        lambda: games.nash_equilibria([[1, 2]], [[1], [2]]),
        lambda: games.nash_equilibria([1, 2], [1, 2]),
        lambda: games.nash_equilibria([[np.nan]], [[1.0]]),
        lambda: games.nash_equilibria(np.ones((11, 11)), np.ones((11, 11))),
    ],
)
def test_bad_input_raises(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
