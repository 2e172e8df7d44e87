"""Levers pulled in part."""

from __future__ import annotations

import math

import pytest

from sim.events.market import Attention
from sim.events.vendors import PriceCut
from sim.scenario.patches import at_intensity
from sim.scenario.schema.scenario import Scenario
from tests.unit.market.tiny import started, tiny

FULL = {
    "families.dam_open.context_limit_tokens": 1_024_000,
    "levers": {
        "half": {
            "vendor": "dam",
            "off": {
                "vendors.dam.stack.scheduling": 1.0,
                "vendors.dam.stack.integration": {"api": 0.0, "rent": 0.5},
                "families.dam_open.context_limit_tokens": 1_000,
                "vendors.dam.openness.strategy": "closed",
            },
            "cost": 8.0,
        }
    },
}


def scenario(intensity: float) -> Scenario:
    return tiny().replace({**FULL, "levers.half.intensity": intensity})


def test_full_intensity_is_the_scenario_itself() -> None:
    whole = scenario(1.0)
    assert at_intensity(whole) is whole


def test_numbers_lie_between_and_choices_are_made() -> None:
    mixed = at_intensity(scenario(0.25))
    dam = mixed.vendors["dam"]
    assert dam.stack.scheduling == pytest.approx(1.0 + 0.25 * 0.15)
    assert dam.stack.integration.api == pytest.approx(0.25)
    assert dam.stack.integration.rent == pytest.approx(0.625)
    assert dam.stack.integration.host == 1.0
    assert dam.openness.strategy == "open_weights"
    # a window counts by its logarithm
    expected = math.exp(0.75 * math.log(1_000) + 0.25 * math.log(1_024_000))
    assert mixed.families["dam_open"].context_limit_tokens == round(expected)


def test_what_is_done_is_not_done_twice() -> None:
    once = at_intensity(scenario(0.25))
    assert once.levers["half"].off == {}
    assert at_intensity(once) is once


def test_zero_takes_the_lever_away() -> None:
    none = at_intensity(scenario(0.0))
    assert "half" not in none.levers
    assert none.vendors["dam"].openness.strategy == "closed"


def test_events_act_in_part() -> None:
    attention = Attention(
        month="2024-03", what="attention", vendor="dam", awareness_gain=2.0, adoption_boost=1.0
    )
    assert attention.scaled(0.25).awareness_gain == 0.5
    assert attention.scaled(0.25).adoption_boost == 0.25
    cut = PriceCut(
        month="2024-03",
        what="price_cut",
        vendor="dam",
        family="dam_open",
        price_yuan_per_million_tokens=1.0,
    )
    model = started({"vendors.dam.pricing": {"strategy": "list"}})
    j = model.world.api_offer("dam", "dam_open")
    before = float(model.state.list_price[j])
    cut.scaled(0.5).apply(model)
    assert model.state.list_price[j] == pytest.approx(math.sqrt(before))
    assert before != pytest.approx(1.0)
