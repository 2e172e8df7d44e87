"""Looking ahead: the closed forms, and the signs that the theory of switching costs gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.costs import learning_value, next_experience
from sim.economics.mixed import Demand
from sim.economics.pricing import further_months
from sim.market.model import MarketModel
from sim.market.vendors.information import private_books
from sim.scenario.reader import load
from sim.strategies.registry import make
from sim.strategies.view import Books, View
from tests.theory.oracles import further_margins, inertia_adjusted_price, lifetime_lerner


def experience_path(first: float, output: float, depreciation: float, months: int) -> Any:
    """Experience (months + 1,) at constant output."""
    path = [first]
    for _ in range(months):
        path.append(float(next_experience(path[-1], output, depreciation)))
    return np.array(path)


THEORY = Path(__file__).parents[2] / "scenarios" / "theory"
FIRMS = ("firm_one", "firm_two")


def duopoly(pricing: dict[str, Any], **changes: Any) -> MarketModel:
    """The Bertrand duopoly with everybody looking again each month, or other values."""
    every_month = {"demand.review": {"api": 1.0, "none": 1.0, "key_account": 1.0}}
    rules = {f"vendors.{firm}.pricing": pricing for firm in FIRMS}
    scenario = load(THEORY / "bertrand.toml").replace({**every_month, **rules, **changes})
    return MarketModel(scenario, 5).run()


class TestClosedForms:
    @given(st.floats(0.0, 1.0), st.floats(0.0, 0.99))
    def test_lifetime_is_the_sum_of_its_months(self, churn: float, discount: float) -> None:
        months = (discount * (1 - churn)) ** np.arange(1, 4000)
        assert further_months(churn, discount) == pytest.approx(months.sum(), rel=1e-9, abs=1e-12)
        assert further_months(churn, discount) == further_margins(churn, discount)

    def test_lifetime_lerner_is_the_markup_over_cost_net_of_value(self) -> None:
        elasticity, churn, discount, weight = 2.5, 0.1, 0.9, 0.4
        lerner = lifetime_lerner(elasticity, churn, discount, weight)
        price = 1.0 / (1.0 - lerner)
        clv = (price - 1.0) * further_margins(churn, discount)
        assert price == pytest.approx((1.0 - weight * clv) / (1.0 - 1.0 / elasticity))
        assert lifetime_lerner(elasticity, churn, discount, 0.0) == 1.0 / elasticity

    def test_learning_in_a_steady_state(self) -> None:
        exponent, forgetting, discount = 0.3, 0.04, 0.97
        got = learning_value(100.0, 4.0, exponent, forgetting, discount)
        known = exponent * forgetting * discount / (1 - discount * (1 - forgetting))
        assert got == pytest.approx(known, rel=1e-9)

    @pytest.mark.parametrize("forgetting", [0.0, 0.05, 1.0])
    def test_learning_is_what_a_unit_more_saves(self, forgetting: float) -> None:
        start, output, exponent, discount, unit = 50.0, 20.0, 0.3, 0.9, 1e-3
        months = np.arange(400)

        def spent(experience: float) -> float:
            path = experience_path(experience, output, forgetting, 399)
            cost = (path / 50.0) ** -exponent
            return float((discount**months * cost * output)[1:].sum())

        # the unit is made in the first month: it counts from the second on
        first = experience_path(start, output, forgetting, 1)[1]
        saved = 0.0
        for sign in (-1.0, 1.0):
            path = experience_path(first + sign * unit / 2, output, forgetting, 398)
            cost = (path / start) ** -exponent
            saved -= sign * float((discount ** months[1:] * cost * output).sum()) / unit
        assert spent(start) > 0.0
        got = learning_value(start, output, exponent, forgetting, discount)
        assert got == pytest.approx(saved, rel=1e-6)

    @given(st.floats(1e-3, 1e6), st.floats(1, 1e3), st.floats(0, 1), st.floats(0, 1))
    def test_learning_never_pays_for_the_unit_while_experience_grows(
        self, experience: float, growing: float, exponent: float, forgetting: float
    ) -> None:
        output = growing * max(forgetting, 1e-3) * experience
        assert 0.0 <= learning_value(experience, output, exponent, forgetting, 0.99) < 1.0

    @pytest.mark.parametrize("bad", [{"experience": 0.0}, {"output": -1.0}, {"discount": 1.0}])
    def test_bad_inputs_are_refused(self, bad: dict[str, float]) -> None:
        facts = {
            "experience": 1.0,
            "output": 1.0,
            "exponent": 0.1,
            "depreciation": 0.1,
            "discount": 0.9,
        }
        with pytest.raises(ValueError, match=r"must|need"):
            learning_value(**{**facts, **bad})


@pytest.mark.parametrize(("hazard", "discount"), [(0.1, 0.97), (0.1, 0.9), (0.5, 0.5), (1.0, 0.0)])
def test_inertia_gives_the_inertia_adjusted_markup(hazard: float, discount: float) -> None:
    """Known answer `inertia_adjusted_markup`, through the strategy itself."""
    eta, alpha, quality, rivals_mass, cost = 0.9, 3.0, 1.0, 2.0, 1.5
    demand = Demand(
        weights=np.ones(1),
        values=np.array([[quality, np.log(rivals_mass)]]),
        alpha=np.array([alpha]),
        priced=np.array([True, False]),
        nest=np.array([0, 1]),
        rho=np.zeros(2),
        usage_elasticity=eta,
    )
    view = View(
        month=1,
        price=np.array([2.0, 0.0]),
        platform=np.array([0, 1]),
        family=np.array([0, -1]),
        token_share=np.array([0.5]),
        cost_estimate=np.array([cost, 0.0]),
        inelastic_limit=1.0001,
        demand=lambda: demand,
        review_hazard=hazard,
    )
    books = Books(
        vendor=0,
        own=np.array([0]),
        price=np.array([2.0]),
        unit_cost=np.array([cost]),
        utilisation=0.5,
        token_share=0.5,
        cash=0.0,
        funding_limit=1.0,
        churn=hazard,
    )
    facts = {"discount": discount, "lifetime_weight": 1.0, "inertia": True}
    strategy: Any = make("pricing", "forward", facts)
    got = strategy.wanted(view, books, np.random.default_rng(0))
    known = inertia_adjusted_price(quality, alpha, eta, cost, rivals_mass, hazard, discount)
    assert got[0] == pytest.approx(known, rel=1e-5)


class TestInTheMarket:
    @pytest.mark.parametrize(
        "blind", [{"discount": 0.0}, {"lifetime_weight": 0.0}, {"discount": 0.0, "inertia": True}]
    )
    def test_without_a_future_it_is_best_response(self, blind: dict[str, Any]) -> None:
        one = duopoly({"strategy": "forward", **blind})
        other = duopoly({"strategy": "best_response"})
        for name in ("list_price", "platform_tokens", "profit"):
            assert one.curves[name].tobytes() == other.curves[name].tobytes()

    def test_a_small_switching_cost_lowers_forward_prices(self) -> None:
        """Slope -2 delta / 3 of the average price at 0 (Cabral 2016, RED 20:43-62); nobody who does
        not look ahead lowers the price."""
        scale = 0.25

        def price(strategy: dict[str, Any], kappa: float) -> float:
            switching = {"demand.switching_cost.api": kappa, "demand.switching_cost.family": 0.0}
            model = duopoly(
                strategy,
                **switching,
                **{
                    "mechanisms.switching_costs": True,
                    "decisions.panel": 200,
                    "calendar.months": 24,
                },
            )
            return float(model.curves["mean_price"][-12:].mean())

        ahead = {"strategy": "forward", "discount": 0.9, "lifetime_weight": 1.0}
        blind = {"strategy": "best_response"}
        change = price(ahead, 0.1 / scale) - price(ahead, 0.0)
        assert change < -0.005
        assert change < price(blind, 0.1 / scale) - price(blind, 0.0)

    def test_books_tell_churn_output_and_experience(self) -> None:
        model = MarketModel(load(THEORY.parent / "tiny.toml"), 2)
        for _ in range(3):
            model.step()
        leaving = []
        for name, vendor in model.vendors.items():
            books = private_books(model, vendor, np.ones(model.world.n_offers))
            column = model.axes["vendor"].index(name)
            left = model.curves["switching_flow"][2, column].sum()
            before = model.curves["active_workloads"][1, column]
            # new work came in the month, so that the base is counted a little high
            assert books.churn == pytest.approx(left / before, rel=0.1)
            leaving.append(books.churn)
            assert books.output == pytest.approx(model.curves["platform_tokens"][2, column])
            assert books.experience == model.state.experience[vendor.index]
            assert books.learning_exponent == model.scenario.supply.learning.exponent
        assert 0.0 < max(leaving) < 0.2
