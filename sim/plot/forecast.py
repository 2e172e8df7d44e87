"""Pictures of forecasts: what was recorded of a metric family, and the bands of what will be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from sim.analysis.calibration.record import Record
from sim.analysis.calibration.targets import Target
from sim.analysis.forecasts.forecast import (
    Errors,
    Known,
    forecast_table,
    future_targets,
    rising_prices,
)
from sim.analysis.forecasts.outcomes import with_moved_lists
from sim.plot.canvas import (
    HEIGHT,
    LABEL_SIZE,
    WIDTH,
    label_end,
    label_months,
    log_ticks,
    new_axes,
    wrap,
    write_frame,
)
from sim.plot.curves import fill_band
from sim.plot.save import NUMBER, figure_bytes
from sim.plot.style import (
    COLOURS,
    MOST_BANDS,
    NARROW_BAND,
    SHORT_HASH,
    WIDE_BAND,
    VendorStyle,
    capital,
    drawable,
    has_glyphs,
    palette_style,
    settings,
    vendor_styles,
)
from sim.plot.words import in_words
from sim.runs.files import json_bytes
from sim.runs.worlds import ON

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.runs.result import Result

INTERVAL = (
    "Lines: medians; bands: 50 % and 90 % of the draws; points: the record, sums at the rate of "
    "the period that is forecast"
)
BANDS = (("q05", "q95", WIDE_BAND), ("q25", "q75", NARROW_BAND))
NAME_LENGTH = 60
"""Letters of a metric's name on its axis."""
SPREAD = 20.0
"""Ratio of the largest to the smallest figure from which an axis is logarithmic."""


class ForecastFiles(NamedTuple):
    """Forecasts as a table, where they come from, and all of it as files."""

    table: pd.DataFrame
    """See `sim.analysis.forecasts.forecast.forecast_table`."""
    facts: dict[str, Any]
    """Scenario and its hash, seed, last known day of the record, day of the run, rising prices."""
    files: dict[str, bytes]
    """`forecast.csv`, `forecast.json` and a picture of each metric family as PNG and SVG."""


def forecast_files(
    result: Result, record: Sequence[Record], start: date, end: date, errors: Errors
) -> ForecastFiles:
    """Forecasts of the record from a stored result, whose months reach to the end.

    Parameters
    ----------
    errors
        What lies between simulated and recorded figures.

    Raises
    ------
    SimError
        If nothing was recorded before the start that the scenario answers to.
    """
    market = result.scenario
    cut = start - timedelta(days=1)
    targets = future_targets(record, market, start, end)
    drawn = result.draws.facts if result.draws else None
    known = Known(record, market, cut)
    errors = with_moved_lists(errors, targets, known, cut)
    table = forecast_table(result.curves, targets, errors)
    facts: dict[str, Any] = {
        "scenario": market.name,
        "scenario_hash": result.scenario_hash,
        "posterior_hash": drawn["sha256"] if drawn else None,
        "posterior_cut": drawn["cut"] if drawn else None,
        "events_after_cut": sum(event.month > cut for event in market.events),
        "seed": result.seed,
        "replicates": len(result.sound_replicates(ON)),
        "record_cut": cut.isoformat(),
        "from": start.isoformat(),
        "to": end.isoformat(),
        "made": str(result.manifest["sessions"][0]["started"]),
        "forecasts": len(table),
        "prices_rise": {str(y): p for y, p in rising_prices(result.curves, start, end).items()},
    }
    content = table.to_csv(index=False, lineterminator="\n", float_format=NUMBER).encode()
    files = {"forecast.csv": content, "forecast.json": json_bytes(facts)}
    looks = vendor_styles(drawable(market))
    styles = {
        target.entity: looks[target.vendors[0]] for target in targets if len(target.vendors) == 1
    }
    styles |= {
        entity: replace(look, label=entity) for entity, look in styles.items() if has_glyphs(entity)
    }
    caption = (
        f"{facts['replicates']} draws, root seed {result.seed}, scenario {market.name} "
        f"{result.scenario_hash[:SHORT_HASH]}, record until {cut}."
    )
    for family, rows in table.groupby("family", sort=False):
        own = [target for target in targets if target.family == family]
        fig, _ = draw_family(
            rows, recorded_points(own, known), finding(rows, own, known, styles), caption, styles
        )
        files |= {f"{family}.{kind}": figure_bytes(fig, kind) for kind in ("png", "svg")}
    return ForecastFiles(table, facts, files)


def recorded_points(targets: Iterable[Target], known: Known) -> pd.DataFrame:
    """Recorded figures as points; sums at the rate of the shortest period that is forecast."""
    shortest = {
        (target.metric, target.entity): target
        for target in sorted(targets, key=lambda t: t.period_start - t.period_end)
    }
    points = [
        (metric, entity, *figure)
        for (metric, entity), target in shortest.items()
        for figure in known.of(target)
    ]
    columns = ["metric", "entity", "period_start", "period_end", "value"]
    return pd.DataFrame(points, columns=columns)


def finding(
    table: pd.DataFrame,
    targets: Iterable[Target],
    known: Known,
    styles: Mapping[str, VendorStyle] | None = None,
) -> str:
    """What the forecasts of a family say, in a sentence: who ends elsewhere than last recorded.

    A figure moves if the last recorded one lies outside the 90 % band of the last period; sums
    count as monthly rates. The figure named is the one whose median moves most, relative to the
    last recorded one.
    """
    ends = table.groupby(["metric", "entity", "unit"], sort=False).tail(1)
    by_row = {
        (target.metric, target.entity, target.unit, target.period_start, target.period_end): target
        for target in targets
    }
    moves: list[tuple[float, bool, str]] = []
    row: Any
    for row in ends.itertuples():
        key = (row.metric, row.entity, row.unit, row.period_start, row.period_end)
        figures = known.of(by_row[key])
        if figures:
            value = figures[-1].value
            change = abs(row.q50 - value) / (abs(value) or 1.0)
            numbers = [_short(number) for number in (value, row.q50, row.q05, row.q95)]
            look = (styles or {}).get(row.entity)
            name = look.label if look else row.entity
            text = "{}: {} to {} [{}, {}] {}".format(name, *numbers, row.unit)
            moves.append((change, not row.q05 <= value <= row.q95, text))
    if not moves:
        return f"{len(ends)} figures are forecast, none of which was recorded before"
    month = f"{max(ends['period_end']):%Y-%m}"
    moved = sum(move[1] for move in moves)
    _, moves_most, text = max(moves)
    if len(moves) == 1:
        verb = "moves" if moves_most else "may stay where it was recorded"
        return f"By {month} it {verb}, {text}"
    return (
        f"By {month}, {moved or 'none'} of {len(moves)} figures move beyond their last recorded "
        f"value; the largest change, {text}"
    )


LARGE = 1000.0


def _short(number: float) -> str:
    return f"{float(f'{number:.3g}'):,.0f}" if abs(number) >= LARGE else f"{number:.3g}"


def draw_family(
    table: pd.DataFrame,
    recorded: pd.DataFrame,
    finding: str,
    caption: str,
    styles: Mapping[str, VendorStyle] | None = None,
    ax: Any = None,
) -> tuple[Figure, Any]:
    """Forecasts of one metric family, one panel for each metric.

    Parameters
    ----------
    table
        Rows of `forecast_table`.
    recorded
        Columns metric, entity, period_start, period_end, value: the record before the cut.
    finding, caption
        Title of the figure, text under it.
    styles
        Looks of entities; those without one take the next of the palette.
    ax
        As many axes as metrics.
    """
    import matplotlib.style

    metrics = list(dict.fromkeys(zip(table["metric"], table["unit"], strict=True)))
    with matplotlib.style.context(["default", settings()]):
        height = HEIGHT if len(metrics) == 1 else 0.75 * HEIGHT * len(metrics)
        fig, axes = new_axes(ax, rows=len(metrics), size=(WIDTH, height), sharex=True)
        panels = np.atleast_1d(axes)
        for panel, (metric, unit) in zip(panels, metrics, strict=True):
            rows = table[table["metric"] == metric]
            _panel(panel, rows, recorded[recorded["metric"] == metric], styles or {})
            name = capital(in_words(metric))
            short = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 3]}..."
            inches = 0.7 * height / len(metrics)
            panel.set_ylabel(wrap(f"{short}, {unit}", inches, LABEL_SIZE), fontsize=LABEL_SIZE)
        for panel in panels[:-1]:
            panel.set_xlabel("")
        subtitle = "Forecast with bands, and what was recorded before it (black-rimmed points)."
        write_frame(fig, axes, ax is None, finding, subtitle, f"{caption} {INTERVAL}.")
    return fig, axes


def _panel(
    ax: Axes, rows: pd.DataFrame, recorded: pd.DataFrame, styles: Mapping[str, VendorStyle]
) -> None:
    """Medians, bands of the four largest, and recorded points of each entity."""
    from matplotlib.ticker import FuncFormatter

    ends = rows.groupby("entity", sort=False)["q50"].last().sort_values(ascending=False)
    entities = [str(name) for name in ends.index]
    for place, entity in enumerate(entities):
        own, look = _one_length(rows[rows["entity"] == entity]), _looks(entities, styles)[place]
        times = _middles(own)
        for low, high, opacity in BANDS if place < MOST_BANDS else ():
            fill_band(ax, times, own[low], own[high], look.colour, opacity)
        ax.plot(
            times,
            own["q50"],
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markevery=max(1, len(own) // 6),
        )
        known = recorded[recorded["entity"] == entity]
        ax.plot(
            _middles(known),
            known["value"],
            linestyle="",
            marker=look.marker,
            color=look.colour,
            markeredgecolor="black",
            markersize=7.0,
            zorder=5,
        )
        label_end(ax, float(own["q50"].iloc[-1]), look.label, look.colour)
    wide = rows["q05"].min() > 0.0 and rows["q95"].max() > SPREAD * rows["q05"].min()
    if wide and (rows["unit"] != "%").all():
        ax.set_yscale("log")
        log_ticks(ax.yaxis)
    else:
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.margins(x=0.02)
    label_months(ax)


def _one_length(rows: pd.DataFrame) -> pd.DataFrame:
    """The shortest periods alone: sums over periods of two lengths are not one line."""
    days = pd.to_datetime(rows["period_end"]) - pd.to_datetime(rows["period_start"])
    months = (days.dt.days / 30.4).round()
    return rows[months == months.min()].sort_values("period_end")


def _middles(rows: pd.DataFrame) -> Any:
    start, end = (pd.to_datetime(rows[name]) for name in ("period_start", "period_end"))
    return (start + (end - start) / 2).to_numpy()


def _looks(entities: Sequence[str], styles: Mapping[str, VendorStyle]) -> list[VendorStyle]:
    taken = {styles[entity].colour for entity in entities if entity in styles}
    free = cycle([colour for colour in COLOURS if colour not in taken] or COLOURS)
    return [
        styles[entity] if entity in styles else palette_style(place, entity, next(free))
        for place, entity in enumerate(entities)
    ]
