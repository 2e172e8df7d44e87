"""`sim forecast`: dated forecasts of every recorded metric, with bands and pictures."""

from __future__ import annotations

import json
from datetime import date, timedelta
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

    from sim.analysis.calibration.targets import Target
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario

SHORT = 8
NUMBER = "%.10g"


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
    from sim.analysis.forecasts.forecast import (
        forecast_table,
        future_targets,
        last_day,
        lengthened,
        rising_prices,
    )
    from sim.errors import SimError
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
    targets = future_targets(rows, market, start, end)
    result = _run(market, replicates, seed, workers, out)
    table = forecast_table(result.curves, targets, result.seed)
    facts: dict[str, Any] = {
        "scenario": market.name,
        "scenario_hash": result.scenario_hash,
        "posterior_hash": None,
        "seed": result.seed,
        "replicates": len(result.sound_replicates("on")),
        "record_cut": (start - timedelta(days=1)).isoformat(),
        "from": start.isoformat(),
        "to": end.isoformat(),
        "made": str(result.manifest["sessions"][0]["started"]),
        "forecasts": len(table),
        "prices_rise": {str(y): p for y, p in rising_prices(result.curves, start, end).items()},
    }
    folder = result.path / f"forecast-{start:%Y-%m}-{end:%Y-%m}"
    files = _written(folder, table, facts, result, _known(rows, market, start))
    if json_:
        print(json.dumps(facts | {"files": [str(f) for f in files]}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(_lines(market, table, facts, files)))


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


def _known(rows: Any, market: Scenario, start: date) -> list[Target]:
    from sim.analysis.calibration.targets import match
    from sim.analysis.forecasts.forecast import known_until

    return list(match(known_until(rows, start - timedelta(days=1)), market).targets)


def _written(
    folder: Path,
    table: pd.DataFrame,
    facts: dict[str, Any],
    result: Result,
    known: list[Target],
) -> list[Path]:
    """The table, where it comes from, and a picture of each family."""
    import pandas as pd

    from sim.analysis.forecasts.forecast import finding, in_period
    from sim.plot.forecast import draw_family
    from sim.plot.save import figure_bytes
    from sim.plot.style import vendor_styles
    from sim.runs.files import json_bytes, write_once

    content = table.to_csv(index=False, lineterminator="\n", float_format=NUMBER).encode()
    files = {"forecast.csv": content, "forecast.json": json_bytes(facts)}
    columns = ["metric", "entity", "period_start", "period_end", "value"]
    shortest: dict[str, Any] = {
        str(row.metric): (row.period_start, row.period_end) for row in table[::-1].itertuples()
    }
    points = [
        (t.metric, t.entity, t.period_start, t.period_end, in_period(t, *shortest[t.metric]))
        for t in known
        if t.metric in shortest
    ]
    recorded = pd.DataFrame(points, columns=columns)
    looks = vendor_styles(result.scenario)
    by_entity = {t.entity: looks[t.vendors[0]] for t in known if len(t.vendors) == 1}
    by_entity |= {look.label: look for look in looks.values()}
    caption = (
        f"{facts['replicates']} draws, root seed {result.seed}, scenario {facts['scenario']} "
        f"{result.scenario_hash[:SHORT]}, record until {facts['record_cut']}."
    )
    for family, rows in table.groupby("family", sort=False):
        fig, _ = draw_family(rows, recorded, finding(rows, known), caption, by_entity)
        files[f"{family}.png"] = figure_bytes(fig, "png")
    for name, data in files.items():
        write_once(folder / name, data)
    return [folder / name for name in files]


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
