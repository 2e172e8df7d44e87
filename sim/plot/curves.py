"""Curves of measures, prices and episodes: medians and bands of replicates, recorded figures."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.analysis.rounding import unit_in_words
from sim.errors import SimError
from sim.plot.canvas import (
    HEIGHT,
    LABEL_SIZE,
    WIDTH,
    label_axis,
    label_end,
    label_months,
    log_ticks,
    new_axes,
    write_frame,
    write_title,
)
from sim.plot.registry import BOTH, plot
from sim.plot.style import FAINT, MOST_BANDS, NARROW_BAND, NEUTRAL, WIDE_BAND, VendorStyle, capital
from sim.plot.sweep import curve_numbers, draw_curves
from sim.plot.words import OF, amount, headline, in_words, world_title
from sim.runs.worlds import EPISODE_OFF, ON

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material
    from sim.scenario.schema.scenario import Episode


FloatArray = npt.NDArray[np.float64]

MEASURE = "platform_token_share"
LEVELS = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
BANDS = (("p05", "p95", WIDE_BAND), ("p25", "p75", NARROW_BAND))
INTERVAL = "Lines: medians; bands: 50 % and 90 % of the runs"
MARKERS_A_LINE = 6
OUTLINE = 3.0


def band_table(data: Material, measure: str = MEASURE, point: str = ON) -> pd.DataFrame:
    """Median, 50 % and 90 % band of a measure by vendor and month, and what was recorded of it.

    Returns
    -------
    Columns measure, unit, point, vendor, month, period_end, n, p05, p25, median, p75, p95,
    recorded; rows of the record have `recorded`, the others the bands.

    Raises
    ------
    SimError
        If the measure or the world is not stored.
    """
    values = by_vendor(data, measure, point)
    quantiles = quantiles_of(values.values, list(LEVELS.values()))
    frames = [
        pd.DataFrame(
            {"vendor": str(vendor), "month": values["month"].values, "n": len(values)}
            | {name: quantiles[level, :, place] for level, name in enumerate(LEVELS)}
        )
        for place, vendor in enumerate(values["vendor"].values)
    ]
    table = pd.concat([*frames, _recorded(data, measure, point)], ignore_index=True)
    table = table.assign(measure=measure, unit=data.unit(measure), point=point)
    order = ["measure", "unit", "point", "vendor", "month", "period_end", "n", *LEVELS, "recorded"]
    return table.reindex(columns=order)


def by_vendor(data: Material, measure: str, point: str) -> xr.DataArray:
    """A measure in one world, (replicate, month, vendor); one of the market has vendor ""."""
    if measure in data.curves and "vendor" in data.curves[measure].dims:
        return data.world(measure, point, "vendor")
    return data.world(measure, point).expand_dims(vendor=[""], axis=-1)


def quantiles_of(values: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Quantiles over the first axis of what is not missing, (levels, ...); NaN where all is."""
    if np.isfinite(values).all():
        return np.asarray(np.quantile(values, levels, axis=0), dtype=np.float64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return np.asarray(np.nanquantile(values, levels, axis=0), dtype=np.float64)


def _recorded(data: Material, measure: str, point: str) -> pd.DataFrame:
    rows = {
        (t.vendor, t.period_start, t.period_end, t.value / t.scale)
        for t in data.targets
        if t.picture == measure and len(t.vendors) == 1 and point == ON
    }
    table = pd.DataFrame(sorted(rows), columns=["vendor", "month", "period_end", "recorded"])
    for column in ("month", "period_end"):
        table[column] = pd.to_datetime(table[column]).astype("datetime64[ns]")
    return table


def draw_bands(ax: Axes, table: pd.DataFrame, style: VendorStyle, label: str, place: int) -> None:
    """One line with its two bands; markers are staggered by `place` so that none hides another."""
    months = table["month"].to_numpy()
    for low, high, opacity in BANDS:
        fill_band(ax, months, table[low], table[high], style.colour, opacity)
    draw_median(ax, table, style, label, place)


def draw_median(ax: Axes, table: pd.DataFrame, style: VendorStyle, label: str, place: int) -> None:
    """The median alone, with a white rim so that it is seen over bands."""
    from matplotlib.patheffects import withStroke

    months = table["month"].to_numpy()
    every = max(1, len(months) // MARKERS_A_LINE)
    ax.plot(
        months,
        table["median"].to_numpy(),
        color=style.colour,
        linestyle=style.line,
        marker=style.marker,
        markevery=(place % every, every),
        label=label,
        path_effects=[withStroke(linewidth=OUTLINE, foreground="white")],
    )


def fill_band(ax: Axes, x: Any, low: Any, high: Any, colour: str, opacity: float) -> None:
    """The area between two lines."""
    low, high = (np.asarray(end, dtype=np.float64) for end in (low, high))
    ax.fill_between(x, low, high, color=colour, alpha=opacity, linewidth=0.0)


def draw_recorded(ax: Axes, table: pd.DataFrame, styles: Mapping[str, VendorStyle]) -> bool:
    """Recorded figures as outlined markers in the middle of a bar as long as their period."""
    rows = table[table["recorded"].notna() & table["vendor"].isin(list(styles))]
    row: Any
    for row in rows.itertuples():
        half = (row.period_end - row.month) / 2
        style = styles[row.vendor]
        ax.errorbar(
            row.month + half,
            row.recorded,
            xerr=half,
            fmt=style.marker,
            color=style.colour,
            markeredgecolor="black",
            markersize=7.5,
            capsize=3.0,
            elinewidth=2.0,
            zorder=5,
        )
    return not rows.empty


MARKET = VendorStyle("market", NEUTRAL, "-", "o")
RECORD_NOTE = (
    "Black-rimmed markers: the record, in the publisher's scope; bar: the period it is a mean of"
)
MOST_NAMES = 8
"""Lines of one panel that are named; further ones are drawn pale, without a name."""


def draw_measure(ax: Axes, data: Material, table: pd.DataFrame) -> bool:
    """All vendors of a band table on one axes, with units; True if recorded points were drawn.

    The rivals and the largest others have bands, at most four; further ones are thin lines.
    """
    simulated = table[table["recorded"].isna()]
    names = order_of(data, simulated)
    styles = {name: data.style(name) if name else MARKET for name in names}
    shown = names if len(names) <= MOST_NAMES else names[: MOST_NAMES - 1]
    for place, name in reversed(list(enumerate(names))):
        rows, style = simulated[simulated["vendor"] == name], styles[name]
        if place < MOST_BANDS:
            draw_bands(ax, rows, style, style.label, place)
        else:
            colour = style.colour if name in shown else FAINT
            draw_thin(ax, rows, style.label, colour, style.line)
        if name in shown:
            label_end(ax, end_of(rows), style.label, style.colour)
    recorded = draw_recorded(ax, table, {name: styles[name] for name in shown})
    measure, unit = str(table["measure"].iloc[0]), str(table["unit"].iloc[0])
    ax.margins(x=0.02)
    label_axis(ax.yaxis, in_words(measure), unit)
    label_months(ax)
    return recorded


def draw_thin(
    ax: Axes, rows: pd.DataFrame, label: str, colour: str = FAINT, line: Any = "-"
) -> None:
    """A median in the background."""
    values = rows["median"].to_numpy()
    ax.plot(rows["month"].to_numpy(), values, color=colour, linestyle=line, lw=0.9, label=label)


def order_of(data: Material, table: pd.DataFrame) -> list[str]:
    """Vendors with numbers: the rivals first, then the others, the largest at the end first."""
    known = table[table["median"].notna()]
    ends = known.groupby("vendor", sort=False)["median"].last()
    rivals = [name for name in data.rivals if name in ends.index]
    others = ends.drop(rivals).sort_values(ascending=False, kind="stable")
    return [*rivals, *map(str, others.index)]


def end_of(rows: pd.DataFrame) -> float:
    """The last median there is."""
    known = rows["median"].dropna()
    return float(known.iloc[-1]) if len(known) else float("nan")


def curve_table(
    data: Material,
    measure: str = MEASURE,
    point: str = ON,
    by: Sequence[str] = (),
    where: Mapping[str, Sequence[Any]] | None = None,
) -> pd.DataFrame:
    """`band_table` of a run; of a sweep `sim.plot.sweep.curve_numbers`."""
    if data.is_sweep:
        return curve_numbers(data, measure, by, where)
    return band_table(data, measure, point)


@plot(curve_table, of=BOTH)
def curves(
    data: Material,
    measure: str = MEASURE,
    point: str = ON,
    by: Sequence[str] = (),
    where: Mapping[str, Sequence[Any]] | None = None,
    *,
    ax: Any = None,
) -> Drawing:
    """One measure over the months with bands, by vendor, or by a factor of a sweep."""
    if data.is_sweep:
        return draw_curves(data, measure, by, where, ax=ax)
    table = band_table(data, measure, point)
    names = order_of(data, table[table["recorded"].isna()])
    if len(names) > MOST_BANDS and (ax is None or np.size(ax) > 1):
        fig, axes, recorded = _multiples(data, table, names, ax)
    else:
        fig, axes = new_axes(ax)
        recorded = draw_measure(axes, data, table)
    notes = [RECORD_NOTE] if recorded else []
    if len(names) > MOST_BANDS:
        notes.append("Pale lines: the other vendors")
    caption = data.caption(int(table["n"].max()), INTERVAL, "; ".join(notes))
    write_frame(fig, axes, ax is None, *heading(data, measure, point), caption)
    return fig, axes


def heading(data: Material, measure: str, point: str = ON, title_of: str = "") -> tuple[str, str]:
    """Title and subtitle of a picture of one measure: what was found, and what is drawn.

    The title tells means of the judged months; another one tells `title_of`.
    """
    unit = unit_in_words(data.unit(measure))
    drawn = f"{capital(in_words(measure))}{', ' if unit else ''}{unit}, by month."
    sentence = data.sentence(measure).rstrip(".")
    parts = [drawn, f"{sentence}." if sentence and sentence.lower() != in_words(measure) else ""]
    if point != ON:
        parts.append(f"World: {world_title(data, point)}.")
    months = data.thresholds.window_months
    parts.append(f"Title: {title_of or f'means of the last {months} months'}.")
    return headline(data, measure, point), " ".join(part for part in parts if part)


COLUMNS, PANEL_WIDTH, PANEL_HEIGHT = 4, 2.35, 1.75


def _multiples(
    data: Material, table: pd.DataFrame, names: Sequence[str], ax: Any
) -> tuple[Figure, Any, bool]:
    """A panel for each vendor, the others pale behind it."""
    columns = min(COLUMNS, len(names))
    lines = -(-len(names) // columns)
    size = (PANEL_WIDTH * columns, 0.6 + PANEL_HEIGHT * lines)
    shape = (lines, columns) if ax is None else (1, len(names))
    fig, axes = new_axes(ax, *shape, size, sharex=True, sharey=True)
    simulated = table[table["recorded"].isna()]
    groups = {name: simulated[simulated["vendor"] == name] for name in names}
    recorded = False
    for axis, name in zip(axes, names, strict=False):
        style = data.style(name)
        for other in names:
            if other != name:
                draw_thin(axis, groups[other], "")
        draw_bands(axis, groups[name], style, style.label, 0)
        recorded |= draw_recorded(axis, table, {name: style})
        write_title(axis, style.label, style.ink)
        label_months(axis)
    for spare in axes[len(names) :]:
        spare.set_visible(False)
    for axis in axes[: len(names)]:
        axis.set_xlabel("")
        axis.tick_params(labelbottom=axis in axes[max(0, len(names) - columns) : len(names)])
    measure, unit = str(table["measure"].iloc[0]), str(table["unit"].iloc[0])
    label_axis(axes[0].yaxis, in_words(measure), unit)
    if ax is None:
        fig.supylabel(axes[0].get_ylabel(), fontsize=LABEL_SIZE)
        axes[0].set_ylabel("")
    return fig, axes[: len(names)], recorded


def price_numbers(data: Material, point: str = ON) -> pd.DataFrame:
    """Bands of the price index; see `band_table`."""
    return band_table(data, "price_index", point)


@plot(price_numbers)
def prices(data: Material, point: str = ON, *, ax: Any = None) -> Drawing:
    """Price index by vendor on a log axis: median, 50 % and 90 % bands."""
    table = price_numbers(data, point)
    if not (table["p95"] > 0.0).any():
        raise SimError("no price above 0 to draw on a log axis")
    fig, axes = new_axes(ax)
    axes.set_yscale("log")
    draw_measure(axes, data, table)
    log_ticks(axes.yaxis)
    label_axis(axes.yaxis, "price, log scale", data.unit("price_index"))
    _, subtitle = heading(data, "price_index", point, "medians of the first and the last month")
    caption = data.caption(int(table["n"].max()), INTERVAL)
    write_frame(fig, axes, ax is None, _price_title(data, table), subtitle, caption)
    return fig, axes


def _price_title(data: Material, table: pd.DataFrame) -> str:
    """How far prices of the rivals have moved since the first month."""
    unit, said = data.unit("price_index"), []
    for name in order_of(data, table)[:2]:
        rows = table.loc[(table["vendor"] == name) & table["median"].notna(), "median"]
        first, last = float(rows.iloc[0]), float(rows.iloc[-1])
        change = last / first - 1.0 if first > 0.0 else 0.0
        label = data.style(name).label if name else "the market"
        word = "falls" if change < 0.0 else "rises"
        part = "more than 99\u00a0%" if -1.0 < change < -0.995 else amount(abs(change), "share")
        said.append(f"{label}'s {word} {part}, to {amount(last, unit)}")
    return f"Price: {'; '.join(said)}"


def episode_numbers(data: Material) -> pd.DataFrame:
    """Bands of the episode's measure in the world with and the world without it."""
    asked = _episode(data)
    worlds = [ON] + ([EPISODE_OFF] if EPISODE_OFF in data.points else [])
    frames = [band_table(data, asked.measure, world) for world in worlds]
    table = pd.concat(frames, ignore_index=True).drop(columns=["period_end", "recorded"])
    names = asked.vendors or (data.contest if data.scenario.contest else ())
    if names and (table["vendor"] != "").any():
        table = table[table["vendor"].isin(names)]
    return table.dropna(subset=["median"]).reset_index(drop=True)


def _episode(data: Material) -> Episode:
    if not data.scenario.episode.measure:
        raise SimError("this figure needs a scenario with an [episode]")
    return data.scenario.episode


@plot(episode_numbers)
def episode(data: Material, *, ax: Any = None) -> Drawing:
    """The episode's measure with and without what it is about: median, 50 % and 90 % bands."""
    asked = _episode(data)
    table = episode_numbers(data)
    worlds = list(dict.fromkeys(table["point"]))
    names = order_of(data, table[table["point"] == ON])
    columns = len(worlds) if ax is None and len(names) * len(worlds) > MOST_BANDS else 1
    size = (WIDTH + 3.0 * (columns - 1), HEIGHT)
    fig, axes = new_axes(ax, columns=columns, size=size, sharey=True)
    panels = np.atleast_1d(axes)
    if asked.log_axis and (table["p05"] > 0.0).all():
        panels[0].set_yscale("log")
    for place, world in enumerate(worlds):
        axis = panels[place % columns]
        rows = table[table["point"] == world]
        if columns > 1:
            write_title(axis, world_title(data, world))
        _draw_world(axis, data, rows, world_title(data, world) if columns == 1 else "")
    for axis in panels:
        label_months(axis)
        axis.margins(x=0.02)
    if panels[0].get_yscale() == "log":
        log_ticks(panels[0].yaxis)
    label_axis(panels[0].yaxis, in_words(asked.measure), data.unit(asked.measure))
    caption = data.caption(int(table["n"].max()), INTERVAL)
    _, subtitle = heading(data, asked.measure)
    write_frame(fig, axes, ax is None, _episode_title(data, names), subtitle, caption)
    return fig, axes


def _draw_world(ax: Axes, data: Material, table: pd.DataFrame, world: str) -> None:
    """One world's bands and labels; on a common panel the world without it is dotted."""
    with_it = set(table["point"]) == {ON}
    for place, name in enumerate(order_of(data, table)):
        rows = table[table["vendor"] == name]
        own = data.style(name) if name else MARKET
        label = (
            f"{own.label}: {world[:1].lower()}{world[1:]}" if world and not with_it else own.label
        )
        look = own if with_it or not world else replace(own, line=":")
        if place < MOST_BANDS:
            draw_bands(ax, rows, look, label, place)
        else:
            draw_thin(ax, rows, label, own.colour, look.line)
        label_end(ax, end_of(rows), label, own.colour)


def _episode_title(data: Material, names: Sequence[str]) -> str:
    asked = _episode(data)
    unit, first = data.unit(asked.measure), names[0]
    with_it = data.ends(asked.measure, ON)
    who = f"{data.style(first).label} ends" if first else "it ends"
    of = f" {OF[asked.measure]}" if asked.measure in OF else ""
    about = "" if of else f"{capital(in_words(asked.measure))}: "
    said = f"{about}{who} at {amount(with_it[first], unit)}{of}"
    if EPISODE_OFF in data.points:
        without = data.ends(asked.measure, EPISODE_OFF).get(first)
        if without is not None:
            said += f"; {asked.without_title} at {amount(without, unit)}"
    return said
