"""Agent platforms that make no economic sense are refused before the first month."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from tests.unit.market.tiny import changed

WORK = {"kinds.assistant.agent_work": 1.0}
OPENED = {"what": "agent_platform", "month": "2024-03", "vendor": "dam"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"agents.creator_segments": ["internett"]}, "no such segment"),
        ({"vendors.dam.agent_fit": {"internett": 1.0}}, "no such segment"),
        ({"vendors.dam.agent_fit": {"internet": -1.0}}, "must not be negative"),
        ({"vendors.dam.agents": {"strategy": "own_platform"}}, "no kind of work is done by agents"),
        ({"events": [OPENED]}, "no kind of work is done by agents"),
        ({"events": [OPENED | {"vendor": "damm"}]} | WORK, "no such vendor"),
        ({"vendors.dam.agents": {"strategy": "own_platfrom"}} | WORK, "no such agents strategy"),
        ({"vendors.dam.agents": {"strategy": "subsidise", "subsidy": -1.0}} | WORK, "subsidy"),
        ({"agents.weight": -0.1}, "agents.weight"),
    ],
)
def test_is_refused_in_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message) as refused:
        changed(changes)
    assert len(refused.value.problems) == 1


def test_what_makes_sense_is_taken() -> None:
    scenario = changed(
        WORK
        | {
            "agents.creator_segments": ["internet"],
            "vendors.dam.agent_fit": {"internet": 0.0},
            "vendors.dam.agents": {"strategy": "open_plugins", "side": "creators"},
            "events": [OPENED],
        }
    )
    assert scenario.vendors["dam"].agents["side"] == "creators"
    assert scenario.vendors["third"].agents == {"strategy": "none"}
