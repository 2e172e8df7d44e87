"""Calibration: a few declared numbers fitted to recorded figures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.analysis.calibration.evaluations import Checkpoint, Evaluations
from sim.analysis.calibration.fitting import Calibrated, Fitting, most_runs
from sim.analysis.calibration.matching import moments
from sim.analysis.calibration.record import Record, load_record
from sim.analysis.calibration.space import FitSpace
from sim.analysis.calibration.targets import Moments
from sim.runs.executors import default_workers, local_pool
from sim.runs.files import (
    cannot_write,
    code_fingerprint,
    json_bytes,
    locked,
    made_with,
    sha256,
    write_atomically,
    write_once,
)
from sim.runs.plan import SHORT_HASH
from sim.runs.settings import RESULTS, ProgressCallback, refuse_workers
from sim.scenario.patches import replace, scenario_hash, to_toml

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


CHECKPOINT = "checkpoint.jsonl"
REPORT = "calibration.json"
MADE_WITH = "made_with.json"
ENDING = "-calibrated"
LONGEST_NAME = 61


def calibrate(
    scenario: Scenario,
    record: Iterable[Record] | None = None,
    *,
    out: Path | str = RESULTS,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> Calibrated:
    """Fit the numbers of `[[fit]]` to the recorded figures of `[calibration]`.

    Simulated method of moments: the sum of squared misses of the mean over fixed seeds (common
    random numbers) is made small by bounded nonlinear least squares; only the months up to the
    last target are run. The fit is judged on seeds that were not used for it. Every run is kept at
    once, so that the same call goes on where an earlier one stopped.

    Parameters
    ----------
    scenario
        With `[[fit]]` and, if wanted, `[calibration]`; it and its file stay as they are.
    record
        None = the record shipped here.
    out
        The result lies in `out/<name>-calibration-<hash8>`: a new scenario file with the fitted
        numbers, `calibration.json` and the checkpoint.
    workers
        Processes of this machine; its cores unless given; 1 runs in this process.
    progress
        Called with (runs done, runs at most, 0, seconds left or None).

    Raises
    ------
    SimError
        Nothing to fit, a target that cannot be fitted, a run that fails in the search, or a
        folder that cannot be used.

    Notes
    -----
    McFadden (1989, Econometrica 57:995-1026); Gourieroux & Monfort (1996), Simulation-Based
    Econometric Methods, chapter 2.
    """
    refuse_workers(workers)
    space = FitSpace.of(scenario)
    found = moments(load_record() if record is None else record, scenario)
    inputs = _inputs(scenario, found)
    key = sha256(json_bytes(inputs))
    folder = Path(out) / f"{_stem(scenario.name)}-calibration-{key[:SHORT_HASH]}"
    new_name = scenario.name[: LONGEST_NAME - len(ENDING)] + ENDING
    shortened = _until_last_target(scenario, found)
    runs = most_runs(scenario.calibration, len(space.fits))
    size = shortened.population.clients * shortened.calendar.months
    width = workers or default_workers(size * runs)
    _make(folder)
    with locked(folder), local_pool(width) as pool:
        if not (folder / MADE_WITH).exists():
            write_atomically(folder / MADE_WITH, json_bytes({**inputs, **made_with()}))
        evaluations = Evaluations(
            shortened,
            space,
            found.targets,
            Checkpoint(folder / CHECKPOINT, key),
            pool,
            width,
            progress,
        )
        fitting = Fitting(space, found, evaluations, scenario.calibration)
        evaluations.expected = runs
        calibrated = fitting.calibrated(folder, folder / f"{_stem(new_name)}.toml")
        evaluations.done()
        values = tuple(number.value for number in calibrated.numbers)
        new = replace(scenario, {**space.changes(values), "name": new_name})
        write_once(calibrated.scenario_file, to_toml(new).encode())
        write_once(folder / REPORT, json_bytes(calibrated.as_dict()))
    return calibrated


def _inputs(scenario: Scenario, found: Moments) -> dict[str, Any]:
    """Everything that decides the numbers, ready for JSON."""
    return {
        "scenario_hash": scenario_hash(scenario),
        "code_fingerprint": code_fingerprint(),
        "targets": [
            {
                "id": target.id,
                "metric": target.metric,
                "vendors": target.vendors,
                "period": [target.period_start.isoformat(), target.period_end.isoformat()],
                "value": target.value,
                "unit": target.unit,
                "scale": target.scale,
            }
            for target in found.targets
        ],
    }


def _until_last_target(scenario: Scenario, found: Moments) -> Scenario:
    months = found.months(scenario)
    window = min(months, scenario.containment.window_months)
    return replace(scenario, {"calendar.months": months, "containment.window_months": window})


def _stem(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", name)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
