"""Scenarios side by side, and who loses clients to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.rounding import unit_in_words
from sim.analysis.statistics import mean_interval
from sim.errors import SimError
from sim.plot.canvas import (
    LABEL_SIZE,
    label_axis,
    label_cells,
    label_end,
    label_months,
    new_axes,
    wrap,
    write_frame,
    write_title,
)
from sim.plot.curves import INTERVAL as BANDS
from sim.plot.curves import (
    MARKET,
    MEASURE,
    MOST_NAMES,
    band_table,
    by_vendor,
    draw_measure,
    fill_band,
    order_of,
    quantiles_of,
)
from sim.plot.registry import plot
from sim.plot.style import MOST_BANDS, SEQUENTIAL, WIDE_BAND, capital, text_on
from sim.plot.words import OF, amount, in_words, world_title
from sim.runs.worlds import ON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing, FloatArray
    from sim.plot.material import Material


WIDTH, LEAST_WIDTH, HEIGHT = 4.3, 9.0, 5.6
NOTE = "below, the paired difference from the first, mean and 95 % t interval of each month"


def _worlds(data: Material) -> list[str]:
    worlds: list[str] = data.finding("comparison.json", "compare")["worlds"]
    return worlds


def compare_numbers(data: Material, measure: str = MEASURE) -> pd.DataFrame:
    """Bands of a measure in each scenario, then its paired differences from the first.

    Returns
    -------
    The columns of `band_table`, then difference, low, high; a row has bands or a difference.
    """
    worlds = _worlds(data)
    tables = [band_table(data, measure, world) for world in worlds]
    tables += [_differences(data, measure, worlds[0], world) for world in worlds[1:]]
    return pd.concat(tables, ignore_index=True)


def _differences(data: Material, measure: str, first: str, other: str) -> pd.DataFrame:
    one, two = (by_vendor(data, measure, point) for point in (first, other))
    both = np.intersect1d(one["replicate"].values, two["replicate"].values)
    if not both.size:
        raise SimError(f"no run is finished in both {first} and {other}")
    gap = two.sel(replicate=both) - one.sel(replicate=both)
    rows = []
    for place, vendor in enumerate(map(str, gap["vendor"].values)):
        for month, column in zip(gap["month"].values, gap.values[..., place].T, strict=True):
            known = column[np.isfinite(column)]
            if known.size:
                found = mean_interval(known)
                rows.append((vendor, month, found.n, found.mean, *found.interval))
    columns = ["vendor", "month", "n", "difference", "low", "high"]
    table = pd.DataFrame(rows, columns=columns).replace([-np.inf, np.inf], np.nan)
    return table.assign(measure=measure, unit=data.unit(measure), point=other)


@plot(compare_numbers)
def compare(data: Material, measure: str = MEASURE, *, ax: Any = None) -> Drawing:
    """Scenarios of a comparison side by side, and below each its paired difference from the first.

    The row below shares its axis, and so does the row above.
    """
    worlds = _worlds(data)
    table = compare_numbers(data, measure)
    size = (max(LEAST_WIDTH, WIDTH * len(worlds)), HEIGHT)
    fig, axes = new_axes(ax, rows=2, columns=len(worlds), size=size, sharex=True, sharey="row")
    top, below = axes[: len(worlds)], axes[len(worlds) :]
    gaps = table["difference"].notna()
    for axis, world in zip(top, worlds, strict=True):
        rows = table[(table["point"] == world) & ~gaps]
        draw_measure(axis, data, rows)
        write_title(axis, in_words(world))
        axis.set_xlabel("")
        axis.set_ylabel(axis.get_ylabel() if axis is top[0] else "")
    for axis, world in zip(below[1:], worlds[1:], strict=True):
        _draw_differences(axis, data, table[(table["point"] == world) & gaps])
        label_months(axis)
        write_title(axis, f"{in_words(world)} less {in_words(worlds[0])}")
    below[0].set_visible(False)
    if len(worlds) > 1:
        label_axis(below[1].yaxis, "difference", data.unit(measure))
        if data.unit(measure) == "share":
            below[1].set_ylabel("difference, points")
        below[1].tick_params(labelleft=True)
    unit = unit_in_words(data.unit(measure))
    subtitle = f"{capital(in_words(measure))}{', ' if unit else ''}{unit}, by month: {NOTE}."
    caption = data.caption(int(table.loc[~gaps, "n"].max()), BANDS)
    write_frame(fig, axes, ax is None, _title(data, measure, worlds), subtitle, caption)
    return fig, axes


def _title(data: Material, measure: str, worlds: list[str]) -> str:
    """Where the challenger, or the largest vendor, ends in each scenario."""
    ends = {world: data.ends(measure, world) for world in worlds}
    first = ends[worlds[0]]
    who = next((name for name in data.rivals if name in first), max(first, key=lambda n: first[n]))
    unit = data.unit(measure)
    said = [
        f"{amount(found[who], unit)} in {in_words(world)}"
        for world, found in ends.items()
        if who in found
    ]
    of = OF.get(measure, f"of {in_words(measure)}")
    label = data.style(who).label if who else "The market"
    return f"{label} ends with {', '.join(said)} {of}"


def _draw_differences(ax: Axes, data: Material, table: pd.DataFrame) -> None:
    """Paired differences; the rivals and the largest others have bands and names."""
    ax.axhline(0.0, color="black", linewidth=0.8)
    medians = table.assign(median=table["difference"].abs())
    for place, vendor in enumerate(order_of(data, medians)[: MOST_NAMES - 1]):
        rows = table[table["vendor"] == vendor]
        style = data.style(vendor) if vendor else MARKET
        months = rows["month"].to_numpy()
        if place < MOST_BANDS:
            fill_band(ax, months, rows["low"], rows["high"], style.colour, 2 * WIDE_BAND)
        values = rows["difference"].to_numpy()
        ax.plot(months, values, color=style.colour, linestyle=style.line)
        if place < MOST_BANDS:
            label_end(ax, float(values[-1]), style.label, style.colour)


FLOW = "switching_flow"
INTERVAL = "Cells: median over runs of the mean month; the table beside has 90 % bands"
CELL_WIDTH, CELL_HEIGHT, MARGIN = 0.7, 0.42, 2.2
NAME_WIDTH, NAME_LINE = 1.5, 0.16
MANY, NARROW = 12, 0.56
"""Columns above which a column is this narrow."""


def flow_numbers(data: Material, point: str = ON) -> pd.DataFrame:
    """Mean monthly flow between each pair of vendors: median and 90 % band over the runs.

    Who stays is left out.

    Returns
    -------
    Columns measure, unit, point, vendor, vendor_to, n, p05, median, p95.
    """
    mean = data.world(FLOW, point, "vendor", "vendor_to").mean("month")
    quantiles = quantiles_of(mean.values, (0.05, 0.5, 0.95))
    facts, runs = (FLOW, data.unit(FLOW), point), mean.sizes["replicate"]
    rows = [
        (*facts, str(source), str(target), runs, *quantiles[:, i, j])
        for i, source in enumerate(mean["vendor"].values)
        for j, target in enumerate(mean["vendor_to"].values)
        if source != target
    ]
    names = ["measure", "unit", "point", "vendor", "vendor_to", "n", "p05", "median", "p95"]
    return pd.DataFrame(rows, columns=names)


@plot(flow_numbers)
def flows(data: Material, point: str = ON, *, ax: Any = None) -> Drawing:
    """Switching flows between vendors as a heat map: from the row to the column."""
    table = flow_numbers(data, point)
    names = list(dict.fromkeys(table["vendor"]))
    targets = list(dict.fromkeys([*names, *table["vendor_to"]]))
    grid = table.pivot(index="vendor", columns="vendor_to", values="median")
    values = grid.reindex(index=names, columns=targets).to_numpy(dtype=np.float64)
    sides = [[_label(data, n) for n in side] for side in (names, targets)]
    lines = 1 + max(label.count("\n") for side in sides for label in side)
    cell = max(CELL_HEIGHT, NAME_LINE * lines)
    wide = CELL_WIDTH if len(targets) <= MANY else NARROW
    size = (MARGIN + wide * len(targets), 1.5 + cell * len(names))
    fig, axes = new_axes(ax, size=size)
    between = values.copy()
    between[:, len(names) :] = np.nan  # who leaves the platforms would swamp who goes between them
    known = between[np.isfinite(between)]
    top = float(known.max()) if known.size and known.max() > 0.0 else 1.0
    colours = np.ma.masked_invalid(np.sqrt(between))
    image = axes.imshow(colours, cmap=SEQUENTIAL, aspect="auto", vmin=0.0, vmax=np.sqrt(top))
    _write_cells(axes, values, image)
    if len(targets) > len(names):
        axes.axvline(len(names) - 0.5, color="black", linewidth=1.2)
    label_cells(axes, *sides)
    axes.set_xlabel("to")
    axes.set_ylabel("from")
    unit = unit_in_words(data.unit(FLOW))
    world = "" if point == ON else f" World: {world_title(data, point)}."
    subtitle = f"{capital(in_words(FLOW))}, {unit}, mean of all months.{world}"
    note = "Colour: flows between platforms alone, square root; right of the line: off them"
    caption = data.caption(
        int(table["n"].max()), INTERVAL, note if len(targets) > len(names) else ""
    )
    write_frame(fig, axes, ax is None, _flows_title(data, table, names), subtitle, caption)
    return fig, axes


def _flows_title(data: Material, table: pd.DataFrame, names: list[str]) -> str:
    """The largest flow between two platforms, and how much goes back."""
    between = table[table["vendor_to"].isin(names) & table["median"].notna()]
    if between.empty or between["median"].max() <= 0.0:
        return "No workload changes from one platform to another"
    top = between.sort_values("median", ascending=False, kind="stable").iloc[0]
    back = between[
        (between["vendor"] == top["vendor_to"]) & (between["vendor_to"] == top["vendor"])
    ]["median"]
    said = (
        f"Most workloads go from {data.style(top['vendor']).label} to "
        f"{data.style(top['vendor_to']).label}: {_short(top['median'])} a month"
    )
    return f"{said}, {_short(float(back.iloc[0]))} come back" if len(back) else said


def _label(data: Material, name: str) -> str:
    label = data.styles[name].label if name in data.styles else in_words(name)
    return wrap(label, NAME_WIDTH, LABEL_SIZE)


def _write_cells(ax: Axes, values: FloatArray, image: Any) -> None:
    rows = len(values)
    for (row, column), value in np.ndenumerate(values):
        if not np.isfinite(value):
            ax.text(column, row, "stays", ha="center", va="center", color="#6B6B6B", fontsize=7)
            continue
        ground = image.cmap(image.norm(np.sqrt(value))) if column < rows else "white"
        colour = text_on(ground)
        ax.text(column, row, _short(value), ha="center", va="center", color=colour, fontsize=8)


def _short(value: float) -> str:
    """Two digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 10.0 else f"{value:.2g}"
