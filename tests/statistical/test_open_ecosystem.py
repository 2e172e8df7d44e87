"""What the scenarios of the open ecosystem show, over some seeds: signs, and what turns them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from sim.market.model import MarketModel
from sim.scenario.patches import replace, with_hosting, without_levers
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SEEDS = range(1, 5)
Floats = npt.NDArray[np.float64]

pytestmark = pytest.mark.statistical


@cache
def small(name: str, months: int = 14, clients: int = 800) -> Scenario:
    size = {
        "calendar.months": months,
        "containment.window_months": 2,
        "population.clients": clients,
        "decisions.panel": 100,
    }
    return replace(load(SCENARIOS / f"{name}.toml"), size)


def runs(scenario: Scenario, measure: str, vendor: str) -> Floats:
    """(seeds, months) of one vendor."""
    v = list(scenario.vendors).index(vendor)
    return np.array([MarketModel(scenario, seed).run().curves[measure][:, v] for seed in SEEDS])


def gap(on: Scenario, off: Scenario, measure: str, vendor: str) -> Floats:
    """(seeds, months) paired differences."""
    return runs(on, measure, vendor) - runs(off, measure, vendor)


class TestOpenFlood:
    def test_open_weights_win_the_family_board_and_cost_margin(self) -> None:
        on = small("open-flood")
        off = without_levers(on, ["open_source"])
        assert (gap(on, off, "family_token_share", "alibaba_cloud")[:, -1] > 0.2).all()
        assert (runs(on, "cannibalised_margin", "alibaba_cloud")[:, -1] > 0.0).all()
        assert not runs(off, "cannibalised_margin", "alibaba_cloud").any()

    def test_the_challengers_hosting_turns_the_sign_on_the_platform_board(self) -> None:
        hosted = small("open-flood")
        alone = with_hosting(hosted, "volcano_engine", ["qwen_open"], on=False)
        effects = []
        for market in (hosted, alone):
            off = without_levers(market, ["open_source"])
            change = gap(market, off, "platform_token_share", "volcano_engine")
            effects.append(float(change[:, -4:].mean()))
        assert effects[1] < 0.0 < effects[0]

    def test_derivatives_follow_the_record_of_mid_2025(self) -> None:
        model = MarketModel(small("open-flood", months=6), 1).run()
        f = model.axes["family"].index("qwen_open")
        # F0399: 113,000 at the end of June 2025, an assumed rate of publication
        assert model.curves["derivatives"][5, f] == pytest.approx(113_000, rel=0.05)


class TestLongContext:
    def test_the_lead_fades_as_rivals_imitate(self) -> None:
        imitated = small("long-context", months=24, clients=1_500)
        frozen = replace(imitated, {"mechanisms.imitation": False})
        leads = []
        for market in (imitated, frozen):
            off = without_levers(market, ["long_context"])
            lead = gap(market, off, "platform_token_share", "alibaba_cloud").mean(axis=0)
            leads.append((float(lead[3:7].mean()), float(lead[-4:].mean())))
        (early, late), (_, kept) = leads
        assert 0.0 < late < early
        assert kept > late + 0.02


class TestOverseas:
    def test_developers_abroad_win_tokens_abroad(self) -> None:
        on = small("overseas")
        off = without_levers(on, ["overseas_developers"])
        assert (gap(on, off, "overseas_family_share", "alibaba_cloud")[:, -1] > 0.02).all()

    def test_an_excluded_cloud_sells_abroad_only(self) -> None:
        model = MarketModel(small("overseas", months=4), 1).run()
        share = model.curves["region_token_share"][:, :, model.axes["vendor"].index("global_cloud")]
        assert not share[:, model.axes["region"].index("domestic")].any()
        assert (share[:, model.axes["region"].index("overseas")] > 0.2).all()
