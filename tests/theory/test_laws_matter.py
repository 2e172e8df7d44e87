"""A broken law is noticed twice: by a market that runs it, and by a known answer.

Ten laws are drawn at random; LAWS_SEED draws others, `python -m tests.theory.breaking` tries all.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from tests.theory.breaking import laws, noticed_each, small_runs, sound_runs

DRAWN = 10
SEED = int(os.environ.get("LAWS_SEED", "14"))
CHOSEN = np.random.default_rng(SEED).choice(laws(), DRAWN, replace=False).tolist()


@pytest.fixture(scope="module")
def found() -> dict[str | None, dict[str, Any]]:
    """What notices each of the chosen laws, and None: kernels there are plain Python."""
    sound = sound_runs()
    assert len(set(sound.values())) == len(small_runs())
    asked = [None, *CHOSEN]
    return dict(zip(asked, noticed_each(asked, sound), strict=True))


@pytest.mark.slow
def test_plain_python_gives_the_bits_of_compiled_kernels(
    found: dict[str | None, dict[str, Any]],
) -> None:
    assert found[None]["changed"] is None


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOSEN)
def test_a_broken_law_is_noticed_twice(name: str, found: dict[str | None, dict[str, Any]]) -> None:
    assert found[name]["changed"], f"no run feels {name}"
    assert found[name]["answers"], f"no known answer checks {name}"
