"""Verbs that learn from the record and go on from it: calibrate, forecast."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import options
from sim.cli.options import (
    RESULTS,
    changed,
    executor_of,
    month_of,
    print_json,
    run_as_it_stands,
    table_lines,
)

if TYPE_CHECKING:
    import pandas as pd

    from sim.analysis.calibration.fitting import Calibrated, FittedNumber, FittedTarget
    from sim.analysis.calibration.inference import Inferred
    from sim.analysis.calibration.learnt import Learnt
    from sim.analysis.verdict.words import Answer
    from sim.scenario.schema.scenario import Scenario

LEARNT = ("number", "prior [90 %]", "posterior [90 %]", "taught", "shift", "")
DISCREPANCY = ("family", "figures", "model discrepancy")
TAUGHT = 0.2
"""What the record teaches less than this is flat."""
WARM = 1.05
NUMBERS = ("number", "start", "fitted", "std. error", "90 % interval", "range", "")
TARGETS = ("entity", "period", "recorded", "start", "fitted", "miss", "other seeds", "miss")
SHORT = 8


def calibrate(
    scenario: options.ScenarioFile,
    record: options.Record = None,
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
    seed: options.Seed = None,
    iterations: Annotated[
        int | None,
        typer.Option(min=1, help="With --point: steps at most [default: the scenario's]."),
    ] = None,
    set_: options.Changes = None,
    clients: options.Clients = None,
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
    out: options.Out = RESULTS,
    verbose: options.Verbose = False,
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
    from sim.runs.settings import progress_on_stderr
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
        changes = [f"{path}={value}" for path, value in given.items() if value is not None]
        market = load(scenario, [*(set_ or []), *changes])
        with progress_on_stderr() as progress:
            from sim.analysis.calibration.calibrate import calibrate as fit

            fitted = fit(market, rows, out=out, workers=workers, progress=progress)
        behind = _calibration_lines(fitted, market.title or market.name)
        _print(fitted, json_, _fitted_answer(fitted, market), behind, verbose)
        return
    if wrong := [name for name, value in only_point.items() if value is not None]:
        raise SimError(f"{wrong[0]} belongs to --point")
    from sim.analysis.calibration.inference import CLIENTS, infer

    market = load(scenario, set_ or [])
    with progress_on_stderr() as progress, executor_of(scheduler, workers) as executor:
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
            progress=progress,
        )
    behind = _posterior_lines(found, market.title or market.name)
    _print(found, json_, _posterior_answer(found, market), behind, verbose)


def _print(
    found: Calibrated | Inferred, json_: bool, answer: Answer, behind: list[str], verbose: bool
) -> None:
    from sim.cli.screen import conclude

    if json_:
        print_json({"folder": str(found.folder), **found.as_dict()})
    else:
        conclude(answer, behind, verbose)


def _posterior_answer(found: Inferred, market: Scenario) -> Answer:
    """How much the record teaches, and whether the draws hold it."""
    from sim.analysis.rounding import POINTS
    from sim.analysis.verdict.words import Answer, Belts

    facts = found.posterior.provenance
    learnt = sorted(found.learnt, key=lambda row: -row.taught)
    taught = [row for row in learnt if row.taught >= TAUGHT]
    inside = sum(row.p05 <= row.recorded <= row.p95 for row in found.predicted)
    until = "" if facts["cut"] is None else f" to {facts['cut']}"
    wider = facts["temperature"] ** 0.5
    rows = tuple(
        (row.name.replace("_", " "), _three(row.prior), _three(row.posterior), f"{row.taught:.2f}")
        for row in learnt
    )
    return Answer(
        f"What does the record{until} teach of {market.title or market.name}?",
        "",
        f"It teaches {len(taught)} of {len(learnt)} uncertain numbers; {inside} of "
        f"{len(found.predicted)} recorded figures lie inside their 90 % band.",
        also=(
            ("Draws", f"worth {facts['effective_size']:.0f} independent ones"),
            (
                "Untold",
                f"{len(learnt) - len(taught)} numbers keep {POINTS * (1 - TAUGHT):.0f} % or "
                "more of the variance of their prior",
            ),
        ),
        beware=(
            f"few runs come near the record: its errors count x {wider:.1f}; raise --simulations"
            if wider > WARM
            else ""
        ),
        belts=Belts("Taught most", ("", "before", "after", "taught"), rows),
        next=(
            f"sim run {shlex.quote(str(found.scenario_file))}",
            f"sim validate {shlex.quote(str(found.scenario_file))}",
        ),
        foot=f"{facts['simulations']} runs of {facts['clients']} clients, seed {facts['seed']}, "
        f"posterior {found.posterior_file.name}",
    )


def _three(quantiles: Sequence[Any]) -> str:
    from sim.analysis.rounding import spread

    low, middle, high = map(float, quantiles)
    return spread(middle, low, high, most=3)


def _fitted_answer(found: Calibrated, market: Scenario) -> Answer:
    """Whether the fit helps on other seeds."""
    from sim.analysis.rounding import spread
    from sim.analysis.verdict.words import Answer, Belts

    misfit = found.misfit
    better = misfit.fitted_other < misfit.start_other
    text = (
        f"{'Yes' if better else 'No'}: on other seeds the squared misses sum to "
        f"{misfit.fitted_other:.1f} after the fit, {misfit.start_other:.1f} before."
    )
    flat = [number.name for number in found.numbers if number.flat]
    rows = tuple(
        (one.name, f"{one.start:.4g}", spread(one.value, one.p05, one.p95, most=3))
        for one in found.numbers
    )
    notes = ["raise --iterations: the search did not come to rest"] if not found.converged else []
    notes += [f"the record does not tell {', '.join(flat)}"] if flat else []
    return Answer(
        f"Does {market.title or market.name} fit the record better?",
        "",
        text,
        also=(
            ("Fitting", f"{misfit.start:.1f} at the start, {misfit.fitted:.1f} fitted"),
            ("Figures", f"{len(found.targets)} recorded, {len(found.numbers)} numbers fitted"),
        ),
        beware="; ".join(notes),
        belts=Belts("Number", ("", "start", "fitted"), rows),
        next=(f"sim validate {shlex.quote(str(found.scenario_file))}",),
        foot=(
            f"{len(found.fitting_replicates)} seeds, {len(found.other_replicates)} others, root "
            f"seed {found.seed}"
        ),
    )


def _posterior_lines(found: Inferred, title: str) -> list[str]:
    facts = found.posterior.provenance
    learnt = sorted(found.learnt, key=lambda row: -row.taught)
    inside = sum(row.p05 <= row.recorded <= row.p95 for row in found.predicted)
    flat = [" ".join(_loading(*pair) for pair in row["loadings"].items()) for row in facts["flat"]]
    lines = [
        f"{title}: {len(found.learnt)} uncertain numbers, {len(found.predicted)} recorded figures"
        f"{'' if facts['cut'] is None else ' to ' + facts['cut']}, {facts['simulations']} runs of "
        f"{facts['clients']} clients, root seed {facts['seed']}",
        "",
        *table_lines([LEARNT, *map(_learnt, learnt)], "  "),
        "",
        "taught: 1 - variance after / before; flat: below 0.2",
        *(f"flat direction: {names}" for names in flat),
        "",
        *table_lines([DISCREPANCY, *map(_discrepancy, facts["discrepancy"])], "  "),
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


def _calibration_lines(found: Calibrated, title: str) -> list[str]:
    fitting, other = len(found.fitting_replicates), len(found.other_replicates)
    misfit = found.misfit
    lines = [
        f"{title}: {len(found.numbers)} numbers fitted to {len(found.targets)} recorded figures on "
        f"{fitting} seeds, judged on {other} others, root seed {found.seed}",
        "",
        *table_lines([NUMBERS, *map(_number, found.numbers)], "  "),
        "",
        *table_lines([TARGETS, *map(_target, found.targets)], "  "),
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


def forecast(
    scenario: options.ScenarioFile,
    from_: Annotated[
        str, typer.Option("--from", metavar="YYYY-MM", help="First month of the forecasts.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="YYYY-MM", help="Their last month.")],
    posterior: options.Posterior = None,
    point: options.Point = False,
    blind: Annotated[
        bool, typer.Option("--blind", help="Without the scenario's events from that month on.")
    ] = False,
    record: options.Record = None,
    replicates: options.Replicates = None,
    seed: options.Seed = None,
    set_: options.Changes = None,
    clients: options.Clients = None,
    workers: options.Workers = None,
    out: options.Out = RESULTS,
    verbose: options.Verbose = False,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the files and the provenance as JSON.")
    ] = False,
) -> None:
    """Forecast what the record will say: median, 50, 80 and 90 % bands of each metric and vendor.

    The scenario runs on to the last month. Nothing recorded from the first month on is looked at.
    """
    from sim.analysis.calibration.record import load_record
    from sim.analysis.forecasts.forecast import last_day
    from sim.analysis.forecasts.running import errors_of, lengthened
    from sim.analysis.predictive import posterior_of
    from sim.errors import SimError
    from sim.plot.forecast import forecast_files
    from sim.runs.files import write_once
    from sim.scenario.reader import load

    start, last = month_of(from_), month_of(to)
    assert start is not None
    assert last is not None
    end = last_day(last)
    market = lengthened(load(scenario, changed(set_, clients)), end)
    if not market.calendar.start < start <= end:
        raise SimError(
            f"--from {from_} --to {to}: forecasts begin after the first month of the scenario "
            f"({market.calendar.start:%Y-%m}) and end after they begin"
        )
    rows = load_record(record)
    file = posterior_of(market, posterior, point)
    known = start - timedelta(days=1) if blind else None
    result = run_as_it_stands(market, replicates, seed, workers, out, file, known)
    made = forecast_files(result, rows, start, end, errors_of(result.seed, file))
    folder = result.path / f"forecast-{start:%Y-%m}-{end:%Y-%m}"
    paths = [folder / name for name in made.files]
    for path, content in zip(paths, made.files.values(), strict=True):
        write_once(path, content)
    if json_:
        print_json(made.facts | {"files": [str(path) for path in paths]})
    else:
        from sim.cli.screen import conclude

        answer = _forecast_answer(market, made.table, made.facts, paths)
        conclude(answer, _forecast_lines(market, made.table, made.facts, paths), verbose)


def _forecast_answer(
    market: Scenario, table: pd.DataFrame, facts: dict[str, Any], files: list[Path]
) -> Answer:
    """What is forecast for the end: shares first, the surest of them before the others."""
    from sim.analysis.verdict.words import Answer, Belts

    last = table.groupby(["metric", "unit", "entity"], sort=False).tail(1)
    order = last.assign(share=last["unit"] != "%", size=-last["q50"])
    rows = tuple(
        (
            f"{row.entity}, {str(row.metric).replace('_', ' ')}",
            f"{_three((row.q05, row.q50, row.q95))} {row.unit}",
        )
        for row in order.sort_values(["share", "metric", "size"], kind="stable").itertuples()
    )
    rises = [f"{year} in {100.0 * share:.0f} %" for year, share in facts["prices_rise"].items()]
    text = f"{len(table)} dated forecasts of {last['metric'].nunique()} metrics to {facts['to']}."
    if rows:
        text = f"{text[:-1]}; at the end {rows[0][0]}: {rows[0][1]} (nine in ten)."
    pictures = sum(path.suffix == ".png" for path in files)
    return Answer(
        f"What will the record say from {facts['from']} on? {market.title or market.name}",
        "",
        text,
        also=(("Prices", f"the mean price of model calls rises in {', '.join(rises)} of draws"),)
        if rises
        else (),
        beware="; ".join(_warnings(facts)),
        belts=Belts("At the end", ("", "median (9 in 10)"), rows),
        next=(f"sim validate {shlex.quote(str(files[0].parent.parent))}",),
        foot=(
            f"n = {facts['replicates']} draws, seed {facts['seed']}, scenario "
            f"{facts['scenario_hash'][:SHORT]}, record until {facts['record_cut']}, "
            f"{pictures} figures in {files[0].parent}"
        ),
    )


def _forecast_lines(
    market: Scenario, table: pd.DataFrame, facts: dict[str, Any], files: list[Path]
) -> list[str]:
    lines = [
        f"{market.title or market.name}: {len(table)} forecasts from {facts['from']} to "
        f"{facts['to']}",
        f"{facts['replicates']} draws, root seed {facts['seed']}, scenario "
        f"{facts['scenario_hash'][:SHORT]}, record until {facts['record_cut']}",
        *_warnings(facts),
        "",
        "at the end, median [90 % band]:",
    ]
    last = table.groupby(["metric", "unit", "entity"], sort=False).tail(1)
    for (metric, unit), rows in last.groupby(["metric", "unit"], sort=False):
        lines.append(f"{metric} [{unit}]")
        lines += [
            f"  {row.entity}, {row.period_start:%Y-%m}..{row.period_end:%Y-%m}: "
            f"{row.q50:.4g} [{row.q05:.4g}, {row.q95:.4g}]"
            for row in rows.itertuples()
        ]
    lines += [
        f"the mean price of model calls rises in {year} in {100.0 * share:.0f} % of the draws"
        for year, share in facts["prices_rise"].items()
    ]
    pictures = sum(path.suffix == ".png" for path in files)
    return [*lines, "", f"forecast {files[0]}", f"figures  {files[0].parent} ({pictures})"]


def _warnings(facts: dict[str, Any]) -> list[str]:
    """What the runs knew of the time that they forecast."""
    lines = []
    if (facts["posterior_cut"] or "") > facts["record_cut"]:
        lines.append(f"no forecast: the posterior knew the record until {facts['posterior_cut']}")
    if facts["events_after_cut"]:
        lines.append(
            f"the scenario states {facts['events_after_cut']} events after that; --blind leaves "
            "them out"
        )
    return lines
