"""The same seeds under several scenarios: one world each, stored together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.analysis.compare.differences import FLOW, ScenarioComparison, comparison
from sim.analysis.verdict.grounds import grounds
from sim.errors import SimError, nearest_hint
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, write_once
from sim.runs.result import SCOREBOARDS
from sim.runs.settings import RunSettings
from sim.runs.worlds import World
from sim.scenario.patches import scenario_hash, to_toml
from sim.scenario.paths import dotted, leaves

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.runs.run import ModelMaker
    from sim.scenario.schema.scenario import Scenario


COMPARISON = "comparison.json"
SHARE_ONLY = ""
DRAWN = {"point", "replicate", "month", "vendor"}
UNLIKE = ("name", "title", "ensemble")
"""Tables that say nothing about the market."""


def compare(
    scenarios: Sequence[Scenario],
    names: Sequence[str] | None = None,
    settings: RunSettings | None = None,
    *,
    measures: Sequence[str] = (),
    margins: Mapping[str, float] | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    model: ModelMaker | None = None,
) -> tuple[Result, ScenarioComparison]:
    """Run each scenario as it stands on the same seeds and compare all with the first.

    Parameters
    ----------
    scenarios
        Two or more with the same vendors and the same calendar.
    names
        Name of each world; the scenarios' names unless given, numbered where they repeat.
    settings
        Where runs are made and stored.
    measures
        Measures beside the scoreboards, of the whole market or by vendor, segment, kind, family.
    margins
        Margin of the equivalence test by measure; under the empty name that of every share,
        `containment.minimum_effect` of the first scenario unless given.
    replicates, seed
        Taken from the first scenario's `[ensemble]` unless given.

    Returns
    -------
    The result with one point a scenario, and what was found; both are stored in the folder, with
    the resolved scenarios.

    Raises
    ------
    SimError
        The scenarios cannot be compared, a measure does not exist, or as `run_ensemble`.
    """
    given = [one.name for one in scenarios] if names is None else list(names)
    refuse_unlike(scenarios, given)
    asked = asked_measures(measures)
    worlds = tuple(
        World(name, one.title or one.name, one)
        for name, one in zip(_own_names(given), scenarios, strict=True)
    )
    result = run_ensemble(
        scenarios[0], settings, replicates=replicates, seed=seed, worlds=worlds, model=model
    )
    limits = dict(margins or {})
    limits.setdefault(SHARE_ONLY, scenarios[0].containment.minimum_effect)
    notes = _unlike(worlds)
    found = comparison(result, [world.name for world in worlds], asked, limits, notes)
    for world in worlds[1:]:
        text = to_toml(world.scenario).encode()
        write_once(result.path / f"scenario-{world.name}.toml", text)
    write_once(result.path / COMPARISON, json_bytes(_document(result, found, worlds)))
    return result, found


def _document(result: Result, found: ScenarioComparison, worlds: Sequence[World]) -> dict[str, Any]:
    first = worlds[0].scenario
    pairs = [result.sound_replicates(found.first, world) for world in found.worlds[1:]]
    sound = sorted({replicate for pair in pairs for replicate in pair})
    kinds = [found.interval_type, found.equivalence_type]
    least = min((row.n for row in found.differences), default=0)
    return (
        found.document()
        | grounds(result, sound, kinds)
        | {
            "n": least,
            "measures": [
                name
                for name in dict.fromkeys(row.measure for row in found.differences)
                if drawable(result, name)
            ],
            "folder_name": result.path.name,
            "replicates": result.replicates,
            "failed_runs": len(result.failed),
            "scenarios": [
                {
                    "name": world.name,
                    "title": world.title,
                    "scenario_hash": scenario_hash(world.scenario),
                    "differs_in": differing(first, world.scenario),
                }
                for world in worlds
            ],
        }
    )


def drawable(result: Result, measure: str) -> bool:
    """Does a picture hold it? What is by segment, kind or family has more lines than that."""
    return set(result.curves[measure].dims) <= DRAWN


def differing(one: Scenario, other: Scenario) -> dict[str, list[Any]]:
    """Dotted paths at which two scenarios differ, with both values; null is no such entry."""
    tables = [
        {dotted(k): v for k, v in leaves(s.model_dump(mode="json")) if k[0] not in UNLIKE}
        for s in (one, other)
    ]
    paths = sorted({*tables[0], *tables[1]})
    values = {path: [table.get(path) for table in tables] for path in paths}
    return {path: pair for path, pair in values.items() if pair[0] != pair[1]}


def refuse_unlike(scenarios: Sequence[Scenario], names: Sequence[str]) -> None:
    """Scenarios can be compared if they have the same vendors and the same months.

    Raises
    ------
    SimError
        One line for each reason why not.
    """
    if len(scenarios) < 2 or len(names) != len(scenarios):
        raise SimError("a comparison needs two scenarios or more, each with its name")
    first, problems = scenarios[0], []
    for name, other in zip(names[1:], scenarios[1:], strict=True):
        alone = sorted(set(first.vendors) ^ set(other.vendors))
        if alone:
            problems.append(
                f"{name}: other vendors than {names[0]} ({', '.join(alone)} in one of them only)"
            )
        if other.calendar != first.calendar:
            problems.append(
                f"{name}: other calendar than {names[0]} ({other.calendar.months} months from "
                f"{other.calendar.start:%Y-%m}, not {first.calendar.months} from "
                f"{first.calendar.start:%Y-%m})"
            )
    if problems:
        raise SimError("\n".join(problems))


def _unlike(worlds: Sequence[World]) -> list[str]:
    """What makes a comparison weaker without forbidding it."""
    first, notes = worlds[0].scenario, []
    for world in worlds[1:]:
        other = world.scenario
        if other.population != first.population:
            notes.append(
                f"{world.name} draws other clients than {worlds[0].name}: pairs share fewer draws"
            )
        if other.containment.window_months != first.containment.window_months:
            notes.append(f"{world.name} is judged over the window of {worlds[0].name}")
    return notes


def asked_measures(names: Sequence[str]) -> tuple[str, ...]:
    """The scoreboards and the measures asked for, each once.

    Raises
    ------
    SimError
        A measure does not exist, or is that of the flows.
    """
    from sim.market.recorder import measures

    known = measures()
    for name in names:
        if name not in known:
            raise SimError(f"no measure is called {name!r} ({nearest_hint(name, list(known))})")
        if name == FLOW:
            raise SimError(f"measure {name}: flows are compared anyway, over all months")
    return tuple(dict.fromkeys([*SCOREBOARDS, *names]))


def _own_names(names: Sequence[str]) -> list[str]:
    """Names that do not repeat: the second `tiny` is `tiny-2`."""
    found: list[str] = []
    for name in names:
        number, own = 1, name
        while own in found:
            number += 1
            own = f"{name}-{number}"
        found.append(own)
    return found
