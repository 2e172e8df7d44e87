"""Each kind of event changes what it says and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.events.base import Event, event_kinds, parse_event
from sim.market.model import MarketModel
from sim.market.month import dated_events
from tests.unit.market.tiny import changed, parts, started

MONTH = "2024-03"
PRICE = {"vendor": "dam", "family": "dam_open"}
CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({"what": "release", "family": "lava", "capability": 1.0}, {"capability"}),
    ({"what": "release", "family": "lava", "context_tokens": 9_000}, {"context"}),
    ({"what": "release", "family": "lava", "serving_cost": 2.0}, {"serving_cost"}),
    (
        {
            "what": "release",
            "family": "lava",
            "capability": 1.0,
            "context_tokens": 9_000,
            "serving_cost": 2.0,
        },
        {"capability", "context", "serving_cost"},
    ),
    ({"what": "price_list", **PRICE, "price_yuan_per_million_tokens": 30.0}, {"list_price"}),
    ({"what": "price_cut", **PRICE, "price_yuan_per_million_tokens": 1.0}, {"list_price"}),
    (
        {
            "what": "price_list",
            **PRICE,
            "input_yuan_per_million_tokens": 1.0,
            "output_yuan_per_million_tokens": 9.0,
        },
        {"list_price"},
    ),
    (
        {"what": "attention", "vendor": "dam", "awareness_gain": 1.0, "adoption_boost": 0.5},
        {"attention", "adoption_boost"},
    ),
    ({"what": "attention", "vendor": "dam", "awareness_gain": 1.0}, {"attention"}),
    ({"what": "attention", "awareness_gain": 1.0, "adoption_boost": 0.5}, {"adoption_boost"}),
    ({"what": "campaign", "vendor": "dam", "spend_million_yuan": 5.0, "stages": 2}, {"stages"}),
    ({"what": "supply", "availability": 0.4}, {"availability"}),
    ({"what": "supply", "external_cost_factor": 2.0}, {"external_cost_factor"}),
    ({"what": "supply", "rent_yuan_per_card_month": 9_000.0}, {"market_rent"}),
    ({"what": "demand_shift", "work": "assistant", "log_change": 0.3}, {"log_shift"}),
    (
        {"what": "demand_shift", "work": "assistant", "log_change": 0.3, "ramp_months": 3},
        {"log_shift", "shifts"},
    ),
    ({"what": "agent_platform", "vendor": "dam", "days_to_build": 3.0}, {"platforms"}),
    ({"what": "own_apps", "vendor": "dam", "log_change": 1.0}, {"app_factor"}),
    (
        {"what": "own_apps", "vendor": "dam", "log_change": 1.0, "cards": 2.0},
        {"app_factor", "external_cards"},
    ),
]


def named(case: Any) -> str:
    return "-".join(case) if isinstance(case, dict) else ""


def event_of(table: dict[str, Any]) -> Event:
    return parse_event({"month": MONTH, **table})


def changes_of(model: MarketModel, event: Event) -> set[str]:
    before = parts(model)
    event.apply(model)
    after = parts(model)
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(("table", "fields"), CASES, ids=named)
def test_changes_only_what_it_says(table: dict[str, Any], fields: set[str]) -> None:
    expected = {f"state.{name}" for name in fields}
    assert changes_of(started(), event_of(table)) == expected


def test_strategy_changes_one_vendor_and_no_number() -> None:
    event = event_of({"what": "strategy", "vendor": "third", "pricing": {"strategy": "match"}})
    model = started()
    assert changes_of(model, event) == {"third.pricing"}
    assert model.vendors["third"].pricing.name == "match"


def test_strategy_changes_how_far_a_vendor_goes_for_key_accounts() -> None:
    event = event_of({"what": "strategy", "vendor": "third", "accounts": {"strategy": "retain"}})
    model = started()
    assert changes_of(model, event) == {"third.accounts"}
    assert model.vendors["third"].accounts.name == "retain"


def test_every_kind_has_a_case() -> None:
    assert set(event_kinds()) == {table["what"] for table, _ in CASES} | {"strategy"}


@pytest.mark.parametrize("kind", event_kinds())
def test_facts(kind: str) -> None:
    cls = event_kinds()[kind]
    assert cls.kind == kind
    assert cls.__doc__
    for name, field in cls.model_fields.items():
        assert field.description, name


def test_exact_values() -> None:
    model = started({"families.lava.context_limit_tokens": 64_000})
    world, state = model.world, model.state
    lava = world.families.index("lava")
    event_of({"what": "release", "family": "lava", "context_tokens": 200_000}).apply(model)
    assert state.context[lava] == 64_000
    event_of(
        {
            "what": "price_list",
            **PRICE,
            "input_yuan_per_million_tokens": 1.0,
            "output_yuan_per_million_tokens": 9.0,
        }
    ).apply(model)
    assert state.list_price[world.api_offer("dam", "dam_open")] == 0.75 * 1.0 + 0.25 * 9.0
    event_of({"what": "price_list", **PRICE, "price_yuan_per_million_tokens": 0.0}).apply(model)
    lowest = model.scenario.decisions.lowest_price
    assert state.list_price[world.api_offer("dam", "dam_open")] == lowest


def test_release_adds_the_strengths_of_the_family() -> None:
    model = started({"families.lava.strengths": {"documents": 0.7}})
    event_of({"what": "release", "family": "lava", "capability": 2.0}).apply(model)
    row = model.state.capability[model.world.families.index("lava")]
    kinds = model.world.kinds
    assert row.tolist() == [2.7 if kind == "documents" else 2.0 for kind in kinds]


def test_price_list_binds_only_vendors_that_follow_lists() -> None:
    event = event_of(
        {
            "what": "price_list",
            "vendor": "volcano",
            "family": "lava",
            "price_yuan_per_million_tokens": 1.0,
        }
    )
    assert changes_of(started(), event) == set()


def test_an_agent_platform_opens_and_is_upgraded() -> None:
    model = started()
    held, v = model.state.platforms, model.world.vendors.index("volcano")
    opened = {"what": "agent_platform", "vendor": "volcano", "side": "creators", "agents": 40.0}
    event_of({**opened, "portability": 0.2}).apply(model)
    assert held.open.sum() == 1
    assert held.open[v].tolist() == [True, False]
    assert (held.agents[v, 0], held.portability[v, 0], held.days[v, 0]) == (40.0, 0.2, 7.0)
    upgraded = {"what": "agent_platform", "vendor": "volcano", "days_to_build": 2.0}
    event_of({**upgraded, "builders": 5.0}).apply(model)
    assert held.open[v].tolist() == [True, True]
    assert held.agents[v].tolist() == [40.0, 0.0]
    assert held.portability[v].tolist() == [0.2, 0.0]
    assert held.builders[v].tolist() == [5.0, 5.0]
    assert held.days[v].tolist() == [2.0, 2.0]


def test_an_agent_platform_in_part_goes_part_of_the_way() -> None:
    model = started()
    held, v = model.state.platforms, model.world.vendors.index("dam")
    whole = {"what": "agent_platform", "vendor": "dam", "side": "creators", "agents": 40.0}
    half = event_of({**whole, "days_to_build": 28.0, "portability": 0.6}).scaled(0.5)
    half.apply(model)
    assert held.open[v].tolist() == [True, False]
    assert held.days[v, 0] == pytest.approx(14.0)
    assert (held.agents[v, 0], held.portability[v, 0]) == (20.0, 0.3)


def test_an_agent_platform_is_still_when_switched_off() -> None:
    event = event_of({"what": "agent_platform", "vendor": "dam", "agents": 9.0})
    assert changes_of(started({"mechanisms.agent_platforms": False}), event) == set()


def test_attention_is_still_when_switched_off() -> None:
    event = event_of(
        {"what": "attention", "vendor": "dam", "awareness_gain": 1.0, "adoption_boost": 1.0}
    )
    assert changes_of(started({"mechanisms.attention": False}), event) == set()


def test_a_campaign_is_still_when_switched_off() -> None:
    event = event_of({"what": "campaign", "vendor": "dam", "spend_million_yuan": 5.0})
    assert changes_of(started({"mechanisms.goodwill": False}), event) == set()


def test_a_ramp_reaches_its_log_change_in_equal_steps() -> None:
    shift = {
        "what": "demand_shift",
        "month": "2024-02",
        "work": "assistant",
        "log_change": 0.3,
        "ramp_months": 3,
    }
    model = MarketModel(changed({"events": [shift]}, months=8), 1)
    k = model.world.kinds.index("assistant")
    seen = []
    for _ in range(8):
        model.step()
        seen.append(float(model.terms.log_growth[k]) - 0.05 * (model.month - 1))
    np.testing.assert_allclose(seen, [0.0, 0.1, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3], atol=1e-12)


def test_attention_fades() -> None:
    shock = {"what": "attention", "month": "2024-02", "vendor": "volcano", "awareness_gain": 1.0}
    model = MarketModel(changed({"events": [shock]}, months=4), 1).run()
    volcano = model.axes["vendor"].index("volcano")
    np.testing.assert_allclose(model.curves["attention"][:, volcano], [0, 0.8, 0.64, 0.512])


def test_unknown_kind_and_names_are_refused() -> None:
    with pytest.raises(ValueError, match="known: agent_platform, attention"):
        event_of({"what": "miracle"})
    with pytest.raises(ScenarioError, match="lavva"):
        changed({"events": [{"what": "release", "month": MONTH, "family": "lavva"}]})
    with pytest.raises(ScenarioError, match="either"):
        changed({"events": [{"what": "price_list", "month": MONTH, **PRICE}]})


def test_events_of_a_month_act_by_names_whatever_their_notes_say() -> None:
    tables = [
        {"what": "price_list", "vendor": v, "family": f, "price_yuan_per_million_tokens": 5.0}
        for v, f in (("dam", "dam_max"), ("dam", "dam_open"), ("volcano", "lava"))
    ]
    tables.append({"what": "attention", "vendor": "volcano"})
    notes = ("z", "b", "a", "c")
    events = [event_of({**t, "note": note}) for t, note in zip(tables, notes, strict=True)]
    for order in (events, events[::-1]):
        model = MarketModel(changed().model_copy(update={"events": tuple(order)}), 1)
        assert model.rules(dated_events)[2] == [events[3], events[0], events[1], events[2]]


def test_two_kinds_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two of one name: kind of event 'release'"):
        type("Twin", (Event,), {"kind": "release", "__module__": __name__})
