"""The episode of key accounts: offers win accounts, answers keep some, and both cost money."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from sim.market.model import MarketModel
from sim.scenario.patches import without_levers
from sim.scenario.reader import load

pytestmark = pytest.mark.statistical
SCENARIO = Path(__file__).parents[2] / "scenarios" / "li-auto-deal.toml"
SEEDS = range(5)
LARGEST_DISCOUNT, ROUNDING = 0.1667, 1e-4  # small bills are counted in whole yuan


@cache
def held(*off: str) -> npt.NDArray[np.float64]:
    """(seeds, vendors) key accounts in the last half year without some levers."""
    scenario = without_levers(load(SCENARIO).replace({"population.clients": 1_000}), off)
    runs = [MarketModel(scenario, seed).run() for seed in SEEDS]
    return np.array([run.curves["key_accounts_held"][-6:].mean(axis=0) for run in runs])


def column(name: str) -> int:
    return list(load(SCENARIO).vendors).index(name)


def beyond_chance(gain: npt.NDArray[np.float64]) -> bool:
    """Paired over worlds: four standard errors above zero."""
    return bool(gain.mean() > 4.0 * gain.std(ddof=1) / np.sqrt(len(gain)))


def test_offers_to_rivals_accounts_win_some() -> None:
    gain = held() - held("account_poaching")
    assert beyond_chance(gain[:, column("volcano_engine")])
    assert beyond_chance(-gain[:, column("alibaba_cloud")])


def test_the_answer_keeps_some() -> None:
    gain = held() - held("account_retention")
    assert (gain[:, column("alibaba_cloud")] > 0).all()
    assert (gain[:, column("volcano_engine")] < 0).all()


def test_no_discount_passes_the_deal_of_the_record() -> None:
    model = MarketModel(load(SCENARIO).replace({"population.clients": 500}), 1).run()
    discount = model.curves["account_discount"]
    assert 0.05 < discount[:, column("volcano_engine")].max() <= LARGEST_DISCOUNT + ROUNDING
    assert not discount[:12, column("alibaba_cloud")].any()
    assert discount[12:, column("alibaba_cloud")].any()
    assert model.curves["account_discounts"][-1].sum() > 0
