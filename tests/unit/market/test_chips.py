"""Own chips with an output limit, worse chips, plans and shocks, through the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.economics.costs import ar1_with_jumps
from sim.market.model import MarketModel
from sim.market.supply.accelerators import largest_order, self_made
from sim.market.supply.costs import current_own_share, equivalents
from tests.unit.market.plain import costs
from tests.unit.market.tiny import changed, differing, ran, started

DAM = "vendors.dam.stack"
PLAN: dict[str, Any] = {
    "vendors.dam.investment": {
        "strategy": "plan",
        "steps": [{"month": "2024-01", "cards": 2.0}, {"month": "2024-03", "cards": 1.0}],
    },
    "supply.lead_months": 1,
}


def row(model: MarketModel, name: str, vendor: str = "dam") -> list[float]:
    return model.curves[name][:, model.axes["vendor"].index(vendor)].tolist()


class TestPlan:
    def test_is_ordered_whatever_the_load_and_the_order_cap(self) -> None:
        model = ran(changed(PLAN | {"vendors.dam.capacity.order_cap": 0.001}, months=4))
        assert row(model, "cards_ordered") == [2_000.0, 2_000.0, 1_000.0, 1_000.0]

    def test_waits_for_the_world_market_but_for_own_chips(self) -> None:
        model = ran(changed(PLAN | {"supply.availability": 0.4}, months=3))
        part = 0.3 + 0.7 * 0.4
        expected = [2_000.0 * part, 2_000.0 * part, 1_000.0 * part]
        np.testing.assert_allclose(row(model, "cards_ordered"), expected, rtol=1e-12)

    def test_begins_with_an_event(self) -> None:
        change = {"what": "strategy", "month": "2024-03", "vendor": "dam"}
        event = change | {"investment": PLAN["vendors.dam.investment"]}
        before = ran(changed({"events": []}, months=4))
        after = ran(changed({"events": [event]}, months=4))
        assert row(after, "cards_ordered")[:2] == row(before, "cards_ordered")[:2]
        assert row(after, "cards_ordered")[2:] == [1_000.0, 1_000.0]


class TestOutputLimit:
    def test_the_rest_of_the_plan_is_bought(self) -> None:
        limit = {f"{DAM}.chip_output": 0.2, f"{DAM}.own_chip_share": 0.5}
        model = ran(changed(PLAN | limit, months=4))
        wear = 1.0 - model.scenario.supply.wear
        own, bought = np.array(row(model, "own_cards")), np.array(row(model, "external_cards"))
        np.testing.assert_allclose(own[2:] - wear * own[1:-1], [200.0, 200.0], rtol=1e-9)
        np.testing.assert_allclose(bought[2:] - wear * bought[1:-1], [1_800.0, 800.0], rtol=1e-9)

    def test_grows(self) -> None:
        limit = {f"{DAM}.chip_output": 0.2, f"{DAM}.chip_output_growth": 0.5}
        model = started(PLAN | limit)
        most = model.supply.own_output[:3]
        assert most[:, 0].tolist() == [200.0, 300.0, 400.0]
        assert np.isinf(most[:, 1:]).all()

    def test_own_cards_fill_what_the_world_market_does_not_give(self) -> None:
        model = started({f"{DAM}.chip_output": 0.2, f"{DAM}.own_chip_share": 0.5})
        money = np.full(3, 1_000.0)
        output = model.supply.own_output[0]
        most = largest_order(model.supply, output, money, 0.1)
        np.testing.assert_allclose(most, [200.0 + 800.0 * 0.1, 100.0, 100.0], rtol=1e-12)
        for ordered, expected in (
            ([150.0, 50.0, 50.0], 75.0),  # half of it was meant to be made; 80 can be bought
            ([250.0, 50.0, 50.0], 170.0),
            (most, 200.0),
        ):
            own = self_made(model.supply, output, np.array(ordered), money, 0.1)
            np.testing.assert_allclose(own, [expected, 0.0, 0.0])

    def test_insulation_follows_the_cards_there_are(self) -> None:
        model = MarketModel(changed({f"{DAM}.chip_output": 0.0} | PLAN, months=6), 1).run()
        share = current_own_share(model.supply, model.state)[0]
        assert 0.0 < share < 0.3
        before = costs(model).card
        model.state.external_cost_factor = np.e
        np.testing.assert_allclose(np.log(costs(model).card / before), [1.0 - share, 1.0, 1.0])

    def test_a_limit_out_of_reach_changes_nothing_but_rounding(self) -> None:
        free, limited = ran(changed(months=5)), ran(changed({f"{DAM}.chip_output": 1e5}, months=5))
        for name, curve in free.curves.items():
            np.testing.assert_allclose(limited.curves[name], curve, rtol=1e-9, err_msg=name)


class TestPerformance:
    def test_worse_chips_do_less_work_at_the_cost_of_whole_cards(self) -> None:
        worse = started({f"{DAM}.chip_performance": 0.5, f"{DAM}.chip_cost": 0.8})
        plain = started()
        supply = plain.scenario.supply
        mix = 0.3 * 0.8 * supply.own_card_cost + 0.7 * supply.external_card_cost
        np.testing.assert_allclose(costs(worse).card[0], mix / 0.85, rtol=1e-12)
        assert costs(worse).card[1:].tolist() == costs(plain).card[1:].tolist()
        # the first month's load needs more cards for the same work
        np.testing.assert_allclose(
            equivalents(worse.supply, worse.state),
            equivalents(plain.supply, plain.state),
            rtol=1e-12,
        )
        cards = worse.state.own_cards + worse.state.external_cards
        np.testing.assert_allclose(
            cards[0] * 0.85, equivalents(plain.supply, plain.state)[0], rtol=1e-12
        )

    @pytest.mark.parametrize("name", ["chip_performance", "chip_cost"])
    def test_the_plain_chip_is_today_s(self, name: str) -> None:
        assert differing(ran(changed({f"{DAM}.{name}": 1.0})), ran(changed())) == set()
        assert differing(ran(changed({f"{DAM}.{name}": 0.9})), ran(changed())) >= {"cash"}


class TestShocks:
    SHAKEN: dict[str, Any] = {  # noqa: RUF012
        "supply.shocks.sd": 0.3,
        "supply.shocks.jump_probability": 0.2,
        "supply.shocks.availability_response": 2.0,
    }

    def test_costs_move_by_what_is_bought(self) -> None:
        model = MarketModel(changed(self.SHAKEN), 3)
        calm = started(seed=3)
        model.step()
        z = model.state.supply_shock
        assert abs(z) > 0.01
        calm.step()
        ratio = np.log(costs(model).card / costs(calm).card)
        np.testing.assert_allclose(ratio, (1.0 - model.supply.own_share) * z, atol=1e-12)
        changed_cost = np.log(model.curves["external_card_price"][0] / 6_000.0)
        np.testing.assert_allclose(changed_cost, z, rtol=1e-12)

    def test_cards_get_rare_only_while_dear(self) -> None:
        model = ran(changed(self.SHAKEN, months=12), 3)
        z = np.log(model.curves["external_card_price"] / 6_000.0)
        expected = np.exp(-2.0 * np.maximum(z, 0.0))
        np.testing.assert_allclose(model.curves["external_availability"], expected, rtol=1e-12)
        assert (z < 0).any()
        assert (z > 0).any()

    def test_off_is_silent_and_longer_runs_begin_alike(self) -> None:
        off = changed(self.SHAKEN | {"mechanisms.supply_shocks": False})
        assert differing(ran(off), ran(changed())) == set()
        short, long = ran(changed(self.SHAKEN, months=4)), ran(changed(self.SHAKEN, months=8))
        assert differing(short, long, 4) == set()

    def test_other_parameters_share_the_luck(self) -> None:
        one = ran(changed({"supply.shocks.sd": 0.1})).curves["external_card_price"]
        other = ran(changed({"supply.shocks.sd": 0.2})).curves["external_card_price"]
        np.testing.assert_allclose(np.log(other / 6e3), 2.0 * np.log(one / 6e3), rtol=1e-9)


class TestPath:
    def test_is_ar1_with_jumps(self) -> None:
        normals = np.random.default_rng(1).standard_normal((200_000, 3))
        path = ar1_with_jumps(normals, 0.8, 0.1)
        assert abs(path.std() / (0.1 / np.sqrt(1 - 0.8**2)) - 1.0) < 0.02
        assert abs(np.corrcoef(path[1:], path[:-1])[0, 1] - 0.8) < 0.01
        jumps = ar1_with_jumps(normals, 0.0, 0.0, 0.05, 0.4, 0.1)
        assert abs((jumps != 0.0).mean() - 0.05) < 0.003
        assert abs(jumps[jumps != 0.0].mean() - 0.4) < 0.005

    def test_impulse_fades(self) -> None:
        normals = np.zeros((4, 3))
        normals[0, 0] = 2.0
        np.testing.assert_allclose(ar1_with_jumps(normals, 0.5, 0.1), [0.2, 0.1, 0.05, 0.025])

    @pytest.mark.parametrize(
        "arguments", [(1.0, 0.1), (0.5, -0.1), (0.5, 0.1, 1.5), (0.5, 0.1, 0.5, 0.0, -1.0)]
    )
    def test_refuses_what_is_no_process(self, arguments: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match="persistence must lie"):
            ar1_with_jumps(np.zeros((3, 3)), *arguments)
        with pytest.raises(ValueError, match="months, 3"):
            ar1_with_jumps(np.zeros(3), 0.5, 0.1)


class TestLayers:
    def test_applications_pay_cash_outside_full_stack_revenue(self) -> None:
        facts = {"supply.applications_on_calls": 0.5, "supply.applications_cost_share": 0.4}
        with_them, without = ran(changed(facts, months=3)), ran(changed(months=3))
        moved = differing(with_them, without)
        # penetration pricing looks at cash only below its funding limit
        assert moved == {"application_revenue", "cash", "objective", "profit"}
        extra = with_them.curves["profit"] - without.curves["profit"]
        income = with_them.curves["application_revenue"]
        np.testing.assert_allclose(income, 0.5 * with_them.curves["maas_revenue"], rtol=1e-12)
        np.testing.assert_allclose(extra, 0.6 * income, rtol=1e-6)

    def test_own_apps_are_told_apart_from_enterprise_tokens(self) -> None:
        facts = {"vendors.dam.capacity.internal_load": 2.0}
        model = ran(changed(facts | {"vendors.dam.capacity.internal_growth": 0.1}, months=3))
        expected = 2e6 * np.exp(0.1 * np.arange(3))
        np.testing.assert_allclose(row(model, "own_app_tokens"), expected, rtol=1e-12)

    def test_own_apps_jump_by_the_log_change_and_bring_cards(self) -> None:
        facts = {"vendors.dam.capacity.internal_load": 2.0}
        jump = {"month": "2024-02", "what": "own_apps", "vendor": "dam", "log_change": 1.5}
        calm, moved = (
            ran(changed(facts, months=3)),
            ran(changed(facts | {"events": [jump]}, months=3)),
        )
        ratio = np.divide(row(moved, "own_app_tokens"), row(calm, "own_app_tokens"))
        np.testing.assert_allclose(ratio, np.exp([0.0, 1.5, 1.5]), rtol=1e-12)
        bring = jump | {"log_change": 0.0, "cards": 3.0}
        cards = ran(changed(facts | {"events": [bring]}, months=3))
        extra = np.subtract(row(cards, "external_cards"), row(calm, "external_cards"))
        wear = calm.scenario.supply.wear
        np.testing.assert_allclose(extra[:2], [0.0, 3_000.0 * (1.0 - wear)], rtol=1e-9)

    def test_accounting_cost_is_card_cost_over_throughput(self) -> None:
        model = started({f"{DAM}.chip_performance": 0.5})
        plain = started()
        ratio = costs(model).accounting / costs(plain).accounting
        dam = model.world.platform[: model.world.n_api] == 0
        np.testing.assert_allclose(ratio[dam], 1.0 / 0.85, rtol=1e-12)
        np.testing.assert_allclose(ratio[~dam], 1.0, rtol=1e-12)
