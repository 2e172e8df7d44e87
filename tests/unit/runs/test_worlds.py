from __future__ import annotations

from typing import Any

import pytest

from sim.runs.worlds import challenger_hosts, worlds_of
from sim.scenario.patches import replace, with_hosting
from sim.scenario.schema.scenario import Scenario

NAMES = (
    "on",
    "off_money_kept",
    "off_money_in_price",
    "on_challenger_hosts",
    "off_money_kept_challenger_hosts",
    "off_money_in_price_challenger_hosts",
    "challenger_off",
)


def world(scenario: Scenario, name: str) -> Any:
    return next(w.scenario for w in worlds_of(scenario) if w.name == name)


def rebuilt(scenario: Scenario, **changes: Any) -> Scenario:
    data = scenario.model_dump() | changes
    return Scenario.model_validate(data)


def test_a_contest_with_levers_on_both_sides_has_every_world(duel: Scenario) -> None:
    assert tuple(w.name for w in worlds_of(duel)) == NAMES
    assert worlds_of(duel)[0].scenario == duel


def test_off_takes_the_incumbents_levers_and_leaves_the_challengers(duel: Scenario) -> None:
    off = world(duel, "off_money_kept")
    assert off.vendors["old"].appeal.api == 0.0
    assert off.families["oak"].weights == "closed"
    assert set(off.levers) == {"push"}
    assert off.vendors["new"] == duel.vendors["new"]
    assert off.budget.freed == {}


def test_rule_b_frees_the_money_of_all_levers(duel: Scenario) -> None:
    assert world(duel, "off_money_in_price").budget.freed == {"old": 15.0}


def test_reverse_test_takes_the_challengers_levers_alone(duel: Scenario) -> None:
    off = world(duel, "challenger_off")
    assert off.vendors["new"].appeal.api == 0.0
    assert off.vendors["old"] == duel.vendors["old"]


def test_hosting_is_flipped_both_ways(duel: Scenario) -> None:
    hosting = with_hosting(duel, "new", ["oak"], on=True)
    assert not challenger_hosts(duel)
    assert challenger_hosts(hosting)
    assert world(duel, "on_challenger_hosts") == hosting
    assert world(hosting, "on_challenger_does_not_host") == duel


def test_no_contest_no_counterfactual(duel: Scenario) -> None:
    assert [w.name for w in worlds_of(rebuilt(duel, contest=None))] == ["on"]


def test_no_open_family_no_hosting_worlds(duel: Scenario) -> None:
    closed = rebuilt(
        replace(duel, {"families.oak.weights": "closed"}),
        levers={name: duel.levers[name].model_dump() for name in ("charm", "push")},
    )
    assert [w.name for w in worlds_of(closed)] == [*NAMES[:3], "challenger_off"]


@pytest.mark.parametrize(("kept", "last"), [("push", "challenger_off"), ("charm", NAMES[5])])
def test_a_side_without_levers_has_no_off_world(duel: Scenario, kept: str, last: str) -> None:
    one = rebuilt(duel, levers={kept: duel.levers[kept].model_dump()})
    names = [w.name for w in worlds_of(one)]
    assert names[-1] == last
    assert ("challenger_off" in names) is (kept == "push")
    assert ("off_money_kept" in names) is (kept == "charm")
