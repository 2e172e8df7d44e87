"""Makes docs/explanation/scoreboard.md: what forecasts of the record are worth, and new ones.

`python docs/scoreboard.py` draws a posterior of the main scenario from the record until the end of
2024, runs it blind to later events and scores it on what was recorded later, beside four simple
forecasters. It does the same for mid-2025 with the posterior that the scenario names, or one drawn
here; forecasts to the end of 2027 go to docs/forecasts, with their provenance, to be scored by
`sim validate --record` when the record has come so far. Posteriors and runs lie in results/, so
that the same command goes on where it stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from sim.analysis.calibration.inference import infer
from sim.analysis.calibration.record import load_record
from sim.analysis.calibration.validation import validate
from sim.analysis.forecasts.outcomes import score_figures
from sim.analysis.forecasts.running import errors_of, fitted_until, lengthened, run_alone
from sim.analysis.forecasts.scores import MODEL, Scoreboard, pit_histogram
from sim.analysis.posterior import read_posterior
from sim.analysis.predictive import posterior_of
from sim.errors import SimError
from sim.plot.forecast import ForecastFiles, forecast_files
from sim.runs.files import sha256
from sim.runs.result import Result
from sim.runs.settings import RunSettings, progress_on_stderr
from sim.scenario.reader import load

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "explanation" / "scoreboard.md"
FORECASTS = DOCS / "forecasts"
SCENARIO = DOCS.parent / "scenarios" / "volcano-dam.toml"
RESULTS = DOCS.parent / "results"
REPLICATES, CLIENTS, SIMULATIONS = 200, 2_000, 10_000
EARLY, LATE, END = date(2024, 12, 31), date(2025, 6, 30), date(2027, 12, 31)
CHOICE = date(2024, 6, 30)
"""What was known when the rule for list prices is chosen, by figures until `EARLY` alone."""
FIRST = date(2025, 7, 1)
LARGEST_FILE = 400_000
"""Bytes of a file that is kept in docs/forecasts, at most."""
COVERED = 0.8
"""Part of the figures after the cut that a good model has inside its 90 % bands, at least."""
LAST = "last value"
DAY = timedelta(days=1)


def drawn(cut: date) -> Path:
    """A posterior of the main scenario that knows the record until a day."""
    with progress_on_stderr() as progress:
        found = infer(
            load(SCENARIO),
            load_record(),
            to=cut,
            simulations=SIMULATIONS,
            out=RESULTS,
            progress=progress,
        )
    return found.posterior_file


def simulations(posterior: Path) -> int:
    """Simulations that a posterior was drawn with."""
    return int(read_posterior(posterior).provenance["simulations"])


def runs(posterior: Path, end: date, known: date) -> Result:
    """Runs over a posterior until a day at least, blind to events after the last known day."""
    market = lengthened(load(SCENARIO, [f"population.clients={CLIENTS}"]), end)
    with progress_on_stderr() as progress:
        return run_alone(
            market,
            RunSettings(RESULTS, progress=progress),
            posterior=posterior,
            replicates=REPLICATES,
            known=known,
        )


def scored(
    result: Result, posterior: Path, cut: date, *, widened: bool = True, until: date = date.max
) -> Scoreboard:
    """Scores of all figures recorded until a day, with what was known on the day of the cut.

    `widened`: list prices after it have the variance of their changes before it, too.

    Raises
    ------
    SimError
        No recorded figure can be compared.
    """
    record = load_record()
    found = validate(result.curves, result.scenario, record)
    targets = [row.target for row in found.comparisons if row.target.period_end <= until]
    errors, fitted = errors_of(result.seed, posterior), fitted_until(posterior, record)
    board = score_figures(
        result.curves, result.scenario, targets, record, cut, errors, fitted, widened
    )
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


def failures(result: Result) -> Iterator[str]:
    """Runs that failed, and why the first of them did."""
    failed = result.failed
    if len(failed):
        first = failed.iloc[0]
        yield (
            f"{len(failed)} of {result.replicates} runs failed and have no part in the forecasts; "
            f"first: {first.stage}: {first.message}."
        )
        yield ""


HEAD = "forecaster|figures|covered|interval score|CRPS"


def beaten(board: Scoreboard) -> list[str]:
    """On how many figures the model beats each simple forecaster."""
    return [
        f"- The model beats {name} on {won} of {count} figures."
        for name, (won, count) in board.beaten().items()
    ]


def section(board: Scoreboard, ahead: bool) -> Iterator[str]:
    """Scores by metric family and forecaster, PIT, misses."""
    rows = board.table[(board.table["months_ahead"] > 0) == ahead]
    part = Scoreboard(board.cut, board.fitted, rows)
    if rows.empty:
        yield coverage(board, ahead)
        return
    yield coverage(board, ahead)
    yield ""
    yield from table(f"family|{HEAD}", part.by("family"))
    yield ""
    pits = rows.loc[rows["forecaster"] == MODEL, "pit"]
    yield f"PIT of the model by tenths: {' '.join(map(str, pit_histogram(pits)))}."
    yield ""
    yield from misses(part)
    yield ""
    yield from _figures(rows[rows["forecaster"] == MODEL])


RULES_HEAD = (
    "known until|variance of changes|figures|covered|interval score|CRPS"
    "|common figures|model|best simple|model is better than last value on"
)


def rules(boards: Iterable[tuple[Scoreboard, bool]]) -> Iterator[str]:
    """The model after a cut, with and without the further variance of list prices."""
    names = RULES_HEAD.split("|")
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for board, widened in boards:
        rows = board.ahead[board.ahead["forecaster"] == MODEL]
        means = board.by(rows=board.common).set_index("forecaster")["interval_score"]
        won, count = board.beaten()[LAST]
        simple = means.drop(MODEL)
        cells = (
            f"{board.cut:%Y-%m}",
            "yes" if widened else "no",
            len(rows),
            f"{100.0 * rows['inside'].mean():.0f} %",
            f"{rows['interval_score'].mean():.2f}",
            f"{rows['crps'].mean():.3f}",
            count,
            f"{means[MODEL]:.2f}",
            f"{simple.min():.2f} ({simple.idxmin()})",
            won,
        )
        yield f"| {' | '.join(map(str, cells))} |"


def chosen_in_2024(plain: Scoreboard) -> str:
    """What the model is worth by the rule for list prices that 2024 alone would have chosen."""
    return (
        "By the rule for list prices that 2024 alone would have chosen "
        f"([below](#how-far-lists-go)), {plain.winner()}. {coverage(plain, ahead=True)}"
    )


def limits_of_lists(
    posterior: Path, choice: Sequence[Scoreboard], early: Scoreboard, plain: Scoreboard
) -> list[str]:
    """How the rule for list prices does on figures of 2024, and on those after it."""
    return [
        "## How far lists go",
        "",
        "That list prices after the cut have the variance of their changes before it was decided "
        "after a look at 2025, where the model had lost narrowly without it. Here the same "
        f"question is put to {CHOICE + DAY:%Y-%m} to {EARLY:%Y-%m} alone: what was known is the "
        f"record until {CHOICE:%Y-%m}, which holds two figures to fit (a posterior of "
        f"{simulations(posterior):,} simulations). The rule of choice was written down before: "
        "least mean CRPS among rules that cover 80 to 97 %.",
        "",
        *rules([*zip(choice, (True, False), strict=True), (early, True), (plain, False)]),
        "",
        "Tried in the same way and not chosen: the square of the mean absolute change for the mean "
        "square, and discrepancies shrunk half-way to their common relative size, which families "
        "without one of their own take; both leave the bands of lists as wide (mean CRPS 1.3 to "
        "1.4). After mid-2024 the further variance says only that the war of May would go on. Half "
        "a year later, with a posterior that knows more, bands without it are too narrow for "
        "lists. The bands of this page and of `sim forecast` keep it: too wide, not too sure.",
    ]


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
        f"scenario `{facts['scenario_hash'][:8]}`, posterior "
        f"`{facts['posterior_hash'][:8]}`, root seed {facts['seed']}, "
        f"{facts['replicates']} draws."
    )
    yield ""
    for year, share in facts["prices_rise"].items():
        percent = f"{100.0 * share:.0f} %"
        yield f"The mean price of model calls rises in {year} in {percent} of the draws."
    yield ""
    for name, content in made.files.items():
        if name.endswith(".png") and len(content) < LARGEST_FILE:
            yield f"![Forecasts: {Path(name).stem}](../forecasts/{name})"
            yield ""


def main(given: list[str]) -> None:
    """Write the page and the forecasts; posteriors to 2024-12, 2025-06, 2024-06 may be given."""
    files = [Path(name) for name in given]
    early_file = files[0] if files else drawn(EARLY)
    late_file = files[1] if len(files) > 1 else posterior_of(load(SCENARIO)) or drawn(LATE)
    first_file = files[2] if len(files) > 2 else drawn(CHOICE)
    early_runs, first_runs = runs(early_file, LATE, EARLY), runs(first_file, EARLY, CHOICE)
    both = (True, False)
    early, plain = (scored(early_runs, early_file, EARLY, widened=one) for one in both)
    choice = [scored(first_runs, first_file, CHOICE, widened=one, until=EARLY) for one in both]
    result = runs(late_file, END, LATE)
    late = scored(result, late_file, LATE)
    made = forecast_files(result, load_record(), FIRST, END, errors_of(result.seed, late_file))
    FORECASTS.mkdir(exist_ok=True)
    small = {
        name: data
        for name, data in made.files.items()
        if len(data) < LARGEST_FILE and not name.endswith(".svg")
    }
    for name, content in small.items():
        (FORECASTS / name).write_bytes(content)
    lines = [
        "# What forecasts are worth",
        "",
        f"{early.winner()}.",
        "",
        f"{coverage(early, ahead=True)} Aim: {100.0 * COVERED:.0f} %.",
        "",
        chosen_in_2024(plain),
        "",
        f"Made by `python docs/scoreboard.py`: {REPLICATES} runs of {CLIENTS:,} clients each, over "
        f"posteriors of {simulations(early_file):,} and {simulations(late_file):,} simulations "
        f"(SHA-256 `{sha256(early_file.read_bytes())[:8]}` and "
        f"`{sha256(late_file.read_bytes())[:8]}`). "
        "Interval scores of the 90 % band and CRPS are in logarithms where a metric's errors are "
        "relative, else in parts of the last figure known before; smaller is better. The record's "
        "errors are part of every band, the model's discrepancy of those of the model. Until the "
        "cut list prices are given to a run, so that it says nothing of how far they go without "
        "it: after the cut they have the variance of their changes before it, too.",
        "",
        f"## Known until {EARLY}, scored on what came later",
        "",
        f"Here {early.fitted_to}. The runs are blind to the events that the scenario states after "
        "that: releases, price lists, shocks. Lists end with it: from the next month on vendors "
        "price by strategies, each draw with its own of the declared alternatives.",
        "",
        *table(HEAD, early.by(rows=early.common)),
        "",
        *beaten(early),
        *[
            f"- Best interval score in {family}: {name}."
            for family, name in early.winners().items()
        ],
        "",
        "Last value, drift, logistic trend and damped trend are fitted on the same rows. Most "
        "series hold one or two figures before the cut: a trend that cannot be fitted is the last "
        "value, and its band has the variance of the other series of its family.",
        "",
        *section(early, ahead=True),
        "",
        *limits_of_lists(first_file, choice, early, plain),
        "",
        f"## Known until {LATE}, scored on what came later",
        "",
        f"Here {late.fitted_to}. The runs are blind to later events, too.",
        "",
        f"{late.winner()}.",
        "",
        *section(late, ahead=True),
        "",
        f"## Known until {LATE}: the figures themselves",
        "",
        *section(late, ahead=False),
        "",
        f"## Forecasts to {END:%Y-%m}",
        "",
        *failures(result),
        *forecasts(made),
    ]
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
