"""`sim forecast`: dated forecasts of every recorded metric, with bands and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import (
    RESULTS,
    Changes,
    Clients,
    Out,
    Record,
    Replicates,
    ScenarioFile,
    Seed,
    Workers,
    month_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario

SHORT = 8


def forecast(
    scenario: ScenarioFile,
    from_: Annotated[
        str, typer.Option("--from", metavar="YYYY-MM", help="First month of the forecasts.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="YYYY-MM", help="Their last month.")],
    record: Record = None,
    replicates: Replicates = None,
    seed: Seed = None,
    set_: Changes = None,
    clients: Clients = None,
    workers: Workers = None,
    out: Out = RESULTS,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the files and the provenance as JSON.")
    ] = False,
) -> None:
    """Forecast what the record will say: median, 50, 80 and 90 % bands of each metric and vendor.

    The scenario runs on to the last month. Nothing recorded from the first month on is looked at.
    """
    from sim.analysis.calibration.record import load_record
    from sim.analysis.forecasts.forecast import last_day, lengthened
    from sim.errors import SimError
    from sim.plot.forecast import forecast_files
    from sim.runs.files import write_once
    from sim.scenario.reader import load

    start, last = month_of(from_), month_of(to)
    assert start is not None
    assert last is not None
    end = last_day(last)
    changes = [*(set_ or []), *([f"population.clients={clients}"] if clients else [])]
    market = lengthened(load(scenario, changes), end)
    if not market.calendar.start < start <= end:
        raise SimError(
            f"--from {from_} --to {to}: forecasts begin after the first month of the scenario "
            f"({market.calendar.start:%Y-%m}) and end after they begin"
        )
    rows = load_record(record)
    result = _run(market, replicates, seed, workers, out)
    made = forecast_files(result, rows, start, end)
    folder = result.path / f"forecast-{start:%Y-%m}-{end:%Y-%m}"
    paths = [folder / name for name in made.files]
    for path, content in zip(paths, made.files.values(), strict=True):
        write_once(path, content)
    if json_:
        document = made.facts | {"files": [str(path) for path in paths]}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print("\n".join(_lines(market, made.table, made.facts, paths)))


def _run(
    market: Scenario, replicates: int | None, seed: int | None, workers: int | None, out: Path
) -> Result:
    from sim.runs.ensemble import run_ensemble
    from sim.runs.progress import progress_on_stderr
    from sim.runs.settings import RunSettings
    from sim.runs.worlds import ON, World

    with progress_on_stderr() as told:
        return run_ensemble(
            market,
            RunSettings(workers=workers, out=out, progress=told),
            replicates=replicates,
            seed=seed,
            worlds=(World(ON, "as the scenario stands", market),),
        )


def _lines(
    market: Scenario, table: pd.DataFrame, facts: dict[str, Any], files: list[Path]
) -> list[str]:
    lines = [
        f"{market.title or market.name}: {len(table)} forecasts from {facts['from']} to "
        f"{facts['to']}",
        f"{facts['replicates']} draws, root seed {facts['seed']}, scenario "
        f"{facts['scenario_hash'][:SHORT]}, record until {facts['record_cut']}",
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
