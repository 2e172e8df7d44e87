"""The price war of May 2024: the mean price of a token falls by more than nine tenths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.scenario.patches import without_levers
from sim.scenario.reader import load

SCENARIO = Path(__file__).parents[2] / "scenarios" / "price-war-2024.toml"
BEFORE, AFTER = slice(0, 4), slice(6, 12)  # January to April, July to December 2024
SEEDS = range(20)


@pytest.mark.statistical
def test_the_mean_price_falls_by_more_than_nine_tenths() -> None:
    """As `sim run scenarios/price-war-2024.toml`, then `sim plot RESULT curves --measure
    mean_price`, shows with bands."""
    scenario = load(SCENARIO)
    paths = np.array([MarketModel(scenario, s).run().curves["mean_price"] for s in SEEDS])
    fall = 1.0 - paths[:, AFTER].mean(axis=1) / paths[:, BEFORE].mean(axis=1)
    low, middle, high = np.quantile(fall, [0.05, 0.5, 0.95])
    assert low > 0.90
    assert 0.91 < middle < 0.94
    assert high < 0.96
    # the fall is the step of May, not a drift
    step = 1.0 - paths[:, 4] / paths[:, 3]
    assert np.quantile(step, 0.05) > 0.88


@pytest.mark.statistical
def test_without_its_own_cut_the_challenger_loses_share() -> None:
    scenario = load(SCENARIO)
    off = without_levers(scenario, ["price_war"])
    gain, fall = [], []
    for seed in list(SEEDS)[:8]:
        pair = [MarketModel(world, seed).run().curves for world in (scenario, off)]
        share = [world["platform_token_share"][AFTER].mean(axis=0) for world in pair]
        gain.append(share[0][1] - share[1][1])
        price = pair[1]["mean_price"]
        fall.append(1.0 - price[AFTER].mean() / price[BEFORE].mean())
    assert list(scenario.vendors)[1] == "volcano_engine"
    gains = np.array(gain)
    assert gains.mean() - 4 * gains.std(ddof=1) / np.sqrt(len(gains)) > 0.05
    assert max(fall) < 0.85
