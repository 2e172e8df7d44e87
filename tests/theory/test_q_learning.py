"""Algorithms that learn to price: the benchmarks of Calvano et al. (2020), and untrained noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.analysis.games.training import Arena, Training, arena, train
from sim.economics.q_learning import (
    exploration_rate,
    initial_values,
    price_grid,
    train_duopoly,
    updated_value,
)
from sim.market.model import MarketModel
from sim.scenario.reader import load
from sim.strategies.pricing.q_learning import LEAST_STEPS, Policy

THEORY = Path(__file__).parents[2] / "scenarios" / "theory"
NASH, MONOPOLY = 1.4729266600306228, 1.924980958
NASH_PROFIT, MONOPOLY_PROFIT = 0.2229272, 0.3374905
MONTHS = 60


@pytest.fixture(scope="module")
def market() -> Arena:
    """The duopoly of Calvano et al."""
    return arena(load(THEORY / "calvano.toml"), "firm_one")


@pytest.fixture(scope="module")
def policy() -> Policy:
    """What a million periods taught."""
    how = Training(steps=LEAST_STEPS)
    return train(load(THEORY / "calvano.toml"), "firm_one", seed=2, training=how)


def test_the_arena_is_the_duopoly_of_the_literature(market: Arena) -> None:
    nash = market.nash(1.05)
    joint = market.monopoly(nash)
    np.testing.assert_allclose(nash, NASH, rtol=1e-5)
    np.testing.assert_allclose(joint, MONOPOLY, rtol=1e-4)
    weight = market.demand.weights.sum()
    np.testing.assert_allclose(market.profits(nash) / weight, NASH_PROFIT, rtol=1e-4)
    np.testing.assert_allclose(market.profits(joint) / weight, MONOPOLY_PROFIT, rtol=1e-5)


def test_training_gains_between_nash_and_monopoly(policy: Policy) -> None:
    assert policy.steps >= LEAST_STEPS
    assert 0.2 < policy.profit_gain < 1.0
    assert policy.rival == "firm_two"
    grid = price_grid(NASH, MONOPOLY, 15, 0.1)
    np.testing.assert_allclose(policy.own_grid, grid, rtol=1e-3)


def test_the_same_seed_teaches_the_same(policy: Policy) -> None:
    scenario, how = load(THEORY / "calvano.toml"), Training(steps=LEAST_STEPS)
    assert train(scenario, "firm_one", seed=2, training=how) == policy
    assert train(scenario, "firm_one", seed=3, training=how).table != policy.table


def test_a_learner_alone_against_a_fixed_payoff_finds_the_best_action() -> None:
    """Where the rival does not matter Q-learning is optimal (Watkins & Dayan 1992)."""
    own = np.array([0.2, 1.0, 0.5])
    table = np.stack([np.repeat(own[:, None], 3, axis=1), np.repeat(own[None, :], 3, axis=0)])
    settings = {"discount": 0.5, "learning_rate": 0.2, "exploration_decay": 1e-4}
    found = train_duopoly(table, 100_000, np.random.default_rng(0), **settings)
    assert (found.actions == 1).all()
    np.testing.assert_allclose(found.profits, 1.0)


def test_best_response_beats_the_untrained_learner(market: Arena) -> None:
    """Over the months of a run an online learner plays noise."""
    how, rng, nash = Training(), np.random.default_rng(1), market.nash(1.05)
    grid = price_grid(float(nash[0]), float(market.monopoly(nash)[0]), how.points, how.margin)
    profits = market.table(np.stack([grid, grid]))
    start = initial_values(profits[0], how.discount)
    values = np.tile(start, (how.points, how.points, 1))
    learner, other, earned = 0, 0, np.zeros(2)
    for month in range(MONTHS):
        greedy = int(values[learner, other].argmax())
        explores = rng.random() < exploration_rate(how.exploration_decay, month)
        action = int(rng.integers(how.points)) if explores else greedy
        reply = int(profits[1][learner].argmax())  # best response to last month's price
        reward = profits[:, action, reply]
        earned += reward
        values[learner, other, action] = updated_value(
            values[learner, other, action],
            float(reward[0]),
            float(values[action, reply].max()),
            how.learning_rate,
            how.discount,
        )
        learner, other = action, reply
    assert earned[1] > 1.1 * earned[0]


def test_a_learned_policy_sets_prices_in_a_run(policy: Policy) -> None:
    content = policy.model_dump(mode="json")
    scenario = load(THEORY / "calvano.toml").replace(
        {
            "vendors.firm_one.pricing": {"strategy": "q_learning", "policy": content},
            "decisions.largest_move": 1.0,
        }
    )
    price = MarketModel(scenario, 1).run().curves["price_index"][:, 0]
    distance = np.abs(price[:, None] - np.array(policy.own_grid)[None, :]).min(axis=1)
    assert distance.max() < 1e-9
    places = np.abs(price[:, None] - np.array(policy.own_grid)[None, :]).argmin(axis=1)
    rival = np.abs(NASH - np.array(policy.rival_grid)).argmin()
    size = len(policy.own_grid)
    assert places[-1] == policy.table[places[-2] * size + rival]


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ({"steps": 0}, "steps >= 1"),
        ({"discount": 1.0}, "discount"),
        ({"learning_rate": 2.0}, "lear"),
    ],
)
def test_bad_settings_are_refused(bad: dict[str, float], rule: str) -> None:
    facts = {"steps": 10, "discount": 0.9, "learning_rate": 0.1, "exploration_decay": 0.1} | bad
    with pytest.raises(ValueError, match=rule):
        train_duopoly(np.zeros((2, 3, 3)), rng=np.random.default_rng(0), **facts)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shape"):
        train_duopoly(np.zeros((2, 3, 2)), rng=np.random.default_rng(0), **facts)  # type: ignore[arg-type]
