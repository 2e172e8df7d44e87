"""Does it matter from which side a parameter comes? A slow sweep up and down again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.conclusion import grounds
from sim.analysis.frontier import Axis
from sim.analysis.statistics import mean_interval
from sim.errors import SimError
from sim.experiment.ensemble import RESULTS, run_ensemble
from sim.experiment.files import json_bytes, write_once
from sim.experiment.worlds import ON, World

if TYPE_CHECKING:
    from sim.experiment.progress import ProgressCallback
    from sim.experiment.result import Result
    from sim.scenario.schema.scenario import Scenario

Floats = npt.NDArray[np.float64]
HYSTERESIS = "hysteresis.json"
SHARE, CLIENTS = "platform_token_share", "client_share"
PAIRED = "paired t, 95 %"
POINTS = 100.0
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
    """Run a parameter up in steps and down again, each step beginning where the last one ended.

    What is handed on is the mean distribution of clients over platforms: their homes at the
    start of a step (`vendors.*.home_share`) are the client shares at the end of the step before,
    scaled to the homes of the scenario; platforms without a cloud keep none. The gap at a value is
    the challenger's mean token share of the judged months on the way down minus on the way up,
    same seeds. Experience, goodwill and developers begin anew in each step.

    Returns
    -------
    The result of the last step, which holds `hysteresis.json`, and the findings.

    Raises
    ------
    SimError
        The scenario has no contest or no homes, or a step has fewer than two sound replicates.
    """
    contest = scenario.contest
    if contest is None:
        raise SimError(f"{scenario.name}: a sweep up and down needs a [contest]")
    if steps < 2:
        raise SimError(f"steps = {steps}: at least 2")
    if (scenario.ensemble.replicates if replicates is None else replicates) < 2:
        raise SimError("a sweep up and down needs 2 replicates or more")
    homes = {name: vendor.home_share for name, vendor in scenario.vendors.items()}
    if sum(homes.values()) <= 0.0:
        raise SimError(f"{scenario.name}: no client has a home to begin from")
    order = [*range(steps), *reversed(range(steps - 1))]
    shares: list[Floats] = []
    results: list[Result] = []
    for k in order:
        value = axis.at(k, steps - 1)
        start = {f"vendors.{name}.home_share": share for name, share in homes.items()}
        here = scenario.replace({axis.path: value, **start})
        result = run_ensemble(
            scenario,
            replicates=replicates,
            seed=seed,
            workers=workers,
            out=out,
            progress=progress() if progress is not None else None,
            worlds=(World(ON, f"{axis.path} = {value:g}, step {len(results) + 1}", here),),
        )
        if len(result.sound_replicates(ON)) < max(2, result.replicates):
            raise SimError(f"{result.path}: a run failed; a sweep needs every step")
        results.append(result)
        shares.append(_share(result, contest.challenger))
        homes = _handed_on(result, scenario)
    found = _document(results[-1], axis, steps, np.stack(shares))
    found["folders"] = [str(result.path) for result in results]
    write_once(results[-1].path / HYSTERESIS, json_bytes(found))
    return results[-1], found


def _share(result: Result, vendor: str) -> Floats:
    """(R,) mean of the judged last months."""
    window = result.scenario.containment.window_months
    path = result.curves[SHARE].sel(point=ON, vendor=vendor).transpose("replicate", "month")
    return np.asarray(path.to_numpy()[:, -window:].mean(axis=1), dtype=np.float64)


def _handed_on(result: Result, scenario: Scenario) -> dict[str, float]:
    """Homes of the next step."""
    last = result.curves[CLIENTS].sel(point=ON).isel(month=-1).mean("replicate")
    ends = {
        name: 0.0 if vendor.model_company else float(last.sel(vendor=name))
        for name, vendor in scenario.vendors.items()
    }
    total = sum(ends.values())
    whole = sum(vendor.home_share for vendor in scenario.vendors.values())
    if total <= 0.0:
        return {name: vendor.home_share for name, vendor in scenario.vendors.items()}
    # rounded down, so that rounding never lifts the sum over one
    return {name: np.floor(1e9 * whole * end / total) / 1e9 for name, end in ends.items()}


def _document(result: Result, axis: Axis, steps: int, shares: Floats) -> dict[str, Any]:
    up, down = shares[:steps], np.concatenate([shares[steps:][::-1], shares[steps - 1 : steps]])
    gaps = down - up
    rows = []
    for k in range(steps):
        gap = mean_interval(gaps[k])
        rows.append(
            {
                "value": axis.at(k, steps - 1),
                "up": float(up[k].mean()),
                "down": float(down[k].mean()),
                "gap": gap.mean,
                "gap_interval": list(gap.interval),
            }
        )
    whole = mean_interval(gaps[:-1].mean(axis=0))
    return {
        **grounds(result, result.sound_replicates(ON), [PAIRED]),
        "path": axis.path,
        "measure": SHARE,
        "rows": rows,
        "gap": whole.mean,
        "gap_interval": list(whole.interval),
        "depends_on_the_past": not whole.interval.lower <= 0.0 <= whole.interval.upper,
    }
