"""Changed copies, worlds without levers, hash and text."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.errors import ScenarioError
from sim.scenario.checks.sense import validated
from sim.scenario.patches import (
    replace,
    scenario_hash,
    to_toml,
    with_freed_budget,
    with_hosting,
    without_levers,
)
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario


def refused(scenario: Scenario, changes: dict[str, Any]) -> str:
    with pytest.raises(ScenarioError) as caught:
        replace(scenario, changes)
    return str(caught.value)


def test_replace_gives_a_copy(market: Scenario) -> None:
    changed = replace(market, {"families.old_open.weights": "closed", "hosts": (), "events": ()})
    assert changed.families["old_open"].weights == "closed"
    assert market.families["old_open"].weights == "open"
    assert (
        replace(
            changed,
            {"families.old_open.weights": "open", "hosts": market.hosts, "events": market.events},
        )
        == market
    )


def test_scenario_is_frozen(market: Scenario) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        market.calendar.months = 3  # type: ignore[misc]


def test_replace_of_nothing_is_equal(market: Scenario) -> None:
    assert replace(market, {}) == market


def test_replace_of_a_strategy(market: Scenario) -> None:
    plain = replace(market, {"vendors.new_cloud.pricing.strategy": "cost_plus"})
    assert plain.vendors["new_cloud"].pricing == {"strategy": "cost_plus"}
    same = replace(market, {"vendors.new_cloud.pricing.strategy": "penetration"})
    assert same == market
    tuned = replace(
        market,
        {
            "vendors.old_cloud.openness.parameters.delay_months": 3,
            "vendors.old_cloud.openness.strategy": "delayed_open",
        },
    )
    assert tuned.vendors["old_cloud"].openness.parameters == {"delay_months": 3}


def test_replace_reaches_a_table_that_is_absent(tables: dict[str, Any]) -> None:
    del tables["contest"]
    market = validated(tables)
    changed = replace(market, {"contest.incumbent": "old_cloud", "contest.challenger": "new_cloud"})
    assert changed.contest is not None
    assert "contest.challenger = (absent): is required" in refused(
        market, {"contest.incumbent": "old_cloud"}
    )


def test_replace_adds_a_whole_named_table(market: Scenario) -> None:
    changed = replace(market, {"vendors.third": {"home_share": 0.1}})
    assert list(changed.vendors) == ["old_cloud", "new_cloud", "third"]
    assert "nearest: new_cloud" in refused(market, {"vendors.new_clod": 3})


@pytest.mark.parametrize(
    ("path", "value", "hint"),
    [
        ("families.old_opn.weights", "closed", "nearest: old_open"),
        ("families.old_open.weight", "closed", "nearest: weights"),
        ("demandd.box_cox", 1.0, "nearest: demand"),
        ("vendors.new_cloud.pricing.target", 0.1, "nearest: target_share"),
        ("events.0.price_yuan", 0.1, "nearest: price_yuan_per_million_tokens"),
        ("events.7.source", "x", "entries: 0 to 1"),
        ("hosts.first.start", "x", "entries: 0 to 0"),
        ("name.x", "x", "name is a value"),
        ("segments.state.rules.0", "x", "is a value, not a table"),
        ("", "x", "known: name"),
        ("..", "x", "known: name"),
    ],
)
def test_unknown_path_names_the_nearest(path: str, value: Any, hint: str, market: Scenario) -> None:
    text = refused(market, {path: value})
    assert hint in text
    assert "\n" not in text


def test_replace_validates_values_and_sense(market: Scenario) -> None:
    text = refused(market, {"demand.box_cox": 2.0, "segments.state.share": 0.5})
    assert "demand.box_cox = 2.0" in text
    assert "segments.*.share = 1.25" in text


def test_without_levers(market: Scenario) -> None:
    off = without_levers(market, ["open_source", "price_war"])
    assert off.families["old_open"].weights == "closed"
    assert set(off.families) == set(market.families)
    assert off.hosts == ()
    assert off.events == ()  # one belonged to the price war, one priced a hosted closed family
    assert list(off.levers) == ["depth"]
    assert off.vendors["new_cloud"].pricing == {"strategy": "cost_plus"}
    assert off.budget.freed == {}


def test_without_a_lever_others_stay(market: Scenario) -> None:
    off = without_levers(market, ["depth"])
    assert off.vendors["old_cloud"].stack.scheduling == 0.9
    assert replace(off, {"vendors.old_cloud.stack.scheduling": 1.0, "levers": market.levers}) == (
        market
    )


def test_without_no_lever_is_equal(market: Scenario) -> None:
    assert without_levers(market, []) == market


def test_unknown_lever_is_refused(market: Scenario) -> None:
    for function in (without_levers, with_freed_budget):
        with pytest.raises(ScenarioError, match="no such lever \\(nearest: open_source\\)"):
            function(market, ["open_sourc"])


def test_freed_budget_is_the_cost_of_the_levers(market: Scenario) -> None:
    names = ["open_source", "depth", "price_war"]
    freed = with_freed_budget(market, names)
    assert freed.budget.freed == {"old_cloud": 7.0, "new_cloud": 0.0}
    assert replace(freed, {"budget.freed": {}}) == without_levers(market, names)


def test_hosting_on_and_off(market: Scenario) -> None:
    bare = with_hosting(market, "new_cloud", ["old_open"], on=False)
    assert bare.hosts == ()
    full = with_hosting(bare, "new_cloud", ["old_open"], on=True)
    assert [(h.vendor, h.family, h.start, h.end) for h in full.hosts] == [
        ("new_cloud", "old_open", date(2024, 1, 1), None)
    ]
    assert with_hosting(market, "new_cloud", ["old_open"], on=True) == market
    assert with_hosting(full, "old_cloud", ["old_open"], on=True) == full  # its own
    assert with_hosting(full, "old_cloud", ["new_closed"], on=True) == full  # closed
    with pytest.raises(ScenarioError, match="no such vendor"):
        with_hosting(market, "nobody", ["old_open"], on=True)


def test_off_and_hosting_commute(market: Scenario) -> None:
    one = with_hosting(without_levers(market, ["open_source"]), "new_cloud", ["old_open"], on=True)
    other = without_levers(
        with_hosting(market, "new_cloud", ["old_open"], on=True), ["open_source"]
    )
    assert one == other


def test_hash_leaves_out_the_title_alone(market: Scenario) -> None:
    same = replace(market, {"title": "other"})
    assert scenario_hash(same) == scenario_hash(market)
    assert len(scenario_hash(market)) == 64
    for path, value in {
        "name": "x",
        "vendors.old_cloud.colour": "#000000",
        "ensemble.seed": 2,
        "sources.0.source": "F1",
        "demand.box_cox": 0.1,
    }.items():
        assert scenario_hash(replace(market, {path: value})) != scenario_hash(market)


def test_hash_does_not_depend_on_how_numbers_are_written(tables: dict[str, Any]) -> None:
    market = validated(tables)
    tables["vendors"]["old_cloud"]["home_share"] = 0.50
    tables["kinds"]["assistant"]["volume"] = 200_000
    assert scenario_hash(validated(tables)) == scenario_hash(market)


def test_toml_loads_to_an_equal_scenario(market: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "again.toml"
    path.write_text(to_toml(market), encoding="utf-8")
    again = load(path)
    assert again == market
    assert list(again.vendors) == list(market.vendors)
    assert scenario_hash(again) == scenario_hash(market)
    assert to_toml(again) == to_toml(market)


@settings(max_examples=60, deadline=None)
@given(
    share=st.just(0.0) | st.floats(1e-12, 1.0),
    price=st.floats(0.01, 1e6),
    title=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    months=st.integers(12, 600),
)
def test_any_value_survives_the_file(
    share: float,
    price: float,
    title: str,
    months: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    changed = replace(
        load(BASE),
        {
            "vendors.new_cloud.pricing.target_share": share,
            "families.new_closed.price": price,
            "title": title,
            "calendar.months": months,
        },
    )
    path = tmp_path_factory.getbasetemp() / "survives.toml"
    path.write_text(to_toml(changed), encoding="utf-8", newline="")
    assert load(path) == changed


BASE = Path(__file__).parents[2] / "cli" / "wrong" / "base.toml"


def test_a_currency_changes_words_and_no_number() -> None:
    market = load("tiny")
    dollars = market.replace({"currency": {"name": "US dollars", "symbol": "$"}})
    assert scenario_hash(dollars) == scenario_hash(market)
    assert "currency" not in to_toml(market)
    assert 'symbol = "$"' in to_toml(dollars)
    text = "2 million yuan a month; price_yuan_per_token"
    assert market.currency.words(text) == text
    assert dollars.currency.words(text) == "2 million US dollars a month; price_yuan_per_token"
    assert dollars.currency.sign("million yuan") == "million $"
