"""Goodwill in the market: known answers, one channel, and who wins at equal budgets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.analysis.verification import verify as verification
from sim.economics.goodwill import campaign_inflow
from sim.errors import ScenarioError
from sim.market.model import MarketModel
from sim.scenario.patches import replace, without_levers
from sim.scenario.reader import load
from tests.theory.oracles import surround_gain
from tests.unit.market.tiny import TINY, by_names, changed, differing, ran

CASES = {case["id"]: case for case in verification.load_cases()}
SMALL = {"population.clients": 50, "demand.awareness.share_weight": 0.0}
LINEAR = SMALL | {"demand.goodwill.elasticity": 1.0}
WHOLE = {"reach": 1.0}


def campaign(month: str = "2024-01", **more: Any) -> dict[str, Any]:
    facts = {"what": "campaign", "month": month, "vendor": "volcano", "spend_million_yuan": 100.0}
    return facts | more


def goodwill_of(model: MarketModel, vendor: str = "volcano") -> Any:
    return model.curves["goodwill"][:, model.axes["vendor"].index(vendor)]


def close(name: str, case: str, value: float) -> None:
    expected = CASES[case]["expected"][name]
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)


class TestKnownAnswers:
    def test_constant_spend(self) -> None:
        facts = CASES["na-p1"]["inputs"]
        steady = {"strategy": "steady", "budget": facts["spend_per_month"], **WHOLE}
        changes = {"demand.goodwill.decay": facts["decay_per_month"]}
        model = MarketModel(
            changed(LINEAR | changes | {"vendors.volcano.marketing": steady}, months=facts["T"]), 1
        )
        model.state.goodwill[:] = facts["A0"]
        close("goodwill_T", "na-p1", goodwill_of(model.run())[-1])

    def test_pure_decay(self) -> None:
        facts = CASES["na-p2"]["inputs"]
        changes = {"demand.goodwill.decay": facts["decay_per_month"]}
        model = MarketModel(changed(LINEAR | changes, months=facts["T"]), 1)
        model.state.goodwill[:] = facts["A0"]
        close("goodwill_T", "na-p2", goodwill_of(model.run())[-1])

    @pytest.mark.parametrize("by", ["strategy", "event"])
    def test_single_pulse_and_spread(self, by: str) -> None:
        facts = CASES["na-p3"]["inputs"]
        k, budget, horizon = facts["k_equal_months"], facts["budget"], facts["horizon"]
        # a strategy's rounds come back every year: its second year is decay by hand, below
        single: dict[str, Any] = {"strategy": "exclusive", "budget": budget, "months": [1], **WHOLE}
        spread: dict[str, Any] = {
            "strategy": "surround",
            "budget": budget,
            "months": [1],
            "spread": k,
            "stages": [WHOLE] * k,
        }
        one = {"events": [campaign(spend_million_yuan=budget, **WHOLE)]}
        many = {
            "events": [
                campaign(f"2024-{m + 1:02d}", spend_million_yuan=budget / k, **WHOLE)
                for m in range(k)
            ]
        }
        paths = []
        for table, events in ((single, one), (spread, many)):
            way = {"vendors.volcano.marketing": table} if by == "strategy" else events
            changes = LINEAR | {"demand.goodwill.decay": facts["decay"]} | way
            months = 12 if by == "strategy" else horizon
            path = goodwill_of(ran(changed(changes, months=months)))
            rest = path[-1] * (1 - facts["decay"]) ** np.arange(1, horizon - months + 1)
            paths.append(np.append(path, rest))
        theta = facts["theta"]
        close("sum_response_single_pulse", "na-p3", (paths[0] ** theta).sum())
        close("sum_response_spread", "na-p3", (paths[1] ** theta).sum())
        close("goodwill_sum_single", "na-p3", paths[0].sum())


def test_awareness_follows_its_formula() -> None:
    changes = SMALL | {"events": [campaign(reach=0.5)], "demand.goodwill.awareness_weight": 0.7}
    model = ran(changed(changes, months=3))
    stock = 0.5 * 100.0 * 0.8 ** np.arange(3)
    np.testing.assert_allclose(goodwill_of(model), stock, rtol=1e-12)
    base = model.scenario.vendors["volcano"].awareness
    known = 1 - np.exp(-base) * (1 + stock / 100.0) ** -0.7
    seen = model.curves["awareness"][:, model.axes["vendor"].index("volcano")]
    np.testing.assert_allclose(seen, known, rtol=1e-12)


def test_goodwill_enters_through_awareness_alone() -> None:
    lively = {"mechanisms.adoption": False, "demand.goodwill.awareness_weight": 5.0}
    one, other = (
        MarketModel(changed(lively | {"events": events}), 1) for events in ([], [campaign()])
    )
    one.step()
    other.step()
    for name, value in vars(one.terms).items():
        same = np.array_equal(value, getattr(other.terms, name))
        assert same == (name != "awareness"), name
    v = one.world.vendors.index("volcano")
    assert (other.state.awareness[:, v] > one.state.awareness[:, v]).all()
    moved = np.flatnonzero(one.choices.current != other.choices.current)
    assert len(moved) > 0
    assert set(one.world.platform[other.choices.current[moved]]) == {v}


def test_without_campaigns_nothing_is_left() -> None:
    model = ran(changed(months=4))
    for name in ("goodwill", "segment_goodwill", "marketing_spending"):
        assert not model.curves[name].any()
    heavy = {"demand.goodwill.awareness_weight": 9.0, "demand.goodwill.decay": 0.0}
    assert differing(model, ran(changed(heavy, months=4))) == set()


def test_switched_off_there_are_no_campaigns() -> None:
    busy = {
        "events": [campaign()],
        "vendors.dam.marketing": {"strategy": "steady"},
        "vendors.third.marketing": {"strategy": "reactive"},
    }
    off = ran(changed(busy | {"mechanisms.goodwill": False}, months=4))
    assert differing(off, ran(changed({"events": []}, months=4))) == set()


def test_campaigns_are_paid_and_seen_next_month() -> None:
    answer = {"strategy": "reactive", "share": 0.25, "rival": "volcano"}
    model = ran(
        changed(
            {
                "events": [campaign("2024-02", stages=4)],
                "vendors.dam.marketing": answer,
                "mechanisms.consideration": False,
            },
            months=5,
        )
    )
    still = ran(changed({"events": [], "mechanisms.consideration": False}, months=5))
    cost = model.curves["marketing_spending"] / 1e6
    volcano, dam = (model.axes["vendor"].index(name) for name in ("volcano", "dam"))
    assert cost[:, volcano].tolist() == [0.0, 100.0, 0.0, 0.0, 0.0]
    assert cost[:, dam].tolist() == [0.0, 0.0, 25.0, 0.0, 0.0]
    assert (model.curves["move_spending"] == model.curves["marketing_spending"]).all()
    # everybody is considered anyway, so the money is all that differs
    lost = (still.curves["cash"] - model.curves["cash"]) / 1e6
    np.testing.assert_allclose(lost, np.cumsum(cost, axis=0), rtol=1e-9, atol=1e-6)


REGIONS = {"regions": {"east": {"share": 0.25}, "west": {"share": 0.75}}}


def test_a_local_stage_spreads_its_money_over_its_own_audience() -> None:
    there = LINEAR | REGIONS | {"events": [campaign(regions=["east"], reach=0.4)]}
    model = MarketModel(changed(there, months=2), 1)
    model.step()
    v = model.world.vendors.index("volcano")
    cells = [(s, r) for s in model.world.segments for r in model.world.regions]
    wanted = [0.4 * 100.0 / 0.25 if region == "east" else 0.0 for _, region in cells]
    np.testing.assert_allclose(model.state.goodwill[:, v], wanted, rtol=1e-12)
    model.step()
    assert goodwill_of(model)[0] == pytest.approx(40.0)
    only = ran(changed(LINEAR | {"events": [campaign(segments=["government"])]}, months=2))
    place = [only.axes["segment"].index(name) for name in ("government", "internet")]
    curve = only.curves["segment_goodwill"][0, place, only.axes["vendor"].index("volcano")]
    np.testing.assert_allclose(curve, [0.5 * 100.0 / 0.4, 0.0], rtol=1e-12)


def duel(name: str, overlap: float, elasticity: float, **more: Any) -> MarketModel:
    """A small market in which volcano spends 80 in the first month, either way."""
    return ran(
        changed(
            SMALL
            | {
                "events": [],
                "demand.goodwill.overlap": overlap,
                "demand.goodwill.elasticity": elasticity,
                "vendors.volcano.marketing": {"strategy": name, "budget": 80.0, "months": [1]}
                | more,
            },
            months=8,
        )
    )


@pytest.mark.parametrize(
    ("overlap", "elasticity", "wins"), [(0.0, 0.24, True), (0.0, 0.9, False), (0.9, 0.24, False)]
)
def test_overlap_and_concavity_decide_at_equal_budgets(
    overlap: float, elasticity: float, wins: bool
) -> None:
    one, many = (duel(name, overlap, elasticity) for name in ("exclusive", "surround"))
    v = one.axes["vendor"].index("volcano")
    costs = [m.curves["marketing_spending"][:, v].sum() for m in (one, many)]
    assert costs == [80e6, 80e6]
    gain = surround_gain(4, 0.6, 0.25, overlap, elasticity)
    ratio = np.log(goodwill_of(many).sum() / goodwill_of(one).sum())
    assert ratio == pytest.approx(gain, rel=1e-9)
    more = many.curves["awareness"][:, v] > one.curves["awareness"][:, v]
    assert (gain > 0) == wins
    assert (more == wins).all()


def test_order_of_vendors_and_stages_in_the_file_says_nothing() -> None:
    events = [
        campaign(stages=3, segments=["internet"], reach=0.3),
        campaign(spend_million_yuan=7.0),
        campaign(vendor="dam", reach=0.1),
    ]
    strategies = {
        "vendors.volcano.marketing": {"strategy": "surround", "months": [1], "spread": 2},
        "vendors.third.marketing": {"strategy": "reactive"},
    }
    one = changed({"events": events} | strategies | REGIONS, months=4)
    other = changed({"events": events[::-1]} | strategies | REGIONS, months=4)
    vendors = dict(reversed(other.vendors.items()))
    other = other.model_copy(update={"vendors": vendors})
    assert by_names(ran(one)) == by_names(ran(other))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vendors.volcano.marketing": {"strategy": "exclusiv"}}, "nearest: exclusive"),
        ({"vendors.volcano.marketing": {"strategy": "steady", "budgett": 1.0}}, "nearest: budget"),
        ({"vendors.volcano.marketing": {"strategy": "steady", "budget": -1.0}}, "greater than"),
        ({"vendors.volcano.marketing": {"strategy": "exclusive", "months": [13]}}, "12"),
        ({"vendors.volcano.marketing": {"strategy": "reactive", "rival": "damm"}}, "nearest: dam"),
        ({"vendors.volcano.marketing": {"strategy": "reactive", "rival": "volcano"}}, "another"),
        (
            {"vendors.dam.marketing": {"strategy": "surround", "stages": [{"segments": ["oil"]}]}},
            "no such segment: 'oil'",
        ),
        ({"vendors.dam.marketing": {"strategy": "surround", "stages": []}}, "at least 1"),
        ({"events": [campaign(regions=["moon"])]}, "no such region: 'moon'"),
        ({"events": [campaign(vendor="volcan")]}, "nearest: volcano"),
        ({"events": [campaign(stages=0)]}, "greater than"),
        (
            {
                "events": [
                    {
                        "what": "strategy",
                        "month": "2024-03",
                        "vendor": "dam",
                        "marketing": {"strategy": "reactive", "rival": "nobody"},
                    }
                ]
            },
            "no such vendor: 'nobody'",
        ),
        (
            {"segments.void": {"share": 0.0}, "events": [campaign(segments=["void"])]},
            "reaches no client",
        ),
    ],
)
def test_nonsense_is_refused_before_the_first_month(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        changed(changes)


def test_levers_take_campaigns_away() -> None:
    lever = {
        "levers.gala": {
            "vendor": "volcano",
            "off": {"vendors.volcano.marketing": {"strategy": "none"}},
        }
    }
    table = {"vendors.volcano.marketing": {"strategy": "exclusive", "months": [1]}}
    scenario = changed(lever | table | {"events": [campaign(lever="gala")]}, months=3)
    assert ran(scenario).curves["marketing_spending"].sum() == 200e6
    off = without_levers(scenario, ["gala"])
    assert differing(ran(off), ran(changed({"events": []}, months=3))) == set()


def test_a_dated_change_of_strategy() -> None:
    change = {
        "what": "strategy",
        "month": "2024-03",
        "vendor": "dam",
        "marketing": {"strategy": "steady", "budget": 3.0},
    }
    model = ran(changed({"events": [change]}, months=5))
    cost = model.curves["marketing_spending"][:, model.axes["vendor"].index("dam")]
    assert cost.tolist() == [0.0, 0.0, 3e6, 3e6, 3e6]


def test_half_a_lever_is_half_a_campaign() -> None:
    tables = {
        "levers.gala": {"vendor": "volcano", "off": {"vendors.volcano.marketing.budget": 0.0}},
        "vendors.volcano.marketing": {"strategy": "exclusive", "budget": 100.0, "months": [1]},
        "events": [campaign(lever="gala")],
    }
    for intensity in (0.0, 0.5, 1.0):
        part = changed(tables | {"levers.gala.intensity": intensity}, months=2)
        assert ran(part).curves["marketing_spending"].sum() == intensity * 200e6


def test_sources_of_a_campaign_go_with_it() -> None:
    scenario = changed(
        {
            "vendors.volcano.marketing": {"strategy": "exclusive"},
            "levers.gala": {
                "vendor": "volcano",
                "off": {"vendors.volcano.marketing": {"strategy": "none"}},
            },
            "sources": [
                {"path": path, "flag": "assumed", "source": "a test"}
                for path in ("vendors.volcano.marketing.strategy", "vendors.*.finance")
            ],
        }
    )
    told = replace(
        scenario,
        {
            "vendors.volcano.marketing.budget": 90.0,
            "sources.0.path": "vendors.*.marketing.budget",
        },
    )
    assert [s.path for s in without_levers(told, ["gala"]).sources] == ["vendors.*.finance"]
    assert len(without_levers(told, ["price_war"]).sources) == 2


def test_the_galas_of_2026_cost_the_same_and_reach_as_stated() -> None:
    scenario = replace(load(TINY.parent / "gala-2026.toml"), {"population.clients": 100})
    model = ran(scenario)
    alibaba, volcano = (
        model.axes["vendor"].index(name) for name in ("alibaba_cloud", "volcano_engine")
    )
    cost = model.curves["marketing_spending"]
    assert cost[7, [alibaba, volcano]].tolist() == [100e6, 100e6]
    assert cost.sum() == 200e6
    table = scenario.demand.goodwill
    law = (table.overlap, table.elasticity, table.scale)
    reaches = {"delta": [0.4, 0.4, 0.4, 0.15], "henan": [0.4, *[0.15] * 3], "rest": [0.15] * 4}
    local = sum(
        scenario.regions[name].share * float(campaign_inflow([25.0] * 4, reach, *law))
        for name, reach in reaches.items()
    )
    assert goodwill_of(model, "alibaba_cloud")[7] == pytest.approx(local)
    national = float(campaign_inflow([100.0], [0.6], *law))
    assert goodwill_of(model, "volcano_engine")[7] == pytest.approx(national)
    assert local < national
