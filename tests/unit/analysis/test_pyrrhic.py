"""Containment that costs the incumbent money is called pyrrhic, in the market itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.analysis.verdict.judge import judge
from sim.analysis.verdict.words import answer_of_pair
from sim.runs.ensemble import run_ensemble
from sim.runs.settings import RunSettings
from tests.unit.market.tiny import changed

STEADY = {"strategy": "list"}
# Clients of one size and prices that stay, so that five pairs of runs tell; a challenger that would
# have nearly all tokens, and rent that keeps the incumbent ahead in revenue.
MARKET: dict[str, Any] = {
    "population.clients": 200,
    "population.size_sigma": 0.1,
    "containment.window_months": 3,
    "containment.slope_tolerance": 0.2,
    "containment.ceiling_share": 0.8,
    "kinds.assistant.adoption": {"start": 0.8},
    "kinds.documents.presence": 0.0,
    "kinds.training.presence": 1.0,
    "kinds.training.volume": 3_000_000,
    "vendors.dam.pricing": STEADY,
    "vendors.third.pricing": STEADY,
    "vendors.volcano.pricing": STEADY,
    "vendors.volcano.awareness": 2.0,
    "vendors.volcano.appeal.api": 0.9,
    "families.lava.price": 4.0,
    "families.lava.capability": 0.8,
    "families.third_one.price": 30.0,
    "events": [],
}


LIKED = {"vendors.dam.appeal.api": 2.0}
DISLIKED = {"vendors.dam.appeal.api": 0.0}


def entry(
    tmp_path: Path, changes: dict[str, Any], off: dict[str, Any], cost: float = 0.0
) -> dict[str, Any]:
    lever = {"vendor": "dam", "title": "the move on trial", "off": off, "cost": cost}
    market = changed(MARKET | changes).replace({"levers": {"move": lever}})
    result = run_ensemble(market, RunSettings(workers=1, out=tmp_path), replicates=5)
    found: dict[str, Any] = judge(result)["verdicts"]["money_kept"]
    return found


def test_holding_back_by_selling_cheap_is_pyrrhic(tmp_path: Path) -> None:
    cheap = {"families.dam_open.price": 2.0, "families.dam_max.price": 4.0}
    dear = {"families.dam_open.price": 12.0, "families.dam_max.price": 20.0}
    found = entry(tmp_path, cheap, dear)
    assert found["definitions"]["D2"]["verdict"] == "supported"
    assert found["definitions"]["D3"]["verdict"] == "supported"
    assert found["contained"] == found["overall"] == "supported"
    assert found["definitions"]["D6"]["verdict"] == "supported"
    assert found["definitions"]["D6"]["interval"][1] < 0.0
    assert found["pyrrhic"] is True
    assert "though it costs Dam Cloud profit" in answer_of_pair(found).answer


def test_holding_back_by_being_liked_is_not(tmp_path: Path) -> None:
    found = entry(tmp_path, LIKED, DISLIKED)
    assert found["contained"] == "supported"
    assert found["definitions"]["D6"]["verdict"] == "refuted"
    assert found["pyrrhic"] is False
    assert "costs" not in answer_of_pair(found).answer


def test_the_cost_of_the_same_move_makes_it_pyrrhic(tmp_path: Path) -> None:
    found = entry(tmp_path, LIKED, DISLIKED, cost=500.0)
    assert found["contained"] == "supported"
    assert found["definitions"]["D6"]["verdict"] == "supported"
    assert found["pyrrhic"] is True
