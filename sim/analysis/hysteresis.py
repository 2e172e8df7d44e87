"""Does it matter from which side a parameter comes? Slow sweeps from below and from above."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.conclusion import grounds
from sim.analysis.frontier import Axis
from sim.analysis.ramp import Ramp, refuse_fixed
from sim.analysis.statistics import mean_interval
from sim.errors import SimError
from sim.experiment.ensemble import RESULTS, run_ensemble
from sim.experiment.files import json_bytes, write_once
from sim.experiment.worlds import World

if TYPE_CHECKING:
    from sim.experiment.progress import ProgressCallback
    from sim.experiment.result import Result
    from sim.scenario.schema.scenario import Scenario

Floats = npt.NDArray[np.float64]
HYSTERESIS = "hysteresis.json"
SHARE = "platform_token_share"
PAIRED = "paired t, 95 %"
STEPS = 5


def hysteresis(
    scenario: Scenario,
    axis: Axis,
    *,
    steps: int = STEPS,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str = RESULTS,
    progress: Callable[[], ProgressCallback | None] | None = None,
) -> tuple[Result, dict[str, Any]]:
    """Bring a parameter slowly to each value from below and from above, in the same months.

    A run lives through the scenario's calendar at the lowest (or highest) value of the axis, moves
    to its value in monthly steps over `containment.window_months`, and stays there as long again;
    everything it has become (offers in use, experience, goodwill, developers, cash) goes along.
    The gap at a value is the challenger's mean token share of the judged last months, come from
    above minus come from below, same seeds and same months: where only the value matters it is 0.

    Returns
    -------
    The result of the sweep from above, which holds `hysteresis.json`, and the findings.

    Raises
    ------
    SimError
        The scenario has no contest, the parameter cannot move within a run, or a run failed.
    """
    contest = scenario.contest
    if contest is None:
        raise SimError(f"{scenario.name}: a sweep up and down needs a [contest]")
    if steps < 2:
        raise SimError(f"steps = {steps}: at least 2")
    if (scenario.ensemble.replicates if replicates is None else replicates) < 2:
        raise SimError("a sweep up and down needs 2 replicates or more")
    refuse_fixed(axis.path)
    history, hold = scenario.calendar.months, scenario.containment.window_months
    whole = scenario.replace({"calendar.months": history + 2 * hold})
    worlds = tuple(
        World(f"value{k}", f"{axis.path} = {value:g}", whole.replace({axis.path: value}))
        for k, value in enumerate(axis.at(k, steps - 1) for k in range(steps))
    )
    results: list[Result] = []
    for begin in (axis.low, axis.high):
        result = run_ensemble(
            whole,
            replicates=replicates,
            seed=seed,
            workers=workers,
            out=out,
            progress=progress() if progress is not None else None,
            worlds=worlds,
            model=Ramp(axis.path, begin, history, hold),
        )
        if len(result.failed):
            first = result.failed.iloc[0]
            raise SimError(f"{result.path}: a run failed at {first['point']}: {first['message']}")
        results.append(result)
    below, above = (_shares(result, contest.challenger) for result in results)
    found = _document(results[-1], axis, below, above)
    found["folders"] = [str(result.path) for result in results]
    write_once(results[-1].path / HYSTERESIS, json_bytes(found))
    return results[-1], found


def _shares(result: Result, vendor: str) -> Floats:
    """(steps, R) mean of the judged last months."""
    window = result.scenario.containment.window_months
    path = result.curves[SHARE].sel(point=list(result.points), vendor=vendor)
    values = path.transpose("point", "replicate", "month").to_numpy()
    return np.asarray(values[:, :, -window:].mean(axis=2), dtype=np.float64)


def _document(result: Result, axis: Axis, up: Floats, down: Floats) -> dict[str, Any]:
    gaps = down - up
    rows = []
    for k, gap_by_replicate in enumerate(gaps):
        gap = mean_interval(gap_by_replicate)
        rows.append(
            {
                "value": axis.at(k, len(gaps) - 1),
                "up": float(up[k].mean()),
                "down": float(down[k].mean()),
                "gap": gap.mean,
                "gap_interval": list(gap.interval),
            }
        )
    whole = mean_interval(gaps.mean(axis=0))
    return {
        **grounds(result, range(result.replicates), [PAIRED]),
        "path": axis.path,
        "unit": axis.unit,
        "measure": SHARE,
        "rows": rows,
        "gap": whole.mean,
        "gap_interval": list(whole.interval),
        "depends_on_the_past": not whole.interval.lower <= 0.0 <= whole.interval.upper,
    }
