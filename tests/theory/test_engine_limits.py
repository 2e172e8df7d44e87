"""With everything else off the engine reaches the closed forms of the theory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.scenario.reader import load

THEORY = Path(__file__).parents[2] / "scenarios" / "theory"
NASH_PRICE = 1.4729266600306228  # Calvano et al. (2020): a - c = 1, mu = 1/4, c = 1
PRINTED_DIGITS = 1e-4


@pytest.mark.parametrize("name", ["calvano", "bertrand"])
def test_prices_settle_at_the_nash_price(name: str) -> None:
    """`nash` every month and repeated `best_response` end at the same static equilibrium."""
    model = MarketModel(load(THEORY / f"{name}.toml"), 5).run()
    prices = model.curves["price_index"]
    assert np.abs(prices[0] - NASH_PRICE).max() > 100 * PRINTED_DIGITS
    assert np.abs(prices[-1] - NASH_PRICE).max() < PRINTED_DIGITS


def test_a_third_firm_lowers_the_price() -> None:
    scenario = load(THEORY / "bertrand.toml").replace({"decisions.panel": 10})
    data = scenario.model_dump(mode="json")
    data["vendors"]["firm_three"] = data["vendors"]["firm_two"]
    data["families"]["three"] = data["families"]["two"] | {"owner": "firm_three"}
    three = MarketModel(type(scenario).model_validate_json(json.dumps(data)), 5).run()
    assert (three.curves["price_index"][-1] < NASH_PRICE - 100 * PRINTED_DIGITS).all()


def test_the_choice_shares_are_one_shot_logit() -> None:
    """Reviews, tastes and costs off: month by month the shares are the logit's, at any price."""
    scenario = load(THEORY / "calvano.toml").replace(
        {
            "population.clients": 20_000,
            "demand.review": {"api": 1.0, "none": 1.0, "key_account": 1.0},
            "calendar.months": 3,
            "containment.window_months": 3,
        }
    )
    model = MarketModel(scenario, 9).run()
    price = model.curves["price_index"][-1]
    weight = np.exp(4.0 * (2.0 - price))
    expected = weight / (1.0 + weight.sum())
    active = model.curves["active_workloads"][-1] / 500.0
    error = np.sqrt(expected * (1.0 - expected) / 20_000)
    assert (np.abs(active - expected) < 4 * error).all()
