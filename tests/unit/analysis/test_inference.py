"""Approximate posteriors, moment distances and implausibility."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.calibration.inference import (
    AbcPosterior,
    abc_posterior,
    efficient_distance,
    implausibility,
    weighted_distance,
)

OBSERVED = np.array([0.5, 0.3])
SIMULATED = np.array([[0.4, 0.3], [0.6, 0.2], [0.5, 0.1], [0.7, 0.2]])


def linear_draws(size, noise):
    rng = np.random.default_rng(4)
    theta = rng.normal(size=(size, 2))
    summaries = theta @ np.array([[1.0, 0.5], [0.0, 2.0]]) + noise * rng.normal(size=(size, 2))
    return theta, summaries


def test_noiseless_linear_summaries_give_back_the_parameters():
    theta, summaries = linear_draws(2_000, 0.0)
    truth = np.array([0.3, -0.2])
    found = abc_posterior(theta, summaries, truth @ [[1.0, 0.5], [0.0, 2.0]], 0.1)
    assert found.mean() == pytest.approx(truth)
    assert found.sd() == pytest.approx([0.0, 0.0], abs=1e-9)
    assert found.quantile(0.95) == pytest.approx(truth)


def test_posterior_of_a_conjugate_normal():
    rng = np.random.default_rng(5)
    theta = rng.normal(0.0, 2.0, 60_000)
    seen = theta + rng.normal(0.0, 0.5, theta.size)
    found = abc_posterior(theta[:, None], seen[:, None], [1.5], 0.1)
    spread = 1 / (1 / 4.0 + 1 / 0.25)
    assert found.mean() == pytest.approx([spread * 1.5 / 0.25], abs=0.02)
    assert found.sd() == pytest.approx([spread**0.5], abs=0.02)


def test_simulation_based_ranks_are_uniform():
    """Ranks of true parameters in their posteriors (Talts et al. 2018)."""
    rng = np.random.default_rng(6)
    theta = rng.normal(size=4_000)
    seen = theta + rng.normal(size=theta.size)
    counts = np.zeros(5)
    for _ in range(200):
        truth = rng.normal()
        found = abc_posterior(theta[:, None], seen[:, None], [truth + rng.normal()], 0.2)
        below = float(found.weights @ (found.draws[:, 0] < truth))
        counts[min(int(below * 5), 4)] += 1
    assert ((counts - 40) ** 2 / 40).sum() < 13.28  # chi-squared with 4 degrees, 99 %


def test_quantiles_follow_the_weights():
    found = AbcPosterior(np.array([[3.0], [1.0], [2.0]]), np.array([0.5, 0.25, 0.25]))
    assert found.mean() == pytest.approx([2.25])
    assert found.quantile(0.0) == 1.0
    assert found.quantile(0.375) == 2.0
    assert found.quantile(0.75) == 3.0


def test_moment_distances_by_hand():
    gap = OBSERVED - SIMULATED.mean(axis=0)
    assert weighted_distance(OBSERVED, SIMULATED, [2.0, 10.0]) == pytest.approx(
        2 * gap[0] ** 2 + 10 * gap[1] ** 2
    )
    one = efficient_distance(OBSERVED[:1], SIMULATED[:, :1])
    variance = SIMULATED[:, 0].var(ddof=1)
    assert one.statistic == pytest.approx(gap[0] ** 2 / (variance * 1.25))
    assert implausibility(OBSERVED, SIMULATED, 0.1)[0] == pytest.approx(
        abs(gap[0]) / np.sqrt(variance + 0.1)
    )


def test_efficient_distance_does_not_depend_on_units():
    turned = np.array([[2.0, 1.0], [-1.0, 3.0]])
    plain = efficient_distance(OBSERVED, SIMULATED)
    moved = efficient_distance(OBSERVED @ turned, SIMULATED @ turned)
    assert moved.statistic == pytest.approx(plain.statistic)
    assert 0.0 < plain.p_value < 1.0
    far = efficient_distance(OBSERVED + 5.0, SIMULATED)
    assert far.statistic > plain.statistic
    assert far.p_value < plain.p_value


@pytest.mark.parametrize(
    "call",
    [
        lambda: abc_posterior([[1.0]], [[1.0], [2.0]], [1.0], 0.5),
        lambda: abc_posterior(*linear_draws(50, 1.0), [0.0], 0.5),
        lambda: abc_posterior(*linear_draws(50, 1.0), [0.0, 0.0], 0.0),
        lambda: abc_posterior(*linear_draws(50, 1.0), [0.0, 0.0], 0.05),
        lambda: abc_posterior(np.zeros((9, 1)), np.zeros((9, 1)), [0.0], 1.0),
        lambda: AbcPosterior(np.zeros((1, 1)), np.ones(1)).quantile(1.5),
        lambda: weighted_distance(OBSERVED, SIMULATED, [1.0, -1.0]),
        lambda: weighted_distance(OBSERVED, SIMULATED, [1.0]),
        lambda: weighted_distance(OBSERVED[:1], SIMULATED, [1.0]),
        lambda: efficient_distance(OBSERVED, SIMULATED[:2]),
        lambda: efficient_distance(OBSERVED, SIMULATED[:, [0, 0]]),
        lambda: implausibility(OBSERVED, SIMULATED[:1]),
        lambda: implausibility(OBSERVED, SIMULATED[[0, 0]]),
        lambda: implausibility(OBSERVED * np.nan, SIMULATED),
    ],
)
def test_bad_input_raises(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
