"""Economic sense of an `[episode]`."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import Problem
from sim.scenario.findings import must_exist, problem_at
from sim.scenario.off import by_strategy_first, plain_tables
from sim.scenario.paths import set_path
from sim.scenario.schema.scenario import Scenario


def episode_makes_sense(scenario: Scenario) -> Iterator[Problem]:
    """It names vendors and levers that exist, and paths that can be set; it shows a difference."""
    episode = scenario.episode
    if not episode.measure:
        return
    for name in episode.vendors:
        yield from must_exist("episode.vendors", name, scenario.vendors, "vendor")
    for name in episode.without:
        yield from must_exist("episode.without", name, scenario.levers, "lever")
    data = plain_tables(scenario)
    for path, value in by_strategy_first(episode.off.items()):
        problem = set_path(data, path, value)
        if problem is not None:
            yield Problem("", "episode.off", path, problem.rule, problem.hint)
    if not (episode.without or episode.off):
        yield problem_at("episode", "(neither without nor off)", "must say what it is held against")
