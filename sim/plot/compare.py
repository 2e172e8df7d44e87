"""Scenarios side by side, and their paired differences month by month."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.conclusion import refuse_bare
from sim.analysis.statistics import mean_interval
from sim.errors import SimError
from sim.plot.bands import INTERVAL, band_table
from sim.plot.canvas import (
    in_words,
    label_axis,
    label_months,
    new_axes,
    write_caption,
    write_legend,
)
from sim.plot.curves import MARKET, MEASURE, draw_measure
from sim.plot.registry import plot
from sim.plot.style import WIDE_BAND

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

WIDTH, LEAST_WIDTH, HEIGHT = 4.2, 9.0, 6.4
NOTE = "Below: paired difference from the first, mean and 95 % t interval of each month"


def _worlds(data: Material) -> list[str]:
    if data.folder is None or not (data.folder / "comparison.json").exists():
        raise SimError("this figure needs a result of `sim compare`")
    document = json.loads((data.folder / "comparison.json").read_bytes())
    refuse_bare(document)
    worlds: list[str] = document["worlds"]
    return worlds


def compare_numbers(data: Material, measure: str = MEASURE) -> pd.DataFrame:
    """Bands of a measure in each scenario, then its paired differences from the first.

    Returns
    -------
    The columns of `band_table`, then difference, low, high; a row has bands or a difference.

    Raises
    ------
    SimError
        If the result holds no comparison or the measure is not stored.
    """
    import pandas as pd

    worlds = _worlds(data)
    tables = [band_table(data, measure, world) for world in worlds]
    tables += [_differences(data, measure, worlds[0], world) for world in worlds[1:]]
    return pd.concat(tables, ignore_index=True)


def _differences(data: Material, measure: str, first: str, other: str) -> pd.DataFrame:
    import pandas as pd

    dims = ("vendor",) if "vendor" in data.curves[measure].dims else ()
    one, two = (data.world(measure, point, *dims) for point in (first, other))
    both = np.intersect1d(one["replicate"].values, two["replicate"].values)
    if not both.size:
        raise SimError(f"no run is finished in both {first} and {other}")
    gap = two.sel(replicate=both) - one.sel(replicate=both)
    vendors = [str(vendor) for vendor in gap["vendor"].values] if dims else [""]
    values = gap.values if dims else gap.values[..., None]
    rows = []
    for place, vendor in enumerate(vendors):
        for month, column in zip(gap["month"].values, values[..., place].T, strict=True):
            known = column[np.isfinite(column)]
            if known.size:
                found = mean_interval(known)
                rows.append((vendor, month, found.n, found.mean, *found.interval))
    columns = ["vendor", "month", "n", "difference", "low", "high"]
    table = pd.DataFrame(rows, columns=columns).replace([-np.inf, np.inf], np.nan)
    table.insert(0, "measure", measure)
    table.insert(1, "unit", data.unit(measure))
    table.insert(2, "point", other)
    return table


@plot(compare_numbers)
def compare(
    data: Material, measure: str = MEASURE, *, ax: Any = None
) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Scenarios of a comparison side by side, and below each its paired difference from the first.

    Raises
    ------
    SimError
        If the result holds no comparison or the measure is not stored.
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
    write_caption(fig, data.caption(runs, INTERVAL, NOTE))
    return fig, axes


def _draw_differences(ax: Axes, data: Material, table: pd.DataFrame) -> None:
    ax.axhline(0.0, color="black", linewidth=0.8)
    for vendor, rows in table.groupby("vendor", sort=False):
        style = data.style(str(vendor)) if vendor else MARKET
        months = rows["month"].to_numpy()
        ax.fill_between(
            months,
            rows["low"].to_numpy(dtype=float),
            rows["high"].to_numpy(dtype=float),
            color=style.colour,
            alpha=2 * WIDE_BAND,
            linewidth=0.0,
        )
        ax.plot(months, rows["difference"].to_numpy(), color=style.colour, linestyle=style.line)
