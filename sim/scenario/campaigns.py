"""Economic sense of marketing."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import Problem
from sim.events.strategy import StrategyChange
from sim.scenario.findings import problem_at
from sim.scenario.paths import shown
from sim.scenario.schema.scenario import Scenario
from sim.strategies.marketing.base import MarketingStrategy
from sim.strategies.registry import make


def marketing_makes_sense(scenario: Scenario) -> Iterator[Problem]:
    """Marketing strategies name what exists and reach somebody."""
    tables = [(f"vendors.{n}.marketing", n, part.marketing) for n, part in scenario.vendors.items()]
    tables += [
        (f"events.{index}.marketing", event.vendor, event.marketing)
        for index, event in enumerate(scenario.events)
        if isinstance(event, StrategyChange) and event.marketing is not None
    ]
    for path, name, table in tables:
        facts = dict(table)
        chosen = str(facts.pop("strategy", ""))
        try:
            strategy = make("marketing", chosen, facts)
        except ValueError:
            continue  # names and types are told apart from sense
        if not isinstance(strategy, MarketingStrategy):
            continue
        for rule in strategy.problems(scenario, name):
            yield problem_at(path, shown(chosen), rule)
