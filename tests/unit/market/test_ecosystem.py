"""Derivatives, developers by region, imitation, the open core, and what openness costs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.economics.networks import attached_sizes
from sim.market.ecosystem.communities import (
    Communities,
    communities,
    community_rules,
    publish_derivatives,
)
from sim.market.model import MarketModel
from sim.market.month import settle
from sim.market.recorder import measures
from sim.market.tables import fill_terms, term_rules
from sim.market.vendors.research import imitate
from tests.unit.market.tiny import changed, differing, ran, started

BOTH = {
    "families.third_one.weights": "open",
    "families.third_one.community": {"developers": 500.0, "derivatives": 40.0},
    "families.dam_open.community": {"developers": 2_000.0, "derivatives": 300.0},
}
FOLLOWER = {"families.third_one.imitates": True, "families.third_one.context_tokens": 8_000}
ABROAD = {
    "regions": {"home": {"share": 0.6}, "abroad": {"share": 0.4, "domestic": False}},
    "families.dam_open.community.regions": {"abroad": {"developers": 9_000.0, "potential": 9e4}},
}


def derivatives(**table: float) -> dict[str, Any]:
    return {f"ecosystem.derivatives.{name}": value for name, value in table.items()}


def met(model: MarketModel) -> Communities:
    """Communities as clients meet them now."""
    return communities(model.rules(community_rules), model.state)


class TestDerivatives:
    def test_one_month_is_simons_rule_on_all_open_families(self) -> None:
        model = started(BOTH | derivatives(publication=0.2, other_models=58.0, new_lineage=0.25))
        f = [model.world.families.index(name) for name in ("dam_open", "third_one")]
        publish_derivatives(model.rules(community_rules), model.state)
        grown = attached_sizes([301.0, 41.0], 400.0, 0.2 * 2_500.0, 0.25)
        np.testing.assert_allclose(model.state.derivatives[f], grown - 1.0)
        np.testing.assert_allclose(model.state.other_models, 900.0 - grown.sum())

    def test_every_model_has_a_lineage_and_a_closed_family_gathers_none(self) -> None:
        model = MarketModel(changed(BOTH | derivatives(publication=0.3, other_models=10.0)), 1)
        models = 352.0
        for _ in range(6):
            model.step()
            models += 0.3 * float(model.curves["developers"][model.month - 1].sum())
            held = model.state.derivatives.sum() + 2.0 + model.state.other_models
            np.testing.assert_allclose(held, models, rtol=1e-12)
        closed = [model.axes["family"].index(name) for name in ("dam_max", "lava")]
        assert not model.curves["derivatives"][:, closed].any()

    def test_counted_without_weight_they_move_nothing(self) -> None:
        plain, counted = ran(changed(BOTH)), ran(changed(BOTH | derivatives(publication=0.5)))
        assert differing(plain, counted) == {"derivatives"}

    def test_a_derivative_counts_for_so_many_developers(self) -> None:
        many = BOTH | {"families.dam_open.community.derivatives": 1_500.0}
        weighted = started(many | derivatives(weight=2.0))
        f = weighted.world.families.index("dam_open")
        fill_terms(weighted)
        assert met(weighted).size[f] == 2_000.0 + 2.0 * 1_500.0
        as_if = started(
            BOTH
            | {
                "families.dam_open.community.developers": 5_000.0,
                "families.third_one.community.developers": 580.0,
            }
        )
        assert weighted.state.contribution[f] == as_if.state.contribution[f]
        base = [fill_terms(model).base for model in (weighted, as_if)]
        assert met(weighted).ease[f] == met(as_if).ease[f] < 1.0
        np.testing.assert_allclose(base[0], base[1], rtol=1e-12)

    def test_path_dependence_without_lock_in(self) -> None:
        """No new lineages, no others: each keeps its expected share of all models."""
        model = ran(changed(BOTH | derivatives(publication=0.4, new_lineage=0.0)))
        f = [model.world.families.index(name) for name in ("dam_open", "third_one")]
        sizes = model.state.derivatives[f] + 1.0
        np.testing.assert_allclose(sizes / sizes.sum(), np.array([301.0, 41.0]) / 342.0)
        assert sizes.sum() > 2 * 342.0


class TestDevelopersByRegion:
    def test_each_region_meets_its_own_pool_and_part_of_the_others(self) -> None:
        model = started(ABROAD | {"ecosystem.spill_over": 0.25})
        f = model.world.families.index("dam_open")
        abroad, home = (model.world.regions.index(name) for name in ("abroad", "home"))
        fill_terms(model)
        community = met(model).met
        assert community[abroad, f] == 9_000.0 + 0.25 * 2_000.0
        assert community[home, f] == 2_000.0 + 0.25 * 9_000.0
        assert met(model).size[f] == 11_000.0

    def test_enters_the_utility_of_the_cells_of_that_region_alone(self) -> None:
        one = {"regions": ABROAD["regions"]}
        plain, model = started(one), started(ABROAD)
        gamma = model.scenario.demand.community_weight
        scale = model.scenario.demand.community_scale
        j = model.world.api_offer("dam", "dam_open")
        cells = np.array([r for _ in model.world.segments for r in model.world.regions])
        gained = math.log1p(9_000.0 / scale) - math.log1p(2_000.0 / scale)
        more = fill_terms(model).base[:, :, j] - fill_terms(plain).base[:, :, j]
        home, abroad = more[cells == "home"], more[cells == "abroad"]
        # what developers abroad contribute to the code reaches both regions alike
        np.testing.assert_allclose(abroad - home, np.full_like(home, gamma * gained), atol=1e-12)
        assert model.state.contribution.sum() > plain.state.contribution.sum()

    def test_pools_grow_apart_to_their_own_potential(self) -> None:
        small = {"abroad": {"developers": 0.0, "potential": 50.0, "innovation": 0.5}}
        model = ran(changed(ABROAD | {"families.dam_open.community.regions": small}))
        curve = model.curves["developers_by_region"]
        f = model.axes["family"].index("dam_open")
        regions = model.axes["region"]
        abroad = curve[:, regions.index("abroad"), f]
        assert (np.diff(abroad) > 0).all()
        assert 45.0 < abroad[-1] <= 50.0
        total = curve[:, regions.index("home"), f] + abroad
        np.testing.assert_allclose(model.curves["developers"][:, f], total)

    def test_one_pool_is_the_market_of_before(self) -> None:
        regions = {"regions": ABROAD["regions"]}
        weighted = regions | {"ecosystem.spill_over": 0.7}
        assert differing(ran(changed(regions)), ran(changed(weighted))) == set()

    def test_a_region_has_its_own_awareness_and_weight_of_communities(self) -> None:
        regions = {
            "home": {"share": 0.6},
            "abroad": {
                "share": 0.4,
                "awareness": {"dam": 0.1},
                "community_factor": 3.0,
                "excluded_vendors": ["volcano"],
            },
        }
        model = ran(changed({"regions": regions}, months=3))
        dam, third = (model.world.vendors.index(name) for name in ("dam", "third"))
        cells = np.array([r for _ in model.world.segments for r in model.world.regions])
        heard = model.state.awareness[cells == "abroad"], model.state.awareness[cells == "home"]
        assert (heard[0][:, dam] < heard[1][:, dam]).all()
        assert (heard[0][:, third] == heard[1][:, third]).all()
        gamma = model.rules(term_rules).gamma
        np.testing.assert_allclose(gamma[cells == "abroad"], 3.0 * gamma[cells == "home"])
        share = model.curves["region_token_share"]
        place = model.axes["region"].index("abroad"), model.axes["vendor"].index("volcano")
        assert not share[(slice(None), *place)].any()
        np.testing.assert_allclose(share.sum(axis=2), 1.0)
        np.testing.assert_allclose(model.curves["region_family_share"].sum(axis=2), 1.0)


class TestImitation:
    def test_half_of_the_gap_to_a_closed_frontier_is_left_after_the_half_life(self) -> None:
        lives = {"imitation_half_life": 3.0, "context_half_life": 6.0}
        follower = FOLLOWER | {f"families.third_one.{k}": v for k, v in lives.items()}
        model = started(follower | {"families.dam_open.weights": "closed"})
        f, best = (model.world.families.index(name) for name in ("third_one", "dam_max"))
        gap = model.state.capability[best] - model.state.capability[f]
        for _ in range(6):
            imitate(model)
        left = model.state.capability[best] - model.state.capability[f]
        np.testing.assert_allclose(left, gap / 4.0)
        np.testing.assert_allclose(model.state.context[f], 8_000 * 16.0**0.5)

    def test_open_weights_are_followed_faster(self) -> None:
        follower = FOLLOWER | {"families.third_one.imitation_half_life": 4.0}
        follower |= {"families.dam_open.capability": 3.0, "ecosystem.open_imitation_speed": 2.0}
        levels = []
        for weights in ("closed", "open"):
            model = started(follower | {"families.dam_open.weights": weights})
            model.state.contribution[:] = 0.0
            f = model.world.families.index("third_one")
            imitate(model)
            levels.append(float(model.state.capability[f, 0]) - 0.1)
        slow, fast = 2.9 * (1.0 - 2.0**-0.25), 2.9 * (1.0 - 2.0**-0.5)
        np.testing.assert_allclose(levels, [slow, fast])

    def test_the_owner_sets_it_for_its_families_that_imitate(self) -> None:
        vendor = {"vendors.third.imitation_half_life": 3.0}
        assert differing(ran(changed()), ran(changed(vendor))) == set()
        alike = changed(FOLLOWER | {"families.third_one.imitation_half_life": 3.0})
        assert differing(ran(alike), ran(changed(FOLLOWER | vendor))) == set()

    def test_a_limit_of_the_window_holds_and_others_keep_theirs(self) -> None:
        limited = {
            "families.third_one.context_half_life": 0.5,
            "families.third_one.context_limit_tokens": 30_000,
        }
        model = ran(changed(FOLLOWER | limited))
        windows = {
            name: model.curves["context_window"][:, f]
            for f, name in enumerate(model.axes["family"])
        }
        assert windows["third_one"][-1] == 30_000.0
        assert windows["lava"].tolist() == [32_000.0] * 6
        assert windows["dam_max"].tolist() == [128_000.0] * 6

    def test_own_families_are_not_imitated(self) -> None:
        model = started(
            {"families.dam_open.imitates": True, "families.dam_open.imitation_half_life": 1.0}
            | {f"families.{name}.capability": -1.0 for name in ("lava", "third_one")}
        )
        before = model.state.capability.copy()
        imitate(model)
        assert model.state.capability.tobytes() == before.tobytes()


class TestOpenCore:
    def test_the_flagship_opens_late_and_the_overtaken_at_once(self) -> None:
        core = {
            "vendors.dam.openness": {"strategy": "open_core", "parameters": {"delay_months": 4}},
            "families.dam_max.weights": "as_owner",
            "families.dam_next": {
                "owner": "dam",
                "weights": "as_owner",
                "capability": 2.0,
                "released": "2024-03",
                "price": 30.0,
            },
        }
        model = MarketModel(changed(core, months=8), 1)
        opened: dict[str, int] = {}
        for month in range(8):
            model.step()
            for name, is_open in zip(model.world.families, model.state.weights_open, strict=True):
                if is_open:
                    opened.setdefault(name, month)
        # dam_max is the flagship until dam_next comes, which opens after the lag
        assert opened == {"dam_open": 0, "dam_max": 2, "dam_next": 6}
        f = model.world.families.index("dam_max")
        assert model.state.open_month[f] == 2


class TestScoreboardClaims:
    """What a rival's cloud earns with the incumbent's open family, and who is credited."""

    def test_self_hosting_on_a_rivals_cloud(self) -> None:
        """Tokens to the owner of the family, rent to the rival, platform tokens to nobody."""
        names = ("family_tokens", "platform_tokens", "iaas_revenue", "maas_revenue")
        boards, taken = [], (0.0, 0.0)
        for counted in (True, False):
            model = started({"demand.self_hosting.appeal": 2.0})
            for phase in model.phases:
                if phase.name == "settle":
                    j = model.world.labels.index("host/volcano/dam_open")
                    if counted:
                        taken = float(model.volumes.kept[j]), float(model.volumes.host_hours[j])
                    else:
                        model.volumes.kept[j] = model.volumes.host_hours[j] = 0.0
                    settle(model)
                    break
                phase.act(model)
            boards.append({name: np.array(measures()[name].read(model)) for name in names})
        tokens, hours = taken
        assert tokens > 0
        rent = hours * model.state.market_rent / model.scenario.supply.card_hours
        vendors = model.world.vendors
        gained = {name: boards[0][name] - boards[1][name] for name in names}
        only = {name: np.array([vendor == name for vendor in vendors]) for name in vendors}
        np.testing.assert_allclose(gained["family_tokens"], tokens * only["dam"], rtol=1e-9)
        np.testing.assert_allclose(gained["iaas_revenue"], rent * only["volcano"], rtol=1e-9)
        assert not gained["platform_tokens"].any()
        assert not gained["maas_revenue"].any()

    def test_cannibalised_margin_is_tokens_elsewhere_times_own_margin(self) -> None:
        hosts = [{"vendor": "third", "family": "dam_open", "start": "2024-01", "price": 5.0}]
        model = ran(changed({"hosts": hosts}))
        world, volumes = model.world, model.volumes
        own = world.api_offer("dam", "dam_open")
        elsewhere = sum(
            float(volumes.served[j])
            for j, label in enumerate(world.labels)
            if label.endswith("/dam_open") and j != own
        )
        margin = float(model.paid[own] - model.account.unit_cost[own])
        lost = dict(zip(model.axes["vendor"], model.curves["cannibalised_margin"][-1], strict=True))
        assert elsewhere > 0
        np.testing.assert_allclose(lost["dam"], elsewhere * margin, rtol=1e-12)
        assert (lost["volcano"], lost["third"]) == (0.0, 0.0)

    @pytest.mark.parametrize("weights", ["closed", "as_owner"])
    def test_only_openness_cannibalises(self, weights: str) -> None:
        model = ran(changed({"families.dam_open.weights": weights}, months=3))
        assert model.curves["cannibalised_margin"].any() == (weights == "as_owner")
