"""Run the parts of an attribution and keep what they find beside their runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from sim.analysis.attribution import counterfactuals as parts
from sim.analysis.attribution import shapley
from sim.analysis.attribution.base import Attribution, AttributionPart, Choices
from sim.analysis.verdict.grounds import grounds
from sim.errors import SimError, nearest_hint
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, write_once
from sim.runs.result import Result
from sim.runs.rows import DONE
from sim.runs.settings import RunSettings
from sim.runs.worlds import Draws, World
from sim.scenario.schema.scenario import Scenario

ATTRIBUTION = "attribution.json"
PARTS = {
    "rules": AttributionPart(parts.rules_worlds, parts.read_rules),
    "shapley": AttributionPart(shapley.shapley_worlds, shapley.read_shapley),
    "dose": AttributionPart(parts.dose_worlds, parts.read_dose),
    "rivals": AttributionPart(parts.rivals_worlds, parts.read_rivals),
    "frozen": AttributionPart(parts.frozen_worlds, parts.read_frozen, parts.FrozenRivals),
    "ablation": AttributionPart(parts.ablation_worlds, parts.read_ablation),
    "benchmarks": AttributionPart(parts.benchmarks_worlds, parts.read_benchmarks),
    "priors": AttributionPart(parts.priors_worlds, parts.read_priors),
    "unidentified": AttributionPart(parts.unidentified_worlds, parts.read_unidentified),
}
AT_THE_POINT = ("frozen", "priors", "unidentified")
"""Parts that know one scenario alone, or draw its numbers themselves."""
USUAL = tuple(name for name in PARTS if name not in ("priors", "unidentified"))


def attribute(
    scenario: Scenario,
    names: Sequence[str] = USUAL,
    choices: Choices | None = None,
    settings: RunSettings | None = None,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    draws: Draws | None = None,
) -> Iterator[tuple[Result, Attribution]]:
    """Each part's runs and what it found, one part after the other; stored runs are reused.

    SimError: a part does not exist, or the scenario has no contest or no lever.

    Parameters
    ----------
    names
        Parts, see `PARTS`.
    settings
        Where; a name is that of the folder, and goes on with the part if there are several.
    draws
        The draw of each replicate; the parts of `AT_THE_POINT` are run without.
    """
    chosen, shared = choices or Choices(), settings or RunSettings()
    for name in names:
        if name not in PARTS:
            raise SimError(f"no part is called {name!r} ({nearest_hint(name, list(PARTS))})")
    for name in names:
        part: AttributionPart = PARTS[name]
        drawn = None if name in AT_THE_POINT else draws
        worlds = partial(_worlds, part, chosen)
        result = run_ensemble(
            scenario,
            shared.of_part(name) if len(names) > 1 else shared,
            replicates=replicates,
            seed=seed,
            worlds=worlds(scenario) if drawn is None else worlds,
            draws=drawn,
            model=part.model(scenario) if part.model is not None else None,
        )
        found = part.read(result, chosen)
        write_once(result.path / ATTRIBUTION, json_bytes(document(result, found)))
        yield result, found


def _worlds(part: AttributionPart, choices: Choices, scenario: Scenario) -> tuple[World, ...]:
    return part.worlds(scenario, choices)


def document(result: Result, found: Attribution) -> dict[str, Any]:
    """What was found with what a conclusion must carry: n, seeds, interval types, scenario hash.

    n is the least of the rows; a row with more has its own.

    SimError: one of them is missing.
    """
    without = [row.label for row in found.rows if not (row.n and row.interval_type)]
    if without or not found.rows:
        raise SimError(f"{found.part}: no conclusion without n and interval of {without}")
    done = sorted({int(k) for k in result.runs.loc[result.runs["status"] == DONE, "replicate"]})
    facts = grounds(result, done, [row.interval_type for row in found.rows])
    least = {"n": min(row.n for row in found.rows), "replicates": result.replicates}
    return facts | least | asdict(found)
