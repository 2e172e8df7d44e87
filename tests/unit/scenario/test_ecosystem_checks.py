"""What makes no sense in the open ecosystem is told before the first month."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.scenario.patches import without_levers
from tests.unit.market.tiny import changed

POOL = {"potential": 10.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"families.dam_open.community.regions": {"mars": POOL}},
            "families.dam_open.community.regions.mars .*no such region",
        ),
        (
            {"families.dam_open.community.regions": {"domestic": {"developers": 1.0}}},
            "potential .*is required",
        ),
        ({"regions.domestic.awareness": {"damm": 1.0}}, "no such vendor .*nearest: dam"),
        ({"regions.domestic.awareness": {"dam": -1.0}}, "must lie between 0 and 20"),
        ({"families.lava.imitates": True}, "families.lava.imitates .*closes no gap"),
        ({"families.lava.imitation_half_life": 0.0}, "greater than or equal to"),
        ({"ecosystem.derivatives.new_lineage": 1.0}, "less than or equal to 0.99"),
        ({"ecosystem.derivates.weight": 1.0}, "nearest: derivatives"),
        (
            {"vendors.dam.research": {"strategy": "fixed", "families": ["lava"]}},
            "vendors.dam.research.families .*no such own family",
        ),
        (
            {
                "events": [
                    {
                        "what": "strategy",
                        "month": "2024-03",
                        "vendor": "dam",
                        "research": {"strategy": "fixed", "families": ["lava"]},
                    }
                ]
            },
            "events.0.research.families .*no such own family",
        ),
        (
            {"vendors.dam.research": {"strategy": "fixd"}},
            "vendors.dam.research.strategy .*nearest: fixed",
        ),
        (
            {"vendors.dam.research": {"strategy": "fixed", "spent": 1.0}},
            "vendors.dam.research.spent .*nearest: spend",
        ),
        (
            {
                "vendors.dam.openness": {
                    "strategy": "open_core",
                    "parameters": {"open": ["lava*"]},
                }
            },
            "vendors.dam.openness.parameters.open .*own families: dam_open, dam_max",
        ),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=r"(?s)" + message):
        changed(changes)


def test_a_half_life_of_the_owner_is_enough() -> None:
    changed({"families.lava.imitates": True, "vendors.volcano.context_half_life": 5.0})


def test_tables_given_to_a_change_stay_as_they_are() -> None:
    community = {"developers": 1.0}
    changes = {
        "families.dam_open.community": community,
        "families.dam_open.community.potential": 7.0,
    }
    assert changed(changes).families["dam_open"].community.potential == 7.0
    assert community == {"developers": 1.0}


@pytest.mark.parametrize("path", ["levers.*.cost", "levers.open_source.cost"])
def test_a_source_of_levers_goes_with_the_last_of_them(path: str) -> None:
    source = {"path": path, "flag": "assumed", "source": "a guess"}
    sourced = changed({"sources": [source]})
    assert len(without_levers(sourced, ["price_war"]).sources) == 1
    assert without_levers(sourced, list(sourced.levers)).sources == ()
