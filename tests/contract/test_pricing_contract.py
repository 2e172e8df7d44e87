"""What holds for every pricing strategy, and the exact moves of some."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from sim.economics.costs import learning_value
from sim.parts import Part
from sim.strategies.pricing.base import PricingStrategy
from sim.strategies.registry import make, strategies
from tests.contract.mock import (
    LIMITS,
    NEEDED,
    SCENES,
    MockVendor,
    Scene,
    panel,
    policy_table,
)
from tests.theory.oracles import further_margins, lifetime_lerner

NAMES = tuple(strategies("pricing"))
BY_RULE = tuple(name for name in NAMES if name != "list")


def fresh(name: str, **parameters: Any) -> PricingStrategy:
    strategy = make("pricing", name, {**NEEDED.get(name, {}), **parameters})
    assert isinstance(strategy, PricingStrategy)
    return strategy


def wanted_and_bounded(name: str, scene: Scene) -> tuple[Any, Any]:
    strategy, view, books = fresh(name), scene.view(), scene.books()
    wanted = strategy.wanted(view, books, np.random.default_rng(0))
    return wanted, strategy.bounded(view, books, wanted, LIMITS)


@pytest.mark.parametrize("name", NAMES)
class TestEveryStrategy:
    @pytest.mark.parametrize("scene", SCENES)
    def test_prices_are_valid(self, name: str, scene: str) -> None:
        prices = MockVendor(fresh(name)).play([SCENES[scene]] * 3)
        assert prices.shape == (3, 2)
        assert np.isfinite(prices).all()
        assert (prices >= LIMITS.lowest_price).all()

    def test_same_seed_same_acts(self, name: str) -> None:
        one, other = (MockVendor(fresh(name), seed=5).play(SCENES.values()) for _ in range(2))
        assert one.tobytes() == other.tobytes()

    def test_only_declared_strategies_draw(self, name: str) -> None:
        vendor = MockVendor(fresh(name))
        before = str(vendor.rng.bit_generator.state)
        vendor.play([SCENES["usual"]] * 2)
        assert (str(vendor.rng.bit_generator.state) == before) is vendor.strategy.deterministic

    def test_sees_and_does_not_touch(self, name: str) -> None:
        for scene in SCENES.values():
            view, books = scene.view(), scene.books()
            held = pickle.dumps((scene.demand, view.price, view.token_share, books))
            MockVendor(fresh(name)).move(scene)
            wanted = fresh(name).wanted(view, books, np.random.default_rng(0))
            assert pickle.dumps((scene.demand, view.price, view.token_share, books)) == held
            # a returned array that shares memory could change the market later
            assert not np.shares_memory(wanted, view.price)

    def test_view_cannot_be_written(self, name: str) -> None:
        view = Scene().view()
        with pytest.raises(ValueError, match="read-only"):
            view.price[0] = 1.0
        with pytest.raises(dataclasses.FrozenInstanceError):
            view.month = 0  # type: ignore[misc]

    def test_survives_pickling_between_months(self, name: str) -> None:
        scenes = list(SCENES.values())
        whole = MockVendor(fresh(name)).play(scenes)
        vendor = MockVendor(fresh(name))
        first = vendor.play(scenes[:4])
        again = pickle.loads(pickle.dumps(vendor))
        assert np.concatenate([first, again.play(scenes[4:])]).tobytes() == whole.tobytes()

    def test_reset_forgets(self, name: str) -> None:
        strategy = fresh(name)
        first = MockVendor(strategy, seed=2).play([SCENES["usual"]] * 3)
        MockVendor(strategy, seed=3).play(SCENES.values())
        strategy.reset()
        assert MockVendor(strategy, seed=2).play([SCENES["usual"]] * 3).tobytes() == first.tobytes()

    def test_facts(self, name: str) -> None:
        cls = strategies("pricing")[name]
        assert cls.name == name
        assert cls.kind == "pricing"
        assert cls.source.strip()
        assert isinstance(cls.observes, tuple)
        assert all(isinstance(what, str) and what for what in cls.observes)
        assert isinstance(cls.deterministic, bool)
        assert issubclass(cls.Parameters, Part)
        assert cls.__doc__

    def test_unknown_parameter_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="no_such_parameter"):
            make("pricing", name, {"no_such_parameter": 1.0})


@pytest.mark.parametrize("name", BY_RULE)
class TestEveryRule:
    @pytest.mark.parametrize("scene", ["usual", "below_cost", "winning", "dear_rivals"])
    def test_moves_half_the_log_distance(self, name: str, scene: str) -> None:
        wanted, price = wanted_and_bounded(name, SCENES[scene])
        before = np.array(SCENES[scene].own_price)
        aim = np.maximum(wanted, LIMITS.lowest_price)
        np.testing.assert_allclose(np.log(price / before), 0.5 * np.log(aim / before), atol=1e-12)

    @pytest.mark.parametrize("scene_name", ["out_of_money", "inelastic_without_money"])
    def test_funding_limit_raises_to_unit_cost(self, name: str, scene_name: str) -> None:
        scene = SCENES[scene_name]
        _, price = wanted_and_bounded(name, scene)
        assert (price >= np.array(scene.unit_cost)).all()

    def test_debt_within_the_limit_raises_nothing(self, name: str) -> None:
        rich = MockVendor(fresh(name)).move(SCENES["below_cost"])
        owing = MockVendor(fresh(name)).move(dataclasses.replace(SCENES["below_cost"], cash=-499.0))
        assert rich.tobytes() == owing.tobytes()


class TestRegistry:
    def test_unknown_name_gets_the_nearest(self) -> None:
        with pytest.raises(ValueError, match=r"'undercot' \(nearest: undercut\)"):
            make("pricing", "undercot", {})

    def test_unknown_name_far_from_all_lists_the_known(self) -> None:
        with pytest.raises(
            ValueError, match="known: best_response, cost_following, cost_plus, forward, list"
        ):
            make("pricing", "xyzxyz", {})

    @pytest.mark.parametrize("kind", ["pricing", "openness"])
    def test_duplicate_name_is_refused(self, kind: str) -> None:
        taken = next(iter(strategies(kind)))
        base = type(make(kind, taken, {})).__mro__[1]
        with pytest.raises(ValueError, match=f"two of one name: {kind} strategy '{taken}'"):
            type("Twin", (base,), {"name": taken})
        assert strategies(kind)[taken].__name__ != "Twin"

    def test_kind_must_exist(self) -> None:
        with pytest.raises(ValueError, match=r"'oddity' is none of .*pricing"):
            type("Odd", (PricingStrategy,), {"name": "odd", "kind": "oddity"})

    def test_a_band_upside_down_is_refused(self) -> None:
        with pytest.raises(ValueError, match="must not be below lowest 3"):
            make("pricing", "zero_intelligence", {"lowest": 3.0, "highest": 1.0})

    def test_a_floor_above_the_ceiling_is_refused(self) -> None:
        with pytest.raises(ValueError, match="must not be below floor 6"):
            make("pricing", "target_share", {"floor": 6.0, "ceiling": 5.0})

    @pytest.mark.parametrize(
        ("changes", "rule"),
        [
            ({"steps": 999_999}, "greater than or equal to 1000000"),
            ({"table": [0] * 8}, "3 prices need a table of 9 entries"),
            ({"table": [3] * 9}, "must lie in 0 to 2"),
            ({"own_grid": [1.5, 2.5, 2.0]}, "rising prices above 0"),
            ({"own_grid": [0.0, 1.0, 2.0]}, "rising prices above 0"),
            ({"format": 2}, "Input should be 1"),
            ({"surprise": 1}, "Extra inputs"),
        ],
    )
    def test_a_wrong_policy_is_refused(self, changes: dict[str, Any], rule: str) -> None:
        with pytest.raises(ValueError, match=rule):
            make("pricing", "q_learning", {"policy": policy_table(**changes)})

    def test_a_policy_changed_after_training_is_refused(self) -> None:
        with pytest.raises(ValueError, match="changed after training"):
            make("pricing", "q_learning", {"policy": policy_table() | {"profit_gain": 0.9}})

    def test_a_policy_by_file_name_needs_a_scenario_file(self) -> None:
        with pytest.raises(ValueError, match="only scenario files can name files"):
            make("pricing", "q_learning", {"policy": "learned.json"})

    def test_parameter_out_of_range_is_refused(self) -> None:
        with pytest.raises(ValueError, match="target_share"):
            make("pricing", "penetration", {"target_share": 1.5})


class TestExactMoves:
    def test_penetration_switches_outside_its_band_only(self) -> None:
        strategy = fresh("penetration", target_share=0.5, depth=0.25, harvest_markup=0.5, band=0.03)
        script = [0.40, 0.50, 0.53, 0.54, 0.50, 0.47, 0.46, 0.52]
        attacks = [True, True, True, False, False, False, True, True]
        for share, attacking in zip(script, attacks, strict=True):
            scene = Scene(share=share)
            got = strategy.wanted(scene.view(), scene.books(), np.random.default_rng(0))
            factor = 0.75 if attacking else 1.5
            np.testing.assert_allclose(got, factor * np.array(scene.unit_cost), rtol=1e-15)

    def test_penetration_stops_at_the_funding_limit(self) -> None:
        strategy = fresh("penetration", target_share=0.5, harvest_markup=0.5)
        scene = Scene(share=0.1, cash=-501.0)
        got = strategy.wanted(scene.view(), scene.books(), np.random.default_rng(0))
        np.testing.assert_allclose(got, [6.0, 12.0])

    def test_cost_plus(self) -> None:
        prices = MockVendor(fresh("cost_plus", markup=0.5)).play([Scene()] * 2)
        aim = np.array([6.0, 12.0])
        first = np.sqrt(aim * [10.0, 20.0])
        np.testing.assert_allclose(prices, [first, np.sqrt(aim * first)], rtol=1e-14)

    @pytest.mark.parametrize(("name", "factor"), [("undercut", 0.9), ("match", 1.0)])
    def test_followers_scale_the_cheapest_rival_by_cost(self, name: str, factor: float) -> None:
        scene = Scene(rival_price=(40.0, 24.0))
        got, _ = wanted_and_bounded(name, scene)
        np.testing.assert_allclose(got, [factor * 24.0, factor * 48.0], rtol=1e-14)

    @pytest.mark.parametrize(("name", "factor"), [("undercut", 0.9), ("match", 1.0)])
    def test_followers_meet_the_price_of_the_same_family(self, name: str, factor: float) -> None:
        scene = Scene(rival_price=(40.0, 24.0))
        view = dataclasses.replace(
            scene.view(), family=np.array([0, 1, 0, 3, -1])
        )  # near sells ours too
        got = fresh(name).wanted(view, scene.books(), np.random.default_rng(0))
        np.testing.assert_allclose(got, [factor * 40.0, factor * 48.0], rtol=1e-14)

    @pytest.mark.parametrize("name", ["undercut", "match"])
    def test_followers_stop_at_unit_cost(self, name: str) -> None:
        vendor = MockVendor(fresh(name))
        prices = vendor.play([SCENES["cheap_rivals"]] * 60)
        np.testing.assert_allclose(prices[-1], [4.0, 8.0], rtol=1e-12)
        assert (prices >= np.array([4.0, 8.0])).all()

    @pytest.mark.parametrize("name", ["undercut", "match"])
    def test_followers_without_rivals_stay(self, name: str) -> None:
        np.testing.assert_allclose(
            MockVendor(fresh(name)).move(SCENES["no_rival_sells"]), [10.0, 20.0], rtol=1e-15
        )

    def test_list_is_exact_even_without_money(self) -> None:
        assert MockVendor(fresh("list")).move(SCENES["out_of_money"]).tolist() == [1.0, 2.0]
        assert fresh("list").follows_list
        assert not any(fresh(name).follows_list for name in BY_RULE)

    def test_best_response_is_the_markup_of_the_elasticity(self) -> None:
        scene = Scene()
        wanted, _ = wanted_and_bounded("best_response", scene)
        own = np.array([True, True, False, False, False])
        price = np.concatenate([wanted, scene.view().price[2:]])
        elasticity = scene.demand.elasticity_of(own, price)
        np.testing.assert_allclose(wanted, np.array([4.0, 8.0]) / (1 - 1 / elasticity), rtol=1e-5)

    def test_inelastic_demand_allows_a_bounded_rise(self) -> None:
        prices = MockVendor(fresh("best_response")).play([SCENES["inelastic"]] * 2)
        np.testing.assert_allclose(prices, [[12.5, 25.0], [15.625, 31.25]], rtol=1e-15)

    def test_inelastic_demand_without_money_covers_cost(self) -> None:
        price = MockVendor(fresh("best_response")).move(SCENES["inelastic_without_money"])
        np.testing.assert_allclose(price, SCENES["inelastic_without_money"].unit_cost, rtol=1e-15)

    def test_best_response_recovers_from_an_inelastic_month(self) -> None:
        strategy = fresh("best_response")
        MockVendor(strategy).move(SCENES["inelastic"])
        again = MockVendor(strategy).move(Scene())
        assert again.tobytes() == MockVendor(fresh("best_response")).move(Scene()).tobytes()

    def test_nash_leaves_no_gain_from_deviating(self) -> None:
        scene = Scene(demand=panel(alpha=3.0))
        wanted, _ = wanted_and_bounded("nash", scene)
        from sim.economics.pricing import bertrand_nash

        found = bertrand_nash(
            scene.demand,
            np.array(scene.estimate),
            np.array([0, 0, 1, 2, -1]),
            start=scene.view().price,
        ).prices
        np.testing.assert_allclose(wanted, found[:2], rtol=1e-7)

        def profit(own: Any) -> float:
            usage = scene.demand.system(np.concatenate([own, found[2:]])).quantities[:2]
            return float(((own - np.array([4.0, 8.0])) * usage).sum())

        best = profit(wanted)
        for factor in (0.97, 0.99, 1.01, 1.03):
            assert profit(wanted * factor) < best

    def test_zero_intelligence_stays_in_its_band(self) -> None:
        strategy, scene = fresh("zero_intelligence", lowest=0.5, highest=2.0), Scene()
        rng = np.random.default_rng(1)
        drawn = np.array([strategy.wanted(scene.view(), scene.books(), rng) for _ in range(400)])
        ratio = drawn / np.array(scene.unit_cost)
        np.testing.assert_allclose(ratio[:, 0], ratio[:, 1])
        assert ratio.min() >= 0.5
        assert ratio.max() <= 2.0
        # ln uniform on [-ln 2, ln 2] has mean 0 and sd 0.4, 400 draws a standard error of 0.02
        assert abs(np.log(ratio[:, 0]).mean()) < 0.08

    def test_forward_without_a_future_is_best_response(self) -> None:
        scene = Scene(learning_exponent=0.0)
        expected, _ = wanted_and_bounded("best_response", scene)
        for blind in ({"discount": 0.0}, {"lifetime_weight": 0.0}):
            got = fresh("forward", **blind).wanted(
                scene.view(), scene.books(), np.random.default_rng(0)
            )
            assert got.tobytes() == expected.tobytes()

    def test_forward_counts_learning_and_lifetime(self) -> None:
        facts = {"discount": 0.95, "lifetime_weight": 0.3, "churn_memory": 0.0}
        scene = Scene(churn=0.2)
        got = fresh("forward", **facts).wanted(
            scene.view(), scene.books(), np.random.default_rng(0)
        )
        saved = learning_value(1000.0, 30.0, 0.08, 0.03, 0.95)
        net = (1.0 - saved) * np.array([4.0, 8.0])
        own = np.array([True, True, False, False, False])
        price = np.concatenate([got, scene.view().price[2:]])
        elasticity = scene.demand.elasticity_of(own, price)
        lerner = lifetime_lerner(elasticity, 0.2, 0.95, 0.3)
        np.testing.assert_allclose(got, net / (1.0 - lerner), rtol=1e-5)
        # the same as cost net of omega CLV with the margin of the price itself
        clv = further_margins(0.2, 0.95) * (got - net)
        np.testing.assert_allclose(got, (net - 0.3 * clv) / (1.0 - 1.0 / elasticity), rtol=1e-4)
        assert (got < wanted_and_bounded("best_response", scene)[0]).all()

    def test_forward_remembers_churn(self) -> None:
        strategy = fresh("forward", churn_memory=0.5)
        for churn in (0.4, 0.2, 0.0):
            scene = Scene(churn=churn)
            strategy.wanted(scene.view(), scene.books(), np.random.default_rng(0))
        assert strategy.churn == pytest.approx(0.15)

    def test_share_that_is_worth_something_lowers_the_price_as_a_subsidy_would(self) -> None:
        valued, _ = wanted_and_bounded("best_response", Scene(share_value=1.5))
        cheaper, _ = wanted_and_bounded("best_response", Scene(unit_cost=(2.5, 6.5)))
        np.testing.assert_allclose(valued, cheaper, rtol=1e-12)

    def test_target_share_moves_the_markup_by_the_gap(self) -> None:
        strategy = fresh("target_share", target=0.3, gain=2.0, floor=0.5, ceiling=5.0)
        cost, markup = np.array([4.0, 8.0]), 2.5
        for share in (0.3, 0.4, 0.2, 0.25):
            scene = Scene(share=share)
            got = strategy.wanted(scene.view(), scene.books(), np.random.default_rng(0))
            markup *= np.exp(2.0 * (share - 0.3))
            np.testing.assert_allclose(got, cost * markup, rtol=1e-12)

    @pytest.mark.parametrize(("share", "bound", "other"), [(0.0, 0.5, 0.6), (0.9, 4.0, 0.0)])
    def test_target_share_does_not_wind_up(self, share: float, bound: float, other: float) -> None:
        strategy = fresh("target_share", target=0.3, gain=2.0, floor=0.5, ceiling=4.0)
        far, back, rng = Scene(share=share), Scene(share=other), np.random.default_rng(0)
        for _ in range(50):
            got = strategy.wanted(far.view(), far.books(), rng)
        np.testing.assert_allclose(got, bound * np.array([4.0, 8.0]), rtol=1e-12)
        turned = strategy.wanted(back.view(), back.books(), rng)
        aim = bound * np.exp(2.0 * (other - 0.3)) * np.array([4.0, 8.0])
        np.testing.assert_allclose(turned, aim, rtol=1e-12)

    @pytest.mark.parametrize(("rival", "factor"), [(4.0, 2.0), (8.0, 2.5), (400.0, 2.5)])
    def test_a_learned_policy_answers_to_the_nearest_state(
        self, rival: float, factor: float
    ) -> None:
        got, _ = wanted_and_bounded("q_learning", Scene(rival_price=(rival, 99.0)))
        np.testing.assert_allclose(got, factor * np.array([4.0, 8.0]), rtol=1e-15)
