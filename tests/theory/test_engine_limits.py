"""With everything else off the engine reaches the closed forms of the theory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.verification.pricing import cost_shock, open_source
from sim.market.model import MarketModel
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario
from tests.theory.oracles import churn, shares_after, stationary_shares, switching_matrix

THEORY = Path(__file__).parents[2] / "scenarios" / "theory"
NASH_PRICE = 1.4729266600306228  # Calvano et al. (2020): a - c = 1, mu = 1/4, c = 1
PRINTED_DIGITS = 1e-4


FIRMS = ("firm_one", "firm_two")
SHORT = {"calendar.months": 24, "containment.window_months": 6}


def market(
    changes: dict[str, Any], edit: Callable[[dict[str, Any]], None] | None = None
) -> Scenario:
    """The Calvano duopoly with other values, or other firms."""
    scenario = load(THEORY / "calvano.toml").replace({**SHORT, **changes})
    if edit is None:
        return scenario
    data = scenario.model_dump(mode="json")
    edit(data)
    return type(scenario).model_validate_json(json.dumps(data))


def last(scenario: Scenario, measure: str) -> Any:
    """A measure in the last month."""
    return MarketModel(scenario, 5).run().curves[measure][-1]


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


@pytest.mark.parametrize(("hazard", "kappa"), [(0.2, 0.8), (1.0, 0.8), (0.2, 0.0)])
def test_churn_is_that_of_the_markov_chain(hazard: float, kappa: float) -> None:
    """Reviews and switching costs move clients as `switching_markov` says."""
    clients, months = 20_000, 12
    scenario = market(
        {
            **{f"vendors.{firm}.pricing": {"strategy": "list"} for firm in FIRMS},
            "families.one.price": 1.45,
            "families.two.price": 1.6,
            "population.clients": clients,
            "population.represents": clients,
            "mechanisms.switching_costs": True,
            "demand.switching_cost.api": kappa,
            "demand.switching_cost.family": 0.0,
            "demand.outside.n0": -40.0,
            "demand.review": {"api": hazard, "none": 1.0, "key_account": hazard},
            "calendar.months": months,
        }
    )
    curves = MarketModel(scenario, 3).run().curves
    chain = switching_matrix([4.0 * (2.0 - 1.45), 4.0 * (2.0 - 1.6)], kappa, hazard)
    stationary = stationary_shares(chain)
    expected = churn(chain, stationary)
    error = np.sqrt(expected * (1.0 - expected) / (clients * months))
    assert abs(curves["churn"].mean() - expected) < 4 * error
    shares = curves["active_workloads"] / clients
    spread = np.sqrt(stationary[0] * stationary[1] / clients)
    assert np.abs(shares[-1] - stationary).max() < 4 * spread
    assert np.abs(shares[-1] - shares_after(chain, shares[0], months - 1)).max() < 4 * spread


def test_likeness_inside_a_nest_lowers_margins() -> None:
    """A higher rho makes the offers of a nest closer substitutes (Berry 1994)."""
    margins = [
        last(market({"demand.nest_correlation.api": rho}), "lerner_index")
        for rho in (0.0, 0.3, 0.6)
    ]
    assert (np.diff(margins, axis=0) < -0.02).all()


def test_a_merger_raises_prices() -> None:
    """Two families in one hand are dearer than in two; the rival follows a little."""

    def three(data: dict[str, Any]) -> None:
        data["vendors"]["firm_three"] = data["vendors"]["firm_two"]
        data["families"]["three"] = data["families"]["two"] | {"owner": "firm_three"}

    def merged(data: dict[str, Any]) -> None:
        data["families"]["three"] = data["families"]["two"] | {"owner": "firm_two"}

    apart = last(market({}, three), "price_index")
    together = last(market({}, merged), "price_index")
    outsider, insider = together - apart[:2]
    assert insider > outsider > 0.01


def test_open_weights_lower_the_margins_of_closed_rivals() -> None:
    """Self-hosting at cost is a competitive fringe: `open_source_mixed_oligopoly`."""
    hosting: dict[str, Any] = {
        **{f"vendors.{firm}.pricing.strategy": "best_response" for firm in FIRMS},
        "mechanisms.self_hosting": True,
        "segments.everyone.own_machines_share": 1.0,
        "demand.self_hosting": {
            "appeal": 0.0,
            "utilisation": 1.0,
            "operations_cost": 0.0,
            "own_machine_factor": 1.0,
        },
        "supply.rent": 1_200.0,
    }

    def opener(weights: str) -> Callable[[dict[str, Any]], None]:
        def edit(data: dict[str, Any]) -> None:
            data["vendors"]["opener"] = data["vendors"]["firm_two"] | {
                "pricing": {"strategy": "cost_plus", "markup": 90.0},
                "openness": {"strategy": "open_weights", "parameters": {}},
            }
            data["families"]["weights"] = data["families"]["two"] | {
                "owner": "opener",
                "weights": weights,
                "price": 90.0,
            }

        return edit

    closed = MarketModel(market(hosting, opener("closed")), 5).run()
    opened = MarketModel(market(hosting, opener("as_owner")), 5).run()
    inputs = {
        "quality_a": [8.0, 8.0],
        "price_coef_alpha": 4.0,
        "outside_utility": 0.0,
        "marginal_cost_c": [1.0, 1.0],
        "open_weights_quality": 8.0,
        "open_weights_price": 1.2,
    }
    known = open_source(inputs)
    for model, prices in (
        (closed, known["prices_without_open_weights"]),
        (opened, known["prices"]),
    ):
        np.testing.assert_allclose(
            model.curves["price_index"][-1, :2], prices, atol=10 * PRINTED_DIGITS
        )
    lerner = [model.curves["lerner_index"][-1, :2] for model in (closed, opened)]
    assert (lerner[1] < lerner[0] - 0.02).all()


def test_a_chip_shock_moves_share_to_the_insulated_vendor() -> None:
    """Own chips turn a common shock into an advantage: `cost_shock_pass_through`."""
    psi, factor = np.array([0.9, 0.1]), 1.5

    def edit(data: dict[str, Any]) -> None:
        for share, firm in zip(psi, FIRMS, strict=True):
            data["vendors"][firm]["stack"]["own_chip_share"] = float(share)

    def shocked(data: dict[str, Any]) -> None:
        edit(data)
        shock = {"month": "2024-06-01", "what": "supply", "external_cost_factor": factor}
        data["events"] = [shock]

    calm, hit = (MarketModel(market({}, change), 5).run().curves for change in (edit, shocked))
    known = cost_shock(
        {
            "quality_a": [8.0, 8.0],
            "price_coef_alpha": 4.0,
            "outside_utility": 0.0,
            "marginal_cost_c": [1.0, 1.0],
            "cost_shock": (factor ** (1.0 - psi) - 1.0).tolist(),
        }
    )
    prices = [curves["price_index"][-1] for curves in (calm, hit)]
    np.testing.assert_allclose(prices[0], known["prices_before"], atol=PRINTED_DIGITS)
    np.testing.assert_allclose(prices[1], known["prices_after"], atol=PRINTED_DIGITS)
    moved = hit["platform_token_share"] - calm["platform_token_share"]
    assert not moved[:5].any()
    assert moved[-1, 0] > 0.05
