"""Keyed draws are uniform, independent of their neighbours, and make the right choices."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality import CELLS, STRANGE, score, scores

pytestmark = pytest.mark.statistical
DRAWS = 12_000_000


@pytest.mark.parametrize("seed", [5, 6])
def test_draws_look_random(seed: int) -> None:
    found = scores(DRAWS, seed)
    assert len(found) == 20
    assert {name: z for name, z in found.items() if abs(z) > STRANGE} == {}


def test_a_bad_generator_is_noticed() -> None:
    flat = np.full(CELLS, 60.0)
    tilted = np.random.default_rng(0).poisson(60.0 * (1.0 + 0.03 * np.sin(np.arange(CELLS))))
    assert abs(score(np.random.default_rng(1).poisson(flat), flat)) < STRANGE
    assert score(tilted, flat) > STRANGE
