"""`sim calibrate`: the declared numbers of a scenario fitted to the record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import RESULTS, Changes, Clients, Out, Record, ScenarioFile, Seed, Workers

if TYPE_CHECKING:
    from sim.analysis.calibration.fitting import Calibrated, FittedNumber, FittedTarget

NUMBERS = ("number", "start", "fitted", "std. error", "90 % interval", "range", "")
TARGETS = ("entity", "period", "recorded", "start", "fitted", "miss", "other seeds", "miss")


def calibrate(
    scenario: ScenarioFile,
    record: Record = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Seeds used for fitting [default: the scenario's].")
    ] = None,
    check_seeds: Annotated[
        int | None, typer.Option(min=2, help="Other seeds [default: the scenario's].")
    ] = None,
    seed: Seed = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Steps at most [default: the scenario's].")
    ] = None,
    set_: Changes = None,
    clients: Clients = None,
    workers: Workers = None,
    out: Out = RESULTS,
    json_: Annotated[
        bool, typer.Option("--json", help="Print folder, numbers and targets as JSON.")
    ] = False,
) -> None:
    """Fit the numbers that a scenario declares in [[fit]] to the record, with their uncertainty.

    Writes a new scenario file into the result folder and leaves the old one as it is. The same
    command goes on where an interrupted one stopped.
    """
    from sim.analysis.calibration.calibrate import calibrate as fit
    from sim.analysis.calibration.record import load_record
    from sim.runs.progress import progress_on_stderr
    from sim.scenario.reader import load

    given = {
        "calibration.seeds": seeds,
        "calibration.check_seeds": check_seeds,
        "calibration.seed": seed,
        "calibration.iterations": iterations,
        "population.clients": clients,
    }
    options = [f"{path}={value}" for path, value in given.items() if value is not None]
    market = load(scenario, [*(set_ or []), *options])
    rows = load_record(record)
    with progress_on_stderr() as told:
        found = fit(market, rows, out=out, workers=workers, progress=told)
    if json_:
        document = {"folder": str(found.folder), **found.as_dict()}
        print(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print("\n".join(_lines(found, market.title or market.name)))


def _lines(found: Calibrated, title: str) -> list[str]:
    from sim.cli.validate import table

    fitting, other = len(found.fitting_replicates), len(found.other_replicates)
    misfit = found.misfit
    lines = [
        f"{title}: {len(found.numbers)} numbers fitted to {len(found.targets)} recorded figures on "
        f"{fitting} seeds, judged on {other} others, root seed {found.seed}",
        "",
        *table([NUMBERS, *map(_number, found.numbers)]),
        "",
        *table([TARGETS, *map(_target, found.targets)]),
        "",
        "miss: in standard errors of the recorded figure",
        f"sum of squared misses: {misfit.start:.1f} at the start, {misfit.fitted:.1f} fitted; on "
        f"other seeds {misfit.start_other:.1f} and {misfit.fitted_other:.1f}",
    ]
    if misfit.fitted < misfit.start and misfit.fitted_other >= misfit.start_other:
        lines.append("on other seeds the fit is no better than the start: raise --seeds")
    if found.birge > 1.0:
        lines.append(
            f"the misses pass the errors assumed: standard errors are widened x {found.birge:.2f}"
        )
    if not found.converged:
        lines.append("the search stopped before it came to rest: raise --iterations")
    return [*lines, "", f"result   {found.folder}", f"next     sim validate {found.scenario_file}"]


def _number(number: FittedNumber) -> tuple[str, ...]:
    error = number.standard_error
    notes = [
        "flat: the targets do not tell it" if number.flat else "",
        "at the end of its range" if number.at_bound else "",
        f"tied to {', '.join(number.tied_to)}" if number.tied_to else "",
    ]
    return (
        f"{number.name}{' (factor)' if number.scale else ''}",
        f"{number.start:.4g}",
        f"{number.value:.4g}",
        "unknown" if error == float("inf") else f"{error:.2g}",
        f"[{number.p05:.3g}, {number.p95:.3g}]",
        f"{number.low:g} to {number.high:g}",
        "; ".join(note for note in notes if note),
    )


def _target(row: FittedTarget) -> tuple[Any, ...]:
    target, figure, miss = row.target, row.figure, row.miss
    return (
        f"{target.entity} ({target.id})",
        f"{target.period_start:%Y-%m}..{target.period_end:%Y-%m}",
        f"{target.value:.4g} {target.unit}",
        f"{figure.start:.4g}",
        f"{figure.fitted:.4g}",
        f"{miss.fitted:+.1f}",
        f"{figure.fitted_other:.4g}",
        f"{miss.fitted_other:+.1f}",
    )
