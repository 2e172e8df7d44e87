"""The drought of accelerators, in bands over seeds: prices rise, own chips gain, scale helps.

`sim run scenarios/gpu-drought.toml` prints the same figures.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from sim.analysis.statistics import paired_comparison
from sim.market.model import MarketModel
from sim.scenario.patches import replace, without_levers
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

FILE = Path(__file__).parents[2] / "scenarios" / "gpu-drought.toml"
SEEDS = range(5)
WINDOW, BEFORE = slice(-9, None), slice(0, 3)
Floats = npt.NDArray[np.float64]


@cache
def world(name: str) -> Scenario:
    scenario = load(FILE)
    if name == "without the drought":
        return replace(scenario, dict(scenario.episode.off))
    return scenario if name == "drought" else without_levers(scenario, [name])


@cache
def runs(name: str) -> dict[str, Floats]:
    models = [MarketModel(world(name), seed).run() for seed in SEEDS]
    return {
        curve: np.stack([model.curves[curve] for model in models])
        for curve in ("price_index", "mean_price", "full_stack_revenue_share", "reliability")
    }


def column(vendor: str) -> int:
    return list(load(FILE).vendors).index(vendor)


def share(name: str, vendor: str) -> Floats:
    values = runs(name)["full_stack_revenue_share"][:, WINDOW, column(vendor)].mean(axis=1)
    return np.asarray(values)


def test_prices_rise_in_every_seed_where_they_would_have_fallen() -> None:
    prices, calm = runs("drought")["price_index"], runs("without the drought")["price_index"]
    first = prices[:, BEFORE].mean(axis=1)
    assert np.quantile(prices[:, WINDOW].mean(axis=1) / first, 0.05, axis=0).min() > 1.0
    gap = paired_comparison(calm[:, WINDOW].mean(axis=(1, 2)), prices[:, WINDOW].mean(axis=(1, 2)))
    assert gap.interval.lower > 0.3
    # the two vendors that price by their own demand rise as well as the one that prices by cost
    assert (prices[:, 11:15].mean(axis=1) > first).all()


def test_own_chips_gain_share_of_revenue_and_raise_prices_less() -> None:
    incumbent, challenger = column("alibaba_cloud"), column("volcano_engine")
    with_chips = share("drought", "alibaba_cloud")
    for other in ("full_stack", "without the drought"):
        gain = paired_comparison(share(other, "alibaba_cloud"), with_chips)
        assert gain.interval.lower > 0.03, other
    prices = runs("drought")["price_index"]
    rise = prices[:, WINDOW].mean(axis=1) / prices[:, BEFORE].mean(axis=1)
    assert (rise[:, incumbent] < rise[:, challenger]).all()


def test_building_ahead_helps_the_challenger() -> None:
    gain = paired_comparison(share("scale", "volcano_engine"), share("drought", "volcano_engine"))
    assert gain.interval.lower > 0.02


@pytest.mark.parametrize("vendor", ["volcano_engine", "others"])
def test_who_buys_every_card_loses_revenue_share_to_own_chips(vendor: str) -> None:
    if vendor == "volcano_engine":
        gap = paired_comparison(share("drought", vendor), share("full_stack", vendor))
    else:
        gap = paired_comparison(share("drought", vendor), share("without the drought", vendor))
    assert gap.interval.lower > 0.0


def test_own_chips_may_be_worse() -> None:
    """Poor and dear chips in a calm market: their owner is better off without them."""
    poor = {
        "vendors.alibaba_cloud.stack.chip_performance": 0.5,
        "vendors.alibaba_cloud.stack.chip_cost": 1.5,
        "vendors.alibaba_cloud.stack.scheduling": 1.0,
    }
    scenario = replace(world("without the drought"), poor)
    bare = without_levers(scenario, ["full_stack"])
    vendor = column("alibaba_cloud")

    def tokens(market: Scenario) -> Floats:
        curves = [MarketModel(market, seed).run().curves for seed in SEEDS]
        return np.array([c["platform_token_share"][WINDOW, vendor].mean() for c in curves])

    loss = paired_comparison(tokens(scenario), tokens(bare))
    assert loss.interval.lower > 0.0
