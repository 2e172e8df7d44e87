"""Named strategies and the scenarios they make; their fingerprints."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.games.profiles import HISTORICAL, WITHOUT_LEVERS, field_of, parse_named, play
from sim.analysis.games.tournament import MONTHS, fingerprints
from sim.errors import SimError
from sim.scenario.schema.scenario import Scenario
from tests.unit.market.tiny import changed

CHANGE = {
    "what": "strategy",
    "month": "2024-03",
    "vendor": "volcano",
    "pricing": {"strategy": "match"},
}


def small(**more: object) -> Scenario:
    return changed({"population.clients": 60, **more})


def test_a_side_that_nobody_chose_has_six_pricing_strategies() -> None:
    field = field_of(small())
    assert len([row for row in field.rows if row.name != WITHOUT_LEVERS]) == 6
    assert len(field.columns) == 6
    assert field.rows[0].name == field.columns[0].name == HISTORICAL
    assert field.rows[-1].name == WITHOUT_LEVERS
    assert len(field.worlds) == 42
    assert field.notes == ("volcano: penetration is the same as historical",)


def test_a_strategy_takes_the_place_of_levers_and_changes_of_pricing() -> None:
    market = small(events=[CHANGE])
    played = play(market, "volcano", parse_named("cost_plus:markup=0.7"))
    assert played.vendors["volcano"].pricing == {"strategy": "cost_plus", "markup": 0.7}
    assert "price_war" not in played.levers
    assert played.events == ()
    assert {"open_source", "full_stack"} <= set(played.levers)
    assert played.vendors["dam"] == market.vendors["dam"]


def test_other_changes_of_the_same_event_stay() -> None:
    both = {**CHANGE, "marketing": {"strategy": "none"}}
    played = play(small(events=[both]), "volcano", parse_named("match"))
    assert len(played.events) == 1
    assert getattr(played.events[0], "pricing") is None  # noqa: B009
    assert getattr(played.events[0], "marketing") == {"strategy": "none"}  # noqa: B009


def test_its_own_strategy_leaves_the_scenario_alone() -> None:
    market = small()
    own = parse_named("penetration:target_share=0.5")
    assert play(market, "volcano", own) is market
    dated = small(events=[CHANGE])
    assert play(dated, "volcano", own) is not dated


def test_openness_can_be_played() -> None:
    played = play(small(), "dam", parse_named("openness.closed"))
    assert played.vendors["dam"].openness.strategy == "closed"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("undercot", "nearest: undercut"),
        ("prizing.match", "nearest: pricing"),
        ("historical:depth=1", "takes no parameter"),
    ],
)
def test_names_that_are_none(text: str, message: str) -> None:
    with pytest.raises(SimError, match=message):
        parse_named(text)


def test_one_strategy_is_no_game() -> None:
    with pytest.raises(SimError, match="two strategies that differ"):
        field_of(small(), ["list"], ["match"])


class TestFingerprints:
    def test_rules_leave_their_marks(self) -> None:
        names = ["cost_plus:markup=0.4", "match", "undercut:below=0.1", "penetration"]
        found = fingerprints(small(), "volcano", names, levels=(1.0, 2.0, 4.0), shares=(0.2, 0.7))
        plus, match, under, attack = found.response
        late = 0.5**MONTHS * 3  # what is left of the first price, in logarithms
        np.testing.assert_allclose(plus, 1.4, rtol=late)
        np.testing.assert_allclose(match[:, 0], [1.0, 2.0, 4.0], rtol=late)
        np.testing.assert_allclose(under[:, 0], [1.0, 1.8, 3.6], rtol=late)
        np.testing.assert_allclose(attack[:, 0], 0.7, rtol=late)
        np.testing.assert_allclose(attack[:, 1], 1.4, rtol=late)

    def test_distances_are_distances(self) -> None:
        names = ["cost_plus", "match", "undercut", "historical", "penetration"]
        distance = fingerprints(small(), "volcano", names).distance
        np.testing.assert_allclose(distance, distance.T)
        assert (np.diag(distance) == 0.0).all()
        assert distance[3, 4] == pytest.approx(0.0)  # volcano's own is penetration
        assert distance[1, 2] < distance[0, 1]

    def test_what_prices_nothing_has_none(self) -> None:
        with pytest.raises(SimError, match="need a pricing strategy"):
            fingerprints(small(), "dam", [WITHOUT_LEVERS])
        with pytest.raises(SimError, match="no vendor"):
            fingerprints(small(), "damn", ["match"])
