"""Which agents run where, who joins, and where free entry ends."""

from __future__ import annotations

import numpy as np
import pytest

from sim.economics.networks import (
    next_agents,
    platform_worth,
    subsidised_builders,
    usable_agents,
    willing_builders,
)
from tests.theory.oracles import entry_rate

ALL_OPEN = np.ones((3, 1), bool)
AGENTS = np.array([[100.0], [10.0], [1.0]])


class TestUsableAgents:
    def test_without_portability_a_platform_runs_its_own(self) -> None:
        assert usable_agents(AGENTS, np.zeros((3, 1)), ALL_OPEN).tolist() == AGENTS.tolist()

    def test_with_full_portability_all_run_the_same(self) -> None:
        assert usable_agents(AGENTS, np.ones((3, 1)), ALL_OPEN).tolist() == [[111.0]] * 3

    def test_the_less_portable_of_two_platforms_limits_what_runs(self) -> None:
        portability = np.array([[0.5], [0.2], [0.0]])
        assert usable_agents(AGENTS, portability, ALL_OPEN).tolist() == [[102.0], [30.0], [1.0]]

    def test_a_platform_that_is_not_open_neither_runs_nor_lends_agents(self) -> None:
        open_ = np.array([[True], [False], [True]])
        assert usable_agents(AGENTS, np.ones((3, 1)), open_).tolist() == [[101.0], [0.0], [101.0]]

    def test_sides_are_apart(self) -> None:
        agents = np.array([[4.0, 0.0], [0.0, 6.0]])
        usable = usable_agents(agents, np.full((2, 2), 0.5), np.ones((2, 2), bool))
        assert usable.tolist() == [[4.0, 3.0], [2.0, 6.0]]

    def test_worth_grows_with_the_logarithm_and_counts_a_part_of_the_other_side(self) -> None:
        agents = np.array([[4.0, 0.0], [0.0, 6.0]])
        worth = platform_worth(agents, np.full((2, 2), 0.5), np.ones((2, 2), bool), 0.5, 10.0)
        usable = np.array([[5.5, 5.0], [5.0, 7.0]])
        np.testing.assert_allclose(worth, np.log(1.0 + usable / 10.0), rtol=1e-14)


class TestBuilders:
    def test_none_come_without_users_or_beyond_what_users_feed(self) -> None:
        joined = willing_builders([[0.0], [5.0], [30.0]], [[0.0], [0.0], [10.0]], 2.0, 0.1, 0.3)
        assert joined.tolist() == [[0.0], [0.0], [0.0]]

    def test_come_by_bass(self) -> None:
        joined = willing_builders([[5.0]], [[10.0]], 2.0, 0.1, 0.4)
        np.testing.assert_allclose(joined, (0.1 + 0.4 * 0.25) * 15.0)

    def test_without_money_the_willing_join_unpaid(self) -> None:
        out = subsidised_builders([[3.0, 1.0]], [[50.0, 50.0]], [[0.0, 0.0]], [9.0], 0.2, 10.0)
        assert out.builders.tolist() == [[3.0, 1.0]]
        assert out.paid.tolist() == [0.0]

    def test_money_draws_others_and_pays_all_who_join(self) -> None:
        out = subsidised_builders([[3.0, 1.0]], [[50.0, 50.0]], [[10.0, 0.0]], [1e6], 0.2, 10.0)
        assert out.builders.tolist() == [[3.0 + 0.2 * 0.5 * 50.0, 1.0]]
        assert out.paid.tolist() == [80.0]

    def test_a_budget_ends(self) -> None:
        out = subsidised_builders([[3.0, 3.0]], [[50.0, 50.0]], [[10.0, 10.0]], [80.0], 0.2, 10.0)
        assert out.builders.tolist() == [[4.0, 4.0]]
        assert out.paid.tolist() == [80.0]

    def test_a_budget_too_small_for_the_willing_drives_nobody_away(self) -> None:
        out = subsidised_builders([[3.0]], [[50.0]], [[10.0]], [20.0], 0.2, 10.0)
        assert out.builders.tolist() == [[3.0]]
        assert out.paid.tolist() == [20.0]

    @pytest.mark.parametrize(("reach", "scale"), [(1.5, 10.0), (0.1, 0.0)])
    def test_wrong_facts_are_refused(self, reach: float, scale: float) -> None:
        with pytest.raises(ValueError, match=r"reach|scale"):
            subsidised_builders([[3.0]], [[50.0]], [[10.0]], [20.0], reach, scale)


@pytest.mark.parametrize("facts", [(0.02, 0.15, 0.03), (0.02, 0.0, 0.03), (0.3, 0.1, 0.9)])
def test_free_entry_ends_at_agents_in_proportion_to_users(
    facts: tuple[float, float, float],
) -> None:
    innovation, imitation, departure = facts
    agents, builders = np.zeros((1, 1)), np.zeros((1, 1))
    for _ in range(2_000):
        joined = willing_builders(builders, [[50.0]], 0.5, innovation, imitation)
        agents = next_agents(agents, [[50.0]], builders, [[1.5]], 0.05, 0.2, 0.04)
        builders = (1.0 - departure) * builders + joined
    rate = entry_rate(1.5, 0.05, 0.2, 0.04, 0.5, innovation, imitation, departure)
    np.testing.assert_allclose(agents, 50.0 * rate, rtol=1e-9)
