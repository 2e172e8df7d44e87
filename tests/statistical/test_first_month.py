"""The first month brings no artificial reshuffle, and nothing drifts while nothing happens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
LARGEST_JUMP = 0.01  # of a platform's token share in month 1
LARGEST_DRIFT = 0.03  # in half a year


def frozen(name: str) -> Scenario:
    """A scenario without events, growth, capacity limits or moving prices."""
    data = load(SCENARIOS / f"{name}.toml").model_dump(mode="json")
    data["events"] = []
    for vendor in data["vendors"].values():
        vendor["pricing"] = {"strategy": "list"}
    for kind in data["kinds"].values():
        kind["growth"] = 0.0
    for mechanism in ("capacity", "communities", "adoption"):
        data["mechanisms"][mechanism] = False
    return Scenario.model_validate_json(json.dumps(data))


@pytest.mark.parametrize("name", ["tiny", "volcano-dam"])
def test_shares_stay_where_they_start(name: str) -> None:
    model = MarketModel(frozen(name), 2)
    start = model.state.token_share.copy()
    model.step()
    assert np.abs(model.state.token_share - start).max() < LARGEST_JUMP
    for _ in range(5):
        model.step()
    assert np.abs(model.state.token_share - start).max() < LARGEST_DRIFT
