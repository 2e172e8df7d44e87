"""The same seeds beyond the horizon: what is left of classes and effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sim.analysis.statistics import Interval, mean_interval, wilson_interval
from sim.analysis.verdict.ensemble import Ensemble, PairFacts, PathFacts, path_classes
from sim.analysis.verdict.outcomes import OutcomeClass, PathClass, Thresholds, split_plateau
from sim.errors import SimError
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, read_json, write_once
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.runs.worlds import OFF_MONEY_KEPT, ON, World, levers_of
from sim.scenario.patches import without_levers

if TYPE_CHECKING:
    from sim.runs.run import ModelMaker
    from sim.scenario.schema.scenario import Scenario


@dataclass(frozen=True)
class LongerRun:
    """How many replicates keep their class at the later horizon, and tau there."""

    months: int
    n: int
    kept: int
    share: float
    interval: Interval
    interval_type: str
    of: str
    """What is compared: outcome classes, or paths where no longer pair was run."""
    classes: tuple[str, ...]
    """(R,) classes of the longer run."""
    tau_mean: float | None
    tau_interval: Interval | None
    scenario_hash: str


def labelled(
    paths: Sequence[PathClass], pair: PairFacts | None, limits: Thresholds
) -> tuple[OutcomeClass, ...]:
    """Outcome of each path, plateaus split by the pair; see `split_plateau`."""
    taus = [None] * len(paths) if pair is None else [float(tau) for tau in pair.tau]
    return tuple(
        split_plateau(path, tau, limits.minimum_effect)
        for path, tau in zip(paths, taus, strict=True)
    )


def longer_run(
    world: Ensemble,
    facts: PathFacts,
    pair: PairFacts | None,
    now: tuple[Sequence[PathClass], Sequence[OutcomeClass]],
    limits: Thresholds,
    confidence: float,
) -> LongerRun:
    """Compare the classes of the same seeds at the horizon and beyond it.

    Parameters
    ----------
    world, facts, pair
        The longer run, what is read from it, and its pair if that was run as far.
    now
        Path and outcome of each replicate at the horizon.
    """
    paths = path_classes(world, facts, limits)
    labels = labelled(paths, pair, limits)
    before, after = (now[0], paths) if pair is None else (now[1], labels)
    kept = sum(str(a) == str(b) for a, b in zip(before, after, strict=True))
    tau = None if pair is None else mean_interval(pair.tau, confidence)
    return LongerRun(
        months=world.months,
        n=len(paths),
        kept=kept,
        share=kept / len(paths),
        interval=wilson_interval(kept, len(paths), confidence),
        interval_type=f"Wilson, {confidence:.4g}; tau: paired t, {confidence:.4g}",
        of="path" if pair is None else "outcome class",
        classes=tuple(str(label) for label in after),
        tau_mean=None if tau is None else tau.mean,
        tau_interval=None if tau is None else tau.interval,
        scenario_hash=world.scenario_hash,
    )


HORIZON = "horizon.json"


def longer_scenario(scenario: Scenario) -> Scenario:
    """The scenario with `containment.horizon_months` more months."""
    months = scenario.calendar.months + scenario.containment.horizon_months
    return scenario.replace({"calendar.months": months})


def longer_worlds(scenario: Scenario) -> tuple[World, ...]:
    """ON and, where the incumbent has levers, OFF (money kept), both beyond the horizon."""
    further = longer_scenario(scenario)
    worlds = [World(ON, "as the scenario stands, run on", further)]
    levers = levers_of(scenario, scenario.contest.incumbent) if scenario.contest else ()
    if levers:
        bare = without_levers(further, levers)
        worlds.append(World(OFF_MONEY_KEPT, "no move of the incumbent, run on", bare))
    return tuple(worlds)


def run_longer(
    result: Result,
    settings: RunSettings | None = None,
    *,
    model: ModelMaker | None = None,
    branch_at: date | None = None,
    earlier: Result | None = None,
) -> Result:
    """Run the seeds of a result beyond the horizon and note in its folder where they lie.

    Parameters
    ----------
    settings
        Its `out` is the folder that holds the result.
    model, branch_at, earlier
        As `run_ensemble`.

    Raises
    ------
    SimError
        The scenario has no contest, or as `run_ensemble`.
    """
    if result.scenario.contest is None:
        raise SimError(f"{result.scenario.name}: a horizon check needs a [contest]")
    further = run_ensemble(
        longer_scenario(result.scenario),
        settings,
        replicates=result.replicates,
        seed=result.seed,
        worlds=longer_worlds(result.scenario),
        model=model,
        branch_at=branch_at,
        earlier=earlier,
    )
    note = {
        "folder": further.path.name,
        "months": further.scenario.calendar.months,
        "scenario_hash": further.scenario_hash,
    }
    write_once(result.path / HORIZON, json_bytes(note))
    return further


def longer_result(result: Result) -> Result | None:
    """The longer run of a result, if there is one beside it.

    Raises
    ------
    SimError
        Its folder is there but not finished.
    """
    note = result.path / HORIZON
    if not note.exists():
        return None
    folder = result.path.parent / Path(str(read_json(note).get("folder"))).name
    return Result(folder) if folder.exists() else None
