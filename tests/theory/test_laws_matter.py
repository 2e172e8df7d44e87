"""A broken law is noticed twice: by a market that runs it, and by a known answer.

Ten laws are drawn at random; LAWS_SEED draws others, `python -m tests.theory.breaking` tries all.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.theory.breaking import in_a_process, laws

DRAWN = 10
SEED = int(os.environ.get("LAWS_SEED", "14"))
CHOSEN = np.random.default_rng(SEED).choice(laws(), DRAWN, replace=False).tolist()


@cache
def sound() -> dict[str, Any]:
    """What the runs and the known answers give while no law is broken."""
    return in_a_process(None)


def test_nothing_is_wrong_while_no_law_is_broken() -> None:
    assert sound()["answers"] == []
    assert len(set(sound()["runs"].values())) == len(sound()["runs"])


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOSEN)
def test_a_broken_law_is_noticed_twice(name: str) -> None:
    found = in_a_process(name, sound())
    assert found["changed"], f"no run feels {name}"
    assert found["answers"], f"no known answer checks {name}"
