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
SEEDS = (1, 2, 3, 4)  # a reshuffle has one direction, the noise of large clients has none
# Volumes start as the first offers' prices want them; who moves then brings the volume of the old
# price and adjusts slowly, so that cheap platforms lose a little until movers are in balance.
LARGEST_JUMP = {"tiny": 0.004, "volcano-dam": 0.012}  # of a token share in month 1, mean of seeds
LARGEST_DRIFT = {"tiny": 0.015, "volcano-dam": 0.035}  # in half a year


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
    first, later = [], []
    for seed in SEEDS:
        model = MarketModel(frozen(name), seed)
        start = model.state.token_share.copy()
        model.step()
        first.append(model.state.token_share - start)
        for _ in range(5):
            model.step()
        later.append(model.state.token_share - start)
    assert np.abs(np.mean(first, axis=0)).max() < LARGEST_JUMP[name]
    assert np.abs(np.mean(later, axis=0)).max() < LARGEST_DRIFT[name]


def test_without_an_answer_of_volumes_to_prices_nothing_moves() -> None:
    still = frozen("volcano-dam")
    data = still.model_dump(mode="json")
    data["mechanisms"]["usage_response"] = False
    model = MarketModel(Scenario.model_validate_json(json.dumps(data)), 2)
    start = model.state.token_share.copy()
    model.step()
    assert np.abs(model.state.token_share - start).max() < 0.004
