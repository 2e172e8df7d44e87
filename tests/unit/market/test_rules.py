"""Dated hosting, open weights, hard rules, and who counts what."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.events.base import parse_event
from sim.market.model import MarketModel
from sim.strategies.registry import make
from tests.unit.market.tiny import changed, ran, started

HOSTED = {
    "vendor": "third",
    "family": "dam_open",
    "start": "2024-03",
    "end": "2024-05",
    "price": 5.0,
}
OFFER = "api/third/dam_open"


def offers_by_segment(model: MarketModel) -> dict[str, set[str]]:
    out: dict[str, set[str]] = {name: set() for name in model.scenario.segments}
    for client in model.clients:
        out[client.segment] |= {work.offer for work in client.workloads}
    return out


def listed(model: MarketModel, offer: str) -> list[float]:
    return model.curves["list_price"][:, model.axes["offer"].index(offer)].tolist()


class TestEventsBeforeTheStart:
    EARLY = parse_event(
        {"what": "release", "month": "2023-06", "family": "lava", "capability": 1.5}
    )

    def test_a_file_with_one_is_refused(self) -> None:
        with pytest.raises(ScenarioError, match="before the first month"):
            changed({"events": [self.EARLY.model_dump()]})

    def test_the_market_starts_with_what_it_did(self) -> None:
        scenario = changed({"events": []})
        early = MarketModel(scenario.model_copy(update={"events": (self.EARLY,)}), 1)
        stated = MarketModel(changed({"events": [], "families.lava.capability": 1.5}), 1)
        np.testing.assert_array_equal(early.state.capability, stated.state.capability)
        np.testing.assert_array_equal(early.choices.current, stated.choices.current)


class TestReleases:
    def test_a_family_is_sold_from_its_release(self) -> None:
        model = ran(changed({"families.third_one.released": "2024-03"}, months=4))
        assert listed(model, "api/third/third_one")[:2] == [0.0, 0.0]
        assert listed(model, "api/third/third_one")[2] > 0
        third = model.axes["vendor"].index("third")
        assert model.curves["platform_tokens"][:2, third].tolist() == [0.0, 0.0]
        assert model.curves["platform_tokens"][3, third] > 0

    def test_context_limit_holds_from_the_start(self) -> None:
        model = started({"families.lava.context_limit_tokens": 8_000})
        assert model.state.context[model.world.families.index("lava")] == 8_000

    def test_a_longer_window_helps_long_documents_only(self) -> None:
        release = {
            "what": "release",
            "month": "2024-02",
            "family": "lava",
            "context_tokens": 1_000_000,
        }
        all_begun = {"mechanisms.adoption": False}
        before = ran(changed(all_begun | {"events": []}, months=3))
        after = ran(changed(all_begun | {"events": [release]}, months=3))
        lava = before.world.api_offer("volcano", "lava")
        for name, moves in (("documents", True), ("training", False)):
            k = before.world.kinds.index(name)
            work = before.population.kind == k
            one, other = (m.choices.current[work] for m in (before, after))
            assert (one != other).any() == moves
            assert set(other[one != other].tolist()) <= {lava}


class TestHosting:
    def test_is_dated(self) -> None:
        model = started({"hosts": [HOSTED]})
        served = []
        j = model.world.api_offer("third", "dam_open")
        for _ in range(6):
            model.step()
            served.append(bool(model.available()[j]))
            if not served[-1]:
                assert not (model.choices.current == j).any()
        assert served == [False, False, True, True, False, False]
        # its own strategy moves the stated price by half of the log distance from the first month
        prices = listed(model, OFFER)
        assert prices[:2] + prices[4:] == [0.0] * 4
        assert prices[2] > 0

    def test_price_is_the_stated_one_where_the_host_follows_lists(self) -> None:
        model = ran(changed({"hosts": [HOSTED], "vendors.third.pricing": {"strategy": "list"}}))
        assert listed(model, OFFER) == [0.0, 0.0, 5.0, 5.0, 0.0, 0.0]

    def test_waits_for_open_weights(self) -> None:
        late = {"strategy": "delayed_open", "parameters": {"delay_months": 4}}
        model = ran(
            changed(
                {
                    "hosts": [HOSTED | {"start": "2024-01", "end": None}],
                    "vendors.third.pricing": {"strategy": "list"},
                    "vendors.dam.openness": late,
                }
            )
        )
        assert listed(model, OFFER) == [0.0] * 4 + [5.0, 5.0]

    def test_strategy_hosts_what_is_open(self) -> None:
        follow = {"strategy": "host_rivals", "parameters": {"delay_months": 2}}
        model = ran(changed({"vendors.third.openness": follow}, months=4))
        assert [price > 0 for price in listed(model, OFFER)] == [False, False, True, True]

    def test_a_closed_family_is_never_hosted(self) -> None:
        with pytest.raises(ScenarioError, match="open family"):
            changed({"hosts": [HOSTED], "families.dam_open.weights": "closed"})


class TestWeights:
    def test_cannot_be_taken_back(self) -> None:
        model = started()
        f = model.world.families.index("dam_open")
        assert model.state.weights_open[f]
        model.vendors["dam"].openness = make("openness", "closed", {})  # type: ignore[assignment]
        for _ in range(3):
            model.step()
        assert model.state.weights_open[f]
        assert model.available()[model.world.labels.index("host/volcano/dam_open")]

    def test_open_with_the_lag_of_the_strategy(self) -> None:
        late = {"strategy": "delayed_open", "parameters": {"delay_months": 3}}
        model = started({"vendors.dam.openness": late})
        f = model.world.families.index("dam_open")
        opened = []
        for _ in range(5):
            model.step()
            opened.append(bool(model.state.weights_open[f]))
        assert opened == [False, False, False, True, True]

    def test_closed_weights_have_no_self_hosting_and_no_developers(self) -> None:
        model = ran(changed({"vendors.dam.openness": {"strategy": "closed"}}, months=3))
        assert not model.curves["self_hosted_tokens"].any()
        assert not model.curves["developers"].any()
        assert listed(model, "api/dam/dam_open") == [8.0] * 3


class TestHardRules:
    def test_open_weights_only(self) -> None:
        model = ran(
            changed(
                {
                    "segments.government.rules": ["open_weights_only"],
                    "hosts": [HOSTED | {"end": None}],
                }
            )
        )
        offers = offers_by_segment(model)
        government = {offer for offer in offers["government"] if offer.startswith("api/")}
        assert government == {"api/dam/dam_open", OFFER}
        assert "api/volcano/lava" in offers["internet"]

    @pytest.mark.parametrize("mark", ["foreign", "model_company"])
    def test_data_residency(self, mark: str) -> None:
        model = ran(
            changed(
                {
                    "segments.government.rules": ["data_residency"],
                    f"vendors.third.{mark}": True,
                    "vendors.third.home_share": 0.0,
                }
            )
        )
        offers = offers_by_segment(model)
        assert not any("/third" in offer for offer in offers["government"])
        assert any("/third" in offer for offer in offers["internet"])

    def test_excluded_from_a_region(self) -> None:
        regions = {
            "domestic": {"share": 0.7},
            "overseas": {"share": 0.3, "domestic": False, "excluded_vendors": ["volcano"]},
        }
        model = ran(changed({"regions": regions}))
        seen: dict[str, set[str]] = {"domestic": set(), "overseas": set()}
        for client in model.clients:
            seen[client.region] |= {work.offer for work in client.workloads}
        assert not any("/volcano" in offer for offer in seen["overseas"])
        assert any("/volcano" in offer for offer in seen["domestic"])


class TestTwoBelts:
    SELF: ClassVar[dict[str, Any]] = {
        "demand.self_hosting.appeal": 20.0,
        "segments.government.own_machines_share": 0.0,
        "vendors.volcano.home_share": 1.0,
        "vendors.dam.home_share": 0.0,
        "vendors.third.home_share": 0.0,
        "kinds.training.presence": 0.0,
    }

    def test_self_hosted_on_a_rival_cloud(self) -> None:
        """Tokens of the owner's family, rent of the home cloud, platform tokens of nobody."""
        model = ran(changed(self.SELF, months=3))
        dam, volcano, third = (model.axes["vendor"].index(v) for v in ("dam", "volcano", "third"))
        curves = model.curves
        assert not curves["platform_tokens"].any()
        assert not curves["maas_revenue"].any()
        assert (curves["family_tokens"][:, dam] > 0).all()
        assert not curves["family_tokens"][:, [volcano, third]].any()
        assert (curves["iaas_revenue"][:, volcano] > 0).all()
        assert not curves["iaas_revenue"][:, [dam, third]].any()
        np.testing.assert_array_equal(curves["self_hosted_tokens"], curves["total_tokens"])

    def test_on_own_machines_nobody_is_paid(self) -> None:
        model = ran(
            changed(
                self.SELF
                | {
                    "segments.government.own_machines_share": 1.0,
                    "vendors.volcano.home_share": 0.0,
                    "segments.internet.own_machines_share": 1.0,
                },
                months=3,
            )
        )
        assert not model.curves["full_stack_revenue"].any()
        assert (model.curves["self_hosted_tokens"] > 0).all()

    def test_hosted_by_a_rival(self) -> None:
        """A host's model calls are its platform tokens and the owner's family tokens."""
        model = started(
            {
                "hosts": [HOSTED | {"start": "2024-01", "end": None}],
                "families.third_one.appeal": -20.0,
            }
        )
        for _ in range(6):
            model.step()
        served = model.volumes.served
        hosted = served[model.world.api_offer("third", "dam_open")]
        own = served[model.world.api_offer("third", "third_one")]
        third = model.axes["vendor"].index("third")
        assert hosted > 0
        np.testing.assert_allclose(model.curves["platform_tokens"][-1, third], hosted + own)
        np.testing.assert_allclose(model.curves["family_tokens"][-1, third], own)
