"""Makes docs/explanation/scoreboard.md: what forecasts of the record are worth, and new ones.

`python docs/scoreboard.py` runs the main scenario twice. The first run knows the record until the
end of 2024 and is scored on what came later, beside four simple forecasters. The second knows it
until mid-2025; its forecasts to the end of 2027 lie in docs/forecasts, with their provenance, to be
scored by `sim validate --record` when the record has come so far.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd

from sim.analysis.calibration.record import load_record
from sim.analysis.calibration.validation import validate
from sim.analysis.forecasts.forecast import Errors, lengthened
from sim.analysis.forecasts.outcomes import score_figures
from sim.analysis.forecasts.scores import MODEL, Scoreboard, pit_histogram
from sim.errors import SimError
from sim.plot.forecast import ForecastFiles, forecast_files
from sim.runs.ensemble import run_ensemble
from sim.runs.files import sha256
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.runs.worlds import ON, World
from sim.scenario.reader import load

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "explanation" / "scoreboard.md"
FORECASTS = DOCS / "forecasts"
SCENARIO = DOCS.parent / "scenarios" / "volcano-dam.toml"
REPLICATES, CLIENTS = 200, 4_000
EARLY, LATE, END = date(2024, 12, 31), date(2025, 6, 30), date(2027, 12, 31)
FIRST = date(2025, 7, 1)
COVERED = 0.8
"""Part of the figures after the cut that a good model has inside its 90 % bands, at least."""


def runs(end: date, out: str) -> Result:
    """Runs of the main scenario, as it stands, until a day at least."""
    market = lengthened(load(SCENARIO, [f"population.clients={CLIENTS}"]), end)
    worlds = (World(ON, "as the scenario stands", market),)
    return run_ensemble(market, RunSettings(out), replicates=REPLICATES, worlds=worlds)


def scored(result: Result, cut: date) -> Scoreboard:
    """Scores of all recorded figures, with what was known on a day.

    Raises
    ------
    SimError
        No recorded figure can be compared.
    """
    record = load_record()
    found = validate(result.curves, result.scenario, record)
    targets = [row.target for row in found.comparisons]
    board = score_figures(result.curves, result.scenario, targets, record, cut, Errors(result.seed))
    if board is None:
        raise SimError("no recorded figure can be compared with the scenario")
    return board


def table(head: str, rows: pd.DataFrame) -> list[str]:
    """Rows as a table of the page."""
    names = head.split("|")
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return lines + [f"| {' | '.join(map(_cell, row))} |" for row in rows.to_numpy(dtype=object)]


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def misses(board: Scoreboard) -> list[str]:
    """Figures outside their 90 % bands."""
    rows = board.table[(board.table["forecaster"] == MODEL) & ~board.table["inside"]]
    return [
        f"- {row.entity}, `{row.metric}` until {row.period_end}: {row.recorded:.3g} {row.unit}, "
        f"band [{row.q05:.3g}, {row.q95:.3g}]: the model is too "
        f"{'high' if row.median > row.recorded else 'low'}."
        for row in rows.itertuples()
    ] or ["No figure misses."]


def coverage(board: Scoreboard, ahead: bool) -> str:
    """How many figures lie inside, in words."""
    rows = board.table[board.table["forecaster"] == MODEL]
    rows = rows[(rows["months_ahead"] > 0) == ahead]
    when = f"after {board.cut}" if ahead else f"until {board.cut}"
    if rows.empty:
        return f"No figure {when} can be compared."
    return (
        f"{rows['inside'].sum()} of {len(rows)} figures {when} "
        f"({100.0 * rows['inside'].mean():.0f} %) lie inside the model's 90 % bands."
    )


def section(board: Scoreboard, ahead: bool) -> Iterator[str]:
    """Scores by metric family and forecaster, PIT, misses."""
    rows = board.table[(board.table["months_ahead"] > 0) == ahead]
    part = Scoreboard(board.cut, board.fitted, rows)
    head = "family|forecaster|figures|covered|interval score|CRPS"
    yield coverage(board, ahead)
    yield ""
    yield from table(head, part.by("family"))
    yield ""
    pits = rows.loc[rows["forecaster"] == MODEL, "pit"]
    yield f"PIT of the model by tenths: {' '.join(map(str, pit_histogram(pits)))}."
    yield ""
    yield from misses(part)
    yield ""
    yield from _figures(rows[rows["forecaster"] == MODEL])


def _figures(rows: pd.DataFrame) -> list[str]:
    """Every figure beside its band; p is the two-sided predictive p-value."""
    names = ["entity", "metric", "period_end", "recorded", "median", "q05", "q95", "p_value"]
    return table("entity|metric|until|recorded|median|5 %|95 %|p", rows[names])


def forecasts(made: ForecastFiles) -> Iterator[str]:
    """The forecasts' files and what they say of the end."""
    digest = sha256(made.files["forecast.csv"])
    facts = made.facts
    yield (
        f"{facts['forecasts']} forecasts, made {facts['made'][:10]} from the record until "
        f"{facts['record_cut']}: [forecast.csv](../forecasts/forecast.csv), SHA-256 `{digest}`; "
        f"scenario `{facts['scenario_hash'][:8]}`, root seed {facts['seed']}, "
        f"{facts['replicates']} draws."
    )
    yield ""
    for year, share in facts["prices_rise"].items():
        percent = f"{100.0 * share:.0f} %"
        yield f"The mean price of model calls rises in {year} in {percent} of the draws."
    yield ""
    for name in made.files:
        if name.endswith(".png"):
            yield f"![Forecasts: {Path(name).stem}](../forecasts/{name})"
            yield ""


def main() -> None:
    """Write the page and the forecasts."""
    with tempfile.TemporaryDirectory() as folder:
        early = scored(runs(LATE, folder), EARLY)
        result = runs(END, folder)
        late = scored(result, LATE)
        made = forecast_files(result, load_record(), FIRST, END)
    FORECASTS.mkdir(exist_ok=True)
    for name, content in made.files.items():
        (FORECASTS / name).write_bytes(content)
    common = early.by(rows=early.common)
    lines = [
        "# What forecasts are worth",
        "",
        f"{early.winner()}.",
        "",
        f"{coverage(early, ahead=True)} Aim: {100.0 * COVERED:.0f} %.",
        "",
        f"Made by `python docs/scoreboard.py`: {REPLICATES} runs of {CLIENTS:,} clients each. "
        "Interval scores of the 90 % band and CRPS are in logarithms where a metric's errors are "
        "relative, else in parts of the last figure known before; smaller is better. Observation "
        "errors are part of every band.",
        "",
        f"## Known until {EARLY}, scored on what came later",
        "",
        f"Here {early.fitted_to}.",
        "",
        *table("forecaster|figures|covered|interval score|CRPS", common),
        "",
        *[f"The model beats {n} on {a} of {b} figures." for n, (a, b) in early.beaten().items()],
        "",
        "Last value, drift, logistic trend and damped trend are fitted on the same rows. Most "
        "series hold one or two figures before the cut: a trend that cannot be fitted is the last "
        "value, and its band has the variance of the other series of its family.",
        "",
        *section(early, ahead=True),
        "",
        f"## Known until {LATE}: the figures themselves",
        "",
        *section(late, ahead=False),
        "",
        f"## Forecasts to {END:%Y-%m}",
        "",
        *forecasts(made),
    ]
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
