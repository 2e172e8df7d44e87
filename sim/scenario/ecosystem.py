"""Economic sense of the open ecosystem: regions, imitation, open core, research."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from sim.errors import Problem
from sim.events.strategy import StrategyChange
from sim.scenario.findings import must_exist, problem_at
from sim.scenario.paths import shown
from sim.scenario.schema.scenario import Scenario

MOST_AWARENESS = 20.0  # as of a vendor's own


def regions_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Developers by region name regions; awareness by region names vendors and is no debt."""
    for name, family in scenario.families.items():
        for region in family.community.regions:
            path = f"families.{name}.community.regions.{region}"
            yield from must_exist(path, region, scenario.regions, "region")
    for region, table in scenario.regions.items():
        for vendor, level in table.awareness.items():
            path = f"regions.{region}.awareness.{vendor}"
            yield from must_exist(path, vendor, scenario.vendors, "vendor")
            if not 0.0 <= level <= MOST_AWARENESS:
                yield problem_at(path, level, f"must lie between 0 and {MOST_AWARENESS:g}")


def imitators_have_a_half_life(scenario: Scenario) -> Iterator[Problem]:
    """A family that imitates closes some gap at some speed."""
    for name, family in scenario.families.items():
        owner = scenario.vendors.get(family.owner)
        if not family.imitates or owner is None:
            continue
        lives = (
            family.imitation_half_life,
            family.context_half_life,
            owner.imitation_half_life,
            owner.context_half_life,
        )
        if all(life is None for life in lives):
            yield problem_at(
                f"families.{name}.imitates",
                shown(True),
                "closes no gap without a half-life",
                f"state families.{name}.imitation_half_life or context_half_life",
            )


def strategies_name_own_families(scenario: Scenario) -> Iterator[Problem]:
    """The open core and the families that research lifts are the vendor's own."""
    for name, vendor in scenario.vendors.items():
        own = {f: table for f, table in scenario.families.items() if table.owner == name}
        tables = [(f"vendors.{name}", vendor.research)]
        tables += [
            (f"events.{index}", event.research)
            for index, event in enumerate(scenario.events)
            if isinstance(event, StrategyChange) and event.vendor == name and event.research
        ]
        for path, table in tables:
            for family in table.get("families", ()):
                yield from must_exist(f"{path}.research.families", family, own, "own family")
        for pattern in vendor.openness.parameters.get("open", ()):
            if not any(fnmatchcase(family, pattern) for family in own):
                yield problem_at(
                    f"vendors.{name}.openness.parameters.open",
                    shown(pattern),
                    "no own family has this name",
                    f"own families: {', '.join(own) or 'none'}",
                )
