"""The same seeds beyond the horizon: run, stored beside the result, and held against it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sim.errors import SimError
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, read_json, write_once
from sim.runs.result import Result
from sim.runs.run import ModelMaker
from sim.runs.settings import RunSettings
from sim.runs.worlds import AS_IT_STANDS, World, with_and_without
from sim.scenario.schema.scenario import Scenario

HORIZON = "horizon.json"


def longer_scenario(scenario: Scenario) -> Scenario:
    """The scenario with `containment.horizon_months` more months."""
    months = scenario.calendar.months + scenario.containment.horizon_months
    return scenario.replace({"calendar.months": months})


def longer_worlds(further: Scenario) -> tuple[World, ...]:
    """ON and, where the incumbent has levers, OFF (money kept), of a longer scenario."""
    off = "no move of the incumbent, run on"
    return with_and_without(further, f"{AS_IT_STANDS}, run on", off)


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
        worlds=longer_worlds,
        draws=result.draws,
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
