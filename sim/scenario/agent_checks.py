"""Economic sense of agent platforms."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import Problem
from sim.events.agent_platform import AgentPlatform
from sim.scenario.findings import must_exist, problem_at
from sim.scenario.schema.scenario import Scenario


def agent_tables_name_segments(scenario: Scenario) -> Iterator[Problem]:
    """Creators and fits are those of segments; a fit is no less than nothing."""
    for index, name in enumerate(scenario.agents.creator_segments):
        path = f"agents.creator_segments.{index}"
        yield from must_exist(path, name, scenario.segments, "segment")
    for vendor, table in scenario.vendors.items():
        for segment, fit in table.agent_fit.items():
            path = f"vendors.{vendor}.agent_fit.{segment}"
            yield from must_exist(path, segment, scenario.segments, "segment")
            if fit < 0.0:
                yield problem_at(path, fit, "must not be negative")


def agent_platforms_have_work(scenario: Scenario) -> Iterator[Problem]:
    """Who opens an agent platform needs a kind of work that agents do."""
    if any(kind.agent_work > 0.0 for kind in scenario.kinds.values()):
        return
    hint = "set kinds.NAME.agent_work above 0"
    for name, vendor in scenario.vendors.items():
        if vendor.agents.get("strategy") != "none":
            path = f"vendors.{name}.agents.strategy"
            value = str(vendor.agents.get("strategy"))
            yield problem_at(path, value, "no kind of work is done by agents", hint)
    for index, event in enumerate(scenario.events):
        if isinstance(event, AgentPlatform):
            path = f"events.{index}.what"
            yield problem_at(path, event.what, "no kind of work is done by agents", hint)
