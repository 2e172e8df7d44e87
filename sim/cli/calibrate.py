"""`sim calibrate`: the posterior of a scenario's uncertain numbers, or one fitted point."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import (
    RESULTS,
    Changes,
    Clients,
    Out,
    Record,
    ScenarioFile,
    Scheduler,
    Seed,
    Workers,
    executor_of,
    month_of,
)

if TYPE_CHECKING:
    from sim.analysis.calibration.fitting import Calibrated, FittedNumber, FittedTarget
    from sim.analysis.calibration.inference import Inferred
    from sim.analysis.calibration.learnt import Learnt

NUMBERS = ("number", "start", "fitted", "std. error", "90 % interval", "range", "")
LEARNT = ("number", "prior [90 %]", "posterior [90 %]", "taught", "shift", "")
DISCREPANCY = ("family", "figures", "model discrepancy")
TAUGHT = 0.2
"""What the record teaches less than this is flat."""
WARM = 1.05
TARGETS = ("entity", "period", "recorded", "start", "fitted", "miss", "other seeds", "miss")


def calibrate(
    scenario: ScenarioFile,
    record: Record = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM", help="Last month that is used [default: all]."),
    ] = None,
    simulations: Annotated[
        int, typer.Option(min=1, help="Runs of a small market, all together.")
    ] = 20_000,
    point: Annotated[
        bool, typer.Option("--point", help="Fit [[fit]] by least squares instead: one point.")
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="With --point: seeds used for fitting [default: the scenario's]."),
    ] = None,
    check_seeds: Annotated[
        int | None, typer.Option(min=2, help="With --point: other seeds [default: the scenario's].")
    ] = None,
    seed: Seed = None,
    iterations: Annotated[
        int | None,
        typer.Option(min=1, help="With --point: steps at most [default: the scenario's]."),
    ] = None,
    set_: Changes = None,
    clients: Clients = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    out: Out = RESULTS,
    json_: Annotated[
        bool, typer.Option("--json", help="Print folder, numbers and targets as JSON.")
    ] = False,
) -> None:
    """Draw the uncertain numbers of a scenario from what the record leaves possible.

    Writes a new scenario and its posterior into the result folder and leaves the old file as it is.
    The same command goes on where an interrupted one stopped.
    """
    from sim.analysis.calibration.record import load_record
    from sim.errors import SimError
    from sim.runs.progress import progress_on_stderr
    from sim.scenario.reader import load

    rows = load_record(record)
    only_point = {"--seeds": seeds, "--check-seeds": check_seeds, "--iterations": iterations}
    if point:
        if to is not None or scheduler is not None:
            raise SimError("--to and --scheduler are for a posterior, not for --point")
        given = {
            "calibration.seeds": seeds,
            "calibration.check_seeds": check_seeds,
            "calibration.seed": seed,
            "calibration.iterations": iterations,
            "population.clients": clients,
        }
        options = [f"{path}={value}" for path, value in given.items() if value is not None]
        market = load(scenario, [*(set_ or []), *options])
        with progress_on_stderr() as told:
            from sim.analysis.calibration.calibrate import calibrate as fit

            fitted = fit(market, rows, out=out, workers=workers, progress=told)
        _print(fitted, json_, lambda: _lines(fitted, market.title or market.name))
        return
    if wrong := [name for name, value in only_point.items() if value is not None]:
        raise SimError(f"{wrong[0]} belongs to --point")
    from sim.analysis.calibration.inference import CLIENTS, infer

    market = load(scenario, set_ or [])
    with progress_on_stderr() as told, executor_of(scheduler, workers) as executor:
        found = infer(
            market,
            rows,
            to=month_of(to),
            simulations=simulations,
            clients=clients or CLIENTS,
            seed=seed,
            out=out,
            workers=workers,
            executor=executor,
            progress=told,
        )
    _print(found, json_, lambda: _posterior_lines(found, market.title or market.name))


def _print(found: Calibrated | Inferred, json_: bool, lines: Callable[[], list[str]]) -> None:
    if json_:
        document = {"folder": str(found.folder), **found.as_dict()}
        print(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print("\n".join(lines()))


def _posterior_lines(found: Inferred, title: str) -> list[str]:
    from sim.cli.validate import table

    facts = found.posterior.provenance
    inside = sum(row.p05 <= row.recorded <= row.p95 for row in found.predicted)
    flat = [" ".join(_loading(*pair) for pair in row["loadings"].items()) for row in facts["flat"]]
    lines = [
        f"{title}: {len(found.learnt)} uncertain numbers, {len(found.predicted)} recorded figures"
        f"{'' if facts['cut'] is None else ' to ' + facts['cut']}, {facts['simulations']} runs of "
        f"{facts['clients']} clients, root seed {facts['seed']}",
        "",
        *table([LEARNT, *map(_learnt, sorted(found.learnt, key=lambda row: -row.taught))]),
        "",
        "taught: 1 - variance after / before; flat: below 0.2",
        *(f"flat direction: {names}" for names in flat),
        "",
        *table([DISCREPANCY, *map(_discrepancy, facts["discrepancy"])]),
        "",
        f"{inside} of {len(found.predicted)} recorded figures lie inside their 90 % band",
        f"the draws are worth {facts['effective_size']:.0f} independent ones",
    ]
    wider = facts["temperature"] ** 0.5
    if wider > WARM:
        lines.append(
            f"too few runs come near the record: its errors count x {wider:.1f}; raise "
            "--simulations or --clients"
        )
    return [
        *lines,
        "",
        f"result     {found.folder}",
        f"posterior  {found.posterior_file}",
        f"next       sim run {found.scenario_file}",
    ]


def _loading(name: str, weight: float) -> str:
    return f"{weight:+.1f} {name}"


def _learnt(row: Learnt) -> tuple[str, ...]:
    return (
        row.name,
        "{1:.3g} [{0:.3g}, {2:.3g}]".format(*row.prior),
        "{1:.3g} [{0:.3g}, {2:.3g}]".format(*row.posterior),
        f"{row.taught:.2f}",
        f"{row.shift:+.1f}",
        "flat" if row.taught < TAUGHT else "",
    )


def _discrepancy(row: dict[str, Any]) -> tuple[str, ...]:
    relative = row["transform"] == "log" and row["unit"] == "1"
    size = f"{100.0 * row['sd']:.1f} %" if relative else f"{row['sd']:.3g} {row['unit']}"
    return (row["family"], str(row["figures"]), size)


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
