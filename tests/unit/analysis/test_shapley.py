"""Shapley shares: axioms, an independent computation, bad input."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.analysis.attribution.shapley import all_coalitions, interaction_index, shapley_values

GAMES = st.integers(1, 5).flatmap(lambda n: arrays(float, 2**n, elements=st.integers(-50, 50)))


def by_permutations(values):
    """Mean marginal contribution over all orders of arrival."""
    n = len(values).bit_length() - 1
    shares = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        present = 0
        for player in order:
            shares[player] += values[present | 1 << player] - values[present]
            present |= 1 << player
    return shares / len(orders)


@given(GAMES)
@settings(deadline=None)
def test_shares_are_mean_marginal_contributions_and_add_up(values):
    shares = shapley_values(values)
    assert shares == pytest.approx(by_permutations(values))
    assert shares.sum() == pytest.approx(values[-1] - values[0])


@given(arrays(float, 16, elements=st.integers(-50, 50)))
@settings(deadline=None)
def test_a_dummy_gets_its_own_worth_and_interacts_with_nobody(values):
    doubled = np.concatenate([values, values + 3.0])  # player 4 always adds 3
    shares, pairs = shapley_values(doubled), interaction_index(doubled)
    assert shares[4] == pytest.approx(3.0)
    assert shares[:4] == pytest.approx(shapley_values(values))
    assert pairs[4] == pytest.approx(np.zeros(5))
    assert pairs[:4, :4] == pytest.approx(interaction_index(values))


@given(arrays(float, 8, elements=st.integers(-50, 50)))
@settings(deadline=None)
def test_renaming_players_renames_shares(values):
    order = [2, 0, 1]  # player i of the renamed game is player order[i]
    moved = np.array([values[sum(1 << order[i] for i in range(3) if s >> i & 1)] for s in range(8)])
    assert shapley_values(moved) == pytest.approx(shapley_values(values)[order])
    pairs = interaction_index(values)
    assert interaction_index(moved) == pytest.approx(pairs[np.ix_(order, order)])


def test_two_players_split_their_interaction():
    worth = {frozenset(): 1.0, frozenset("a"): 3.0, frozenset("b"): 2.0, frozenset("ab"): 10.0}
    values = [worth[coalition] for coalition in all_coalitions(["a", "b"])]
    assert values == [1.0, 3.0, 2.0, 10.0]
    assert interaction_index(values)[0, 1] == pytest.approx(6.0)
    assert shapley_values(values) == pytest.approx([5.0, 4.0])


def test_further_axes_are_kept_apart():
    table = np.random.default_rng(1).normal(size=(8, 6, 2))
    shares, pairs = shapley_values(table), interaction_index(table)
    assert shares.shape == (3, 6, 2)
    assert shares[:, 4, 1] == pytest.approx(shapley_values(table[:, 4, 1]))
    assert pairs[:, :, 4, 1] == pytest.approx(interaction_index(table[:, 4, 1]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: shapley_values([1.0, 2.0, 3.0]),
        lambda: shapley_values([1.0]),
        lambda: shapley_values(1.0),
        lambda: interaction_index([0.0, np.nan]),
    ],
)
def test_bad_input_raises(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
