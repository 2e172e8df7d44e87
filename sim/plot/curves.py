"""Curves of measures, prices and episodes: medians and bands of replicates, recorded figures."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.errors import SimError
from sim.plot.canvas import (
    in_words,
    label_axis,
    label_months,
    new_axes,
    write_caption,
    write_legend,
    write_title,
)
from sim.plot.registry import plot
from sim.plot.style import NARROW_BAND, NEUTRAL, WIDE_BAND, VendorStyle
from sim.runs.worlds import EPISODE_OFF, ON

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

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
    from matplotlib.patheffects import withStroke

    months = table["month"].to_numpy()
    for low, high, opacity in BANDS:
        fill_band(ax, months, table[low], table[high], style.colour, opacity)
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


def draw_recorded(ax: Axes, table: pd.DataFrame, styles: dict[str, VendorStyle]) -> bool:
    """Recorded figures as outlined markers in the middle of a bar as long as their period."""
    rows = table[table["recorded"].notna()]
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
    if rows.empty:
        return False
    label = "record (bar: its period)"
    ax.plot([], [], "-o", color="#FFFFFF", markeredgecolor="black", markersize=7.5, label=label)
    return True


MARKET = VendorStyle("market", NEUTRAL, "-", "o")
RECORD_NOTE = "Record points have the publisher's scope and are means over their period"


def draw_measure(ax: Axes, data: Material, table: pd.DataFrame) -> bool:
    """All vendors of a band table on one axes, with units; True if recorded points were drawn."""
    simulated = table[table["recorded"].isna()]
    names = list(dict.fromkeys(simulated.loc[simulated["median"].notna(), "vendor"]))
    styles = {name: data.style(name) if name else MARKET for name in names}
    for place, name in enumerate(names):
        rows = simulated[simulated["vendor"] == name]
        draw_bands(ax, rows, styles[name], styles[name].label, place)
    measure, unit = str(table["measure"].iloc[0]), str(table["unit"].iloc[0])
    label_axis(ax.yaxis, in_words(measure), unit)
    label_months(ax)
    return draw_recorded(ax, table, styles)


@plot(band_table)
def curves(data: Material, measure: str = MEASURE, point: str = ON, *, ax: Any = None) -> Drawing:
    """One measure by vendor over the months: median, 50 % and 90 % bands, recorded figures."""
    table = band_table(data, measure, point)
    fig, axes = new_axes(ax)
    recorded = draw_measure(axes, data, table)
    world = "" if point == ON else f" World: {in_words(point)}."
    write_title(axes, f"{data.sentence(measure)}{world}")
    write_legend(fig, axes, ax is None)
    note = RECORD_NOTE if recorded else ""
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL, note))
    return fig, axes


TICKS = (1.0, 2.0, 5.0)


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
    _plain_ticks(axes)
    label_axis(axes.yaxis, "price index, log scale", data.unit("price_index"))
    write_title(axes, data.sentence("price_index"))
    write_legend(fig, axes, ax is None)
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL))
    return fig, axes


def _plain_ticks(ax: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    ax.yaxis.set_major_locator(LogLocator(subs=TICKS, numticks=12))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


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
    fig, axes = new_axes(ax)
    if asked.log_axis and (table["p05"] > 0.0).all():
        axes.set_yscale("log")
    for place, ((world, vendor), rows) in enumerate(table.groupby(["point", "vendor"], sort=False)):
        with_it = world == ON
        own = data.style(str(vendor)) if str(vendor) else MARKET
        label = own.label if with_it else f"{own.label}, {asked.without_title}"
        draw_bands(axes, rows, replace(own, line="-" if with_it else ":"), label, place)
    label_axis(axes.yaxis, in_words(asked.measure), data.unit(asked.measure))
    label_months(axes)
    write_title(axes, data.sentence(asked.measure))
    write_legend(fig, axes, ax is None)
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL))
    return fig, axes
