"""Known answers on cost through the engine: learning, its absence, and a shock to bought cards."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from sim.market.model import MarketModel
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario
from tests.theory.test_engine_limits import THEORY
from tests.unit.market.plain import costs
from tests.unit.market.tiny import changed, ran, started

Floats = npt.NDArray[np.float64]
BASE = 1_000.0  # yuan of a card-month that serves 1,000 million tokens: 1 yuan a million
SETTLED = 2e-4


@cache
def known(case: str) -> dict[str, Any]:
    text = (resources.files("sim") / "data" / "known_answers.json").read_text(encoding="utf-8")
    return next(entry for entry in json.loads(text) if entry["id"] == case)


class TestLearning:
    FLAT: dict[str, Any] = {  # noqa: RUF012
        "supply.learning.exponent": 0.0,
        "supply.throughput_growth": 0.0,
        "events": [],
    }

    def test_without_an_exponent_cost_is_flat(self) -> None:
        model = MarketModel(changed(self.FLAT), 1)
        cost = costs(model).accounting
        for _ in range(6):
            model.step()
            assert costs(model).accounting.tolist() == cost.tolist()
        assert (np.diff(model.curves["experience"], axis=0) != 0.0).any()

    def test_with_one_it_falls_along_the_curve(self) -> None:
        """The known answer `wright-p1`: 80 %, five doublings, 0.32768 of the first cost."""
        answer = known("wright-p1")
        b = -math.log2(answer["inputs"]["progress_ratio"])
        model = started(self.FLAT | {"supply.learning.exponent": b})
        first = costs(model).accounting
        model.state.experience = model.state.experience * 2.0 ** answer["inputs"]["doublings"]
        expected = answer["expected"]["unit_cost_after_doublings"] / 100.0
        np.testing.assert_allclose(costs(model).accounting / first, expected, rtol=1e-9)


def four_firms() -> Scenario:
    """Case `shock-p1`: linear-price logit, own chips such that one shock z moves the four costs.

    ln((c + shock) / c) = (1 - psi) z with z the largest of them.
    """
    inputs = known("shock-p1")["inputs"]
    cost, rise = np.array(inputs["marginal_cost_c"]), shocks()
    data = json.loads(load(THEORY / "bertrand.toml").model_dump_json())
    data["vendors"] = {
        f"firm_{v}": data["vendors"]["firm_one"]
        | {"label": f"Firm {v}", "stack": {"own_chip_share": 1.0 - rise[v] / rise.max()}}
        for v in range(4)
    }
    alpha, quality = inputs["price_coef_alpha"], inputs["quality_a"]
    data["families"] = {
        f"good_{v}": {
            "owner": f"firm_{v}",
            "capability": quality[v],
            "serving_cost": cost[v],
            "price": 2.0 * cost[v],
        }
        for v in range(4)
    }
    data["segments"]["everyone"]["price_sensitivity"]["mean"] = alpha
    data["demand"]["outside"] |= {"n0": 0.0, "discount": 1.0, "reference_price": 0.0}
    data["calendar"]["months"] = 60
    return Scenario.model_validate_json(json.dumps(data))


def shocks() -> Floats:
    """Log cost shocks of the four firms."""
    inputs = known("shock-p1")["inputs"]
    cost = np.array(inputs["marginal_cost_c"])
    return np.asarray(np.log((cost + inputs["cost_shock"]) / cost))


@cache
def settled() -> tuple[MarketModel, Floats, Floats, Floats]:
    """The market after the shock, and prices before and after it, and active clients."""
    scenario = four_firms()
    z = float(shocks().max())
    event = {"month": "2026-07", "what": "supply", "external_cost_factor": float(np.exp(z))}
    model = MarketModel(scenario.replace({"events": [event]}), 5).run()
    order = [model.axes["vendor"].index(f"firm_{v}") for v in range(4)]
    prices = model.curves["price_index"][:, order]
    return model, prices[29], prices[-1], model.curves["unit_cost"][:, order]


class TestCostShock:
    """The known answer `shock-p1`: who makes part of its chips gains from a common shock."""

    def test_the_engine_s_costs_are_the_case_s(self) -> None:
        inputs = known("shock-p1")["inputs"]
        _, _, _, cost = settled()
        before, rise = np.array(inputs["marginal_cost_c"]), np.array(inputs["cost_shock"])
        np.testing.assert_allclose(cost[29], before, rtol=1e-12)
        np.testing.assert_allclose(cost[-1], before + rise, rtol=1e-12)

    def test_prices_pass_it_through_as_published(self) -> None:
        expected = known("shock-p1")["expected"]
        _, before, after, _ = settled()
        np.testing.assert_allclose(before, expected["prices_before"], atol=SETTLED)
        np.testing.assert_allclose(after, expected["prices_after"], atol=SETTLED)

    def test_full_insulation_feels_nothing(self) -> None:
        model = started({"vendors.dam.stack.own_chip_share": 1.0})
        before = costs(model).card
        model.state.external_cost_factor = 2.0
        ratio = costs(model).card / before
        assert ratio[0] == 1.0
        np.testing.assert_allclose(ratio[1:], 2.0, rtol=1e-12)


def test_no_rule_forces_prices_down() -> None:
    """Vendors that price by cost follow dearer cards up, half of the log distance a month."""
    settings: dict[str, Any] = {
        f"vendors.{v}.pricing": {"strategy": "cost_plus", "markup": 0.5}
        for v in ("dam", "volcano", "third")
    } | {"mechanisms.learning": False, "mechanisms.capacity": False, "events": []}
    dearer = {"what": "supply", "month": "2024-02", "external_cost_factor": 3.0}
    calm, shaken = ran(changed(settings)), ran(changed(settings | {"events": [dearer]}))
    gap = np.zeros_like(calm.curves["list_price"])
    on_sale = calm.curves["list_price"] > 0.0
    ratio = shaken.curves["list_price"][on_sale] / calm.curves["list_price"][on_sale]
    gap[on_sale] = np.log(ratio)
    for j, label in enumerate(calm.axes["offer"]):
        if label.startswith("api/") and on_sale[:, j].all():
            psi = calm.scenario.vendors[label.split("/")[1]].stack.own_chip_share
            reached = 1.0 - 0.5 ** np.arange(6)
            expected = (1.0 - psi) * np.log(3.0) * reached
            np.testing.assert_allclose(gap[:, j], expected, rtol=1e-9, atol=1e-12, err_msg=label)
    assert gap.any()


@pytest.mark.parametrize("psi", [0.0, 0.4, 1.0])
def test_a_shock_moves_log_cost_by_what_is_bought(psi: float) -> None:
    model = started({"vendors.dam.stack.own_chip_share": psi})
    before = costs(model).accounting
    model.state.external_cost_factor = float(np.exp(0.5))
    dam = model.world.platform[: model.world.n_api] == 0
    change = np.log(costs(model).accounting / before)[dam]
    np.testing.assert_allclose(change, (1.0 - psi) * 0.5, atol=1e-12)
