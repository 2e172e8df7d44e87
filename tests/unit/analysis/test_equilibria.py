"""Empirical games whose equilibria, regrets and dynamics are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.analysis.games.equilibria import (
    basins,
    enumerable,
    equilibria,
    estimate_game,
    pure,
    replicator,
    undominated,
)

PRICE_WAR = ([[3.0, 0.0], [5.0, 1.0]], [[3.0, 5.0], [0.0, 1.0]])
PENNIES = ([[2.0, -1.0], [-1.0, 1.0]], [[-2.0, 1.0], [1.0, -1.0]])
CYCLE = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
SEXES = ([[3.0, 0.0], [0.0, 2.0]], [[2.0, 0.0], [0.0, 3.0]])
KNOWN: list[tuple[Any, Any, list[tuple[list[float], list[float]]]]] = [
    (*PRICE_WAR, [([0, 1], [0, 1])]),
    (*PENNIES, [([0.4, 0.6], [0.4, 0.6])]),
    (CYCLE, -CYCLE, [([1 / 3] * 3, [1 / 3] * 3)]),
    (*SEXES, [([1, 0], [1, 0]), ([0, 1], [0, 1]), ([0.6, 0.4], [0.4, 0.6])]),
]


@pytest.mark.parametrize(("row", "col", "expected"), KNOWN)
def test_known_games_have_their_equilibria(row: Any, col: Any, expected: Any) -> None:
    found = equilibria(row, col)
    assert len(found) == len(expected)
    for x, y in expected:
        assert any(np.allclose(e.row, x) and np.allclose(e.col, y) for e in found)


def test_dominated_actions_change_no_equilibrium() -> None:
    row = np.full((4, 4), -9.0)
    col = np.full((4, 4), -9.0)
    row[np.ix_([1, 3], [0, 2])], col[np.ix_([1, 3], [0, 2])] = SEXES
    row[np.ix_([1, 3], [1, 3])] = -8.0
    col[np.ix_([0, 2], [0, 2])] = -8.0
    assert undominated(row, col) == ([1, 3], [0, 2])
    found = equilibria(row, col)
    assert len(found) == 3
    assert all(e.row[[0, 2]].sum() == 0.0 == e.col[[1, 3]].sum() for e in found)


def test_of_a_game_too_large_to_enumerate_the_pure_equilibria_are_found() -> None:
    a = np.random.default_rng(1).normal(size=(11, 11))
    found = equilibria(np.eye(11) + 1e-12 * a, np.eye(11))
    assert not enumerable(np.eye(11), np.eye(11))
    assert [one.row.argmax() for one in found] == list(range(11))
    assert enumerable(np.eye(10), np.eye(10))


def test_a_gain_that_is_rounding_is_none() -> None:
    row = np.array([[0.1 + 0.2, 0.0], [0.3, 1.0]])
    assert pure(row, np.zeros((2, 2))).tolist() == [[True, False], [True, True]]


def test_equal_payoffs_are_told_without_a_crash() -> None:
    assert len(equilibria(np.ones((2, 2)), np.ones((2, 2)))) == 4


class TestEstimate:
    def test_without_noise_everything_is_certain(self) -> None:
        row, col = (np.repeat(np.array([p]), 5, axis=0) for p in PRICE_WAR)
        game = estimate_game(row, col, resamples=50)
        np.testing.assert_array_equal(game.pure_frequency, [[0, 0], [0, 1]])
        np.testing.assert_allclose(game.regret, [[2, 1], [1, 0]])
        np.testing.assert_allclose(game.regret_low, game.regret)
        np.testing.assert_allclose(game.regret_high, game.regret)
        assert game.support_row.tolist() == [0.0, 1.0]

    def test_noise_makes_the_equilibrium_uncertain(self) -> None:
        draws = np.random.default_rng(2)
        noise = draws.normal(scale=4.0, size=(2, 8, 2, 2))
        row, col = (np.array(p) + noise[i] for i, p in enumerate(PRICE_WAR))
        game = estimate_game(row, col)
        assert 0.0 < game.pure_frequency.max() < 1.0
        assert (game.regret_low <= game.regret_high).all()
        assert (game.regret_high - game.regret_low).max() > 1.0

    def test_the_interval_of_regret_covers_the_truth(self) -> None:
        draws = np.random.default_rng(3)
        hits = 0
        for _ in range(60):
            noise = draws.normal(size=(2, 20, 2, 2))
            row, col = (np.array(p) + noise[i] for i, p in enumerate(PRICE_WAR))
            game = estimate_game(row, col, resamples=300, resamples_mixed=1)
            hits += int(game.regret_low[0, 0] <= 2.0 <= game.regret_high[0, 0])
        assert 49 <= hits <= 60  # 95 % of 60, four standard errors below

    @pytest.mark.parametrize("shape", [(2, 2), (1, 2, 2)])
    def test_too_little_is_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="replicates >= 2"):
            estimate_game(np.zeros(shape), np.zeros(shape))


class TestReplicator:
    def test_the_dominant_action_takes_over(self) -> None:
        _, x, y = replicator(*PRICE_WAR)
        assert x[-1, 1] > 0.999
        assert y[-1, 1] > 0.999
        np.testing.assert_allclose(x.sum(axis=1), 1.0)
        np.testing.assert_array_equal(basins(*PRICE_WAR, starts=5), [[0, 0], [0, 1]])

    def test_an_equilibrium_stays_where_it_is(self) -> None:
        _, x, y = replicator(*PENNIES, start=([0.4, 0.6], [0.4, 0.6]))
        np.testing.assert_allclose(x, [[0.4, 0.6]] * len(x), atol=1e-6)
        np.testing.assert_allclose(y, [[0.4, 0.6]] * len(y), atol=1e-6)

    def test_a_cycle_ends_nowhere(self) -> None:
        assert basins(*PENNIES, starts=4).sum() == 0.0

    def test_a_start_without_weight_is_refused(self) -> None:
        with pytest.raises(ValueError, match="positive"):
            replicator(*PRICE_WAR, start=([0.0, 1.0], [0.5, 0.5]))
