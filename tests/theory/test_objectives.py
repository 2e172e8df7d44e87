"""What vendors pursue: share beside profit, a share held, money burned below cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.verdict.final_states import burn_per_point
from sim.market.model import MarketModel
from sim.market.vendors.information import private_figures, public_view
from sim.scenario.reader import load

TINY = Path(__file__).parents[2] / "scenarios" / "tiny.toml"


def run(**changes: Any) -> MarketModel:
    """The tiny market without reasons to ration."""
    short = {"calendar.months": 24, "mechanisms.capacity": False, "population.clients": 2000}
    return MarketModel(load(TINY).replace({**short, **changes}), 3).run()


def test_the_objective_is_profit_and_the_worth_of_share() -> None:
    model = run(**{"vendors.dam.objective.share_point": 7.0})
    curves, dam = model.curves, model.axes["vendor"].index("dam")
    points = 100.0 * model.state.token_share[model.vendors["dam"].index]
    got = curves["objective"][-1] - curves["profit"][-1]
    assert got[dam] == pytest.approx(7e6 * points)
    assert np.delete(got, dam).tolist() == [0.0, 0.0]


def test_an_objective_changes_nobody_who_does_not_price_by_it() -> None:
    plain, keen = run(), run(**{"vendors.volcano.objective.share_point": 50.0})
    for name in plain.curves.keys() - {"objective"}:
        assert plain.curves[name].tobytes() == keen.curves[name].tobytes(), name


def test_a_unit_is_worth_what_share_it_adds() -> None:
    model = run(**{"vendors.third.objective.share_point": 3.0})
    third = model.vendors["third"].index
    figures, more = private_figures(model), 1e-3
    made = np.array([one.output for one in figures])
    gained = (made[third] + more) / (made.sum() + more) - made[third] / made.sum()
    assert figures[third].share_value == pytest.approx(3e6 * 100.0 * gained / more, rel=1e-5)


@pytest.mark.parametrize("strategy", ["best_response", "forward"])
def test_who_values_share_sells_cheaper_and_more(strategy: str) -> None:
    elastic = {f"segments.{s}.price_sensitivity.mean": 2.5 for s in ("internet", "government")}
    rule = {"vendors.third.pricing": {"strategy": strategy}, **elastic}
    plain, keen = run(**rule), run(**rule, **{"vendors.third.objective.share_point": 2.0})
    third = plain.axes["vendor"].index("third")
    last = slice(-6, None)
    for name, sign in (("price_index", -1), ("platform_token_share", 1)):
        gap = keen.curves[name][last, third] - plain.curves[name][last, third]
        assert (sign * gap > 0).all()


def test_a_controller_holds_its_share() -> None:
    rule = {"strategy": "target_share", "target": 0.30, "gain": 2.0, "floor": 0.1, "ceiling": 50.0}
    model = run(**{"vendors.third.pricing": rule, "calendar.months": 60})
    third = model.vendors["third"].index
    assert public_view(model).token_share[third] == pytest.approx(0.30, abs=0.04)
    column = model.axes["vendor"].index("third")
    assert abs(model.curves["platform_token_share"][0, column] - 0.30) > 0.06


def test_burn_is_the_loss_below_cost() -> None:
    model = run(**{"vendors.volcano.pricing": {"strategy": "penetration", "target_share": 0.9}})
    curves, volcano = model.curves, model.axes["vendor"].index("volcano")
    loss = (curves["unit_cost"] - curves["price_index"]) * curves["platform_tokens"]
    below = loss[:, volcano] > 0
    assert below[-12:].all()
    burned = curves["below_cost_burn"]
    # one family, so that the mean price is the price
    np.testing.assert_allclose(burned[below, volcano], loss[below, volcano], rtol=1e-9)
    assert not burned[~below, volcano].any()
    cost_plus = model.axes["vendor"].index("third")
    assert not burned[:, cost_plus].any()


def test_burn_per_point() -> None:
    burn = np.array([[1e6, 2e6, 3e6], [1e6, 1e6, 1e6], [0.0, 0.0, 0.0]])
    share = np.array([[0.2, 0.2, 0.25], [0.3, 0.4, 0.3], [0.1, 0.2, 0.2]])
    got = burn_per_point(burn, share)
    assert got[0] == pytest.approx(6.0 / 5.0)
    assert np.isnan(got[1])
    assert got[2] == 0.0
    with pytest.raises(ValueError, match="one shape"):
        burn_per_point(burn, share[:2])
