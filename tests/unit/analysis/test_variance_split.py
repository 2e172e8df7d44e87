"""The split of a variance into seed, parameters and strategies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.analysis.predictive import split_variance


def test_the_parts_of_a_small_table_by_hand() -> None:
    found = split_variance([[-1.0, 1.0], [1.0, 3.0], [3.0, 5.0]])
    assert (found.seed, found.parameters, found.strategies) == (2.0, 3.0, None)
    assert found.total == 5.0
    assert found.shares == {"seed": 0.4, "parameters": 0.6}
    means = np.array([0.0, 2.0, 10.0, 12.0])
    found = split_variance(means[:, None] + np.array([-1.0, 1.0]), ["a", "a", "b", "b"])
    assert (found.seed, found.parameters, found.strategies) == (2.0, 1.0, 24.5)
    alone = split_variance(means[:, None] + np.zeros(3))
    assert (alone.seed, alone.seed_share) == (0.0, (0.0, 0.0))
    assert alone.parameters == pytest.approx(means.var(ddof=1))


@pytest.mark.statistical
def test_the_parts_of_an_additive_normal_outcome_are_those_of_the_closed_form() -> None:
    rng = np.random.default_rng(11)
    seed_sd, draw_sd, shift, draws, seeds, tables = 1.0, 2.0, 3.0, 12, 3, 2_000
    strategies = np.arange(draws) % 2
    parts, covered = [], 0
    for _ in range(tables):
        theta = rng.normal(0.0, draw_sd, (draws, 1)) + shift * (2.0 * strategies[:, None] - 1.0)
        found = split_variance(theta + rng.normal(0.0, seed_sd, (draws, seeds)), strategies)
        parts.append((found.seed, found.parameters, found.strategies))
        plain = rng.normal(0.0, draw_sd, (draws, 1)) + rng.normal(0.0, seed_sd, (draws, seeds))
        low, high = split_variance(plain).seed_share
        covered += low <= seed_sd**2 / (seed_sd**2 + draw_sd**2) <= high
    estimates = np.array(parts)
    error = estimates.std(axis=0, ddof=1) / np.sqrt(tables)
    gaps = estimates.mean(axis=0) - [seed_sd**2, draw_sd**2, shift**2]
    assert (np.abs(gaps) < 4.0 * error).all()
    assert 0.88 < covered / tables < 0.92


@pytest.mark.parametrize(
    ("outcomes", "strategies"),
    [
        ([[1.0, 2.0]], None),
        ([[1.0], [2.0]], None),
        ([[1.0, np.nan], [2.0, 1.0]], None),
        ([[1.0, 2.0], [2.0, 1.0]], ["a", "b"]),
        ([[1.0, 2.0], [2.0, 1.0]], ["a"]),
    ],
)
def test_too_little_is_not_split(outcomes: Any, strategies: Any) -> None:
    with pytest.raises(ValueError, match="needs"):
        split_variance(outcomes, strategies)
