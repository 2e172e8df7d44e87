"""Scenarios side by side, and who loses clients to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.statistics import mean_interval
from sim.errors import SimError
from sim.plot.canvas import (
    in_words,
    label_axis,
    label_cells,
    label_months,
    new_axes,
    write_caption,
    write_legend,
)
from sim.plot.curves import INTERVAL as BANDS
from sim.plot.curves import (
    MARKET,
    MEASURE,
    band_table,
    by_vendor,
    draw_measure,
    fill_band,
    quantiles_of,
)
from sim.plot.registry import plot
from sim.plot.style import SEQUENTIAL, WIDE_BAND
from sim.runs.worlds import ON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


WIDTH, LEAST_WIDTH, HEIGHT = 4.2, 9.0, 6.4
NOTE = "Below: paired difference from the first, mean and 95 % t interval of each month"


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
        axis.set_title(world)
        axis.set_xlabel("")
    for axis, world in zip(below, worlds, strict=True):
        _draw_differences(axis, data, table[(table["point"] == world) & gaps])
        label_months(axis)
        axis.set_title(f"{world} less {worlds[0]}")
    below[0].text(0.5, 0.5, "0 by definition", transform=below[0].transAxes, ha="center")
    label_axis(below[0].yaxis, f"difference of {in_words(measure)}", data.unit(measure))
    write_legend(fig, axes, ax is None)
    runs = int(table.loc[~gaps, "n"].max())
    write_caption(fig, data.caption(runs, BANDS, NOTE))
    return fig, axes


def _draw_differences(ax: Axes, data: Material, table: pd.DataFrame) -> None:
    ax.axhline(0.0, color="black", linewidth=0.8)
    for vendor, rows in table.groupby("vendor", sort=False):
        style = data.style(str(vendor)) if vendor else MARKET
        months = rows["month"].to_numpy()
        fill_band(ax, months, rows["low"], rows["high"], style.colour, 2 * WIDE_BAND)
        ax.plot(months, rows["difference"].to_numpy(), color=style.colour, linestyle=style.line)


FLOW = "switching_flow"
INTERVAL = "Cells: median over runs of the mean month; the table beside has 90 % bands"
CELL, MARGIN = 0.72, 2.6
DARK_BELOW = 0.5
LARGE = 100.0  # from here on cells show no decimals


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
    size = (MARGIN + CELL * len(targets) + 1.0, MARGIN / 1.3 + CELL * len(names))
    fig, axes = new_axes(ax, size=size)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=SEQUENTIAL, aspect="auto", vmin=0.0)
    _write_cells(axes, values)
    label_cells(axes, *([_label(data, n) for n in side] for side in (names, targets)))
    axes.set_xlabel("to")
    axes.set_ylabel("from")
    bar = fig.colorbar(image, ax=axes)
    bar.set_label(f"{in_words(FLOW)} [{data.unit(FLOW)}]")
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL))
    return fig, axes


def _label(data: Material, name: str) -> str:
    return data.styles[name].label if name in data.styles else in_words(name)


def _write_cells(ax: Axes, values: np.ndarray[Any, Any]) -> None:
    top = np.nanmax(values) if np.isfinite(values).any() else 0.0
    for (row, column), value in np.ndenumerate(values):
        if not np.isfinite(value):
            ax.text(column, row, "stays", ha="center", va="center", color="#7F7F7F", fontsize=7)
            continue
        colour = "white" if top <= 0.0 or value / top < DARK_BELOW else "black"
        ax.text(column, row, _short(value), ha="center", va="center", color=colour, fontsize=8)


def _short(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.3g}"
