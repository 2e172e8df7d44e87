"""Medians and bands of replicates, as a table and as lines."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.plot.style import NARROW_BAND, WIDE_BAND, VendorStyle
from sim.runs.worlds import ON

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.plot.material import Material

FloatArray = npt.NDArray[np.float64]

LEVELS = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
INTERVAL = "Lines: medians; bands: 50 % and 90 % of the runs"
MARKERS_A_LINE = 6
OUTLINE = 3.0


def band_table(data: Material, measure: str, point: str = ON) -> pd.DataFrame:
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
    import pandas as pd

    by_vendor = "vendor" in data.measure(measure, *_dims(data, measure)).dims
    values = data.world(measure, point, *_dims(data, measure))
    months = values["month"].values
    vendors = [str(vendor) for vendor in values["vendor"].values] if by_vendor else [""]
    array = values.values if by_vendor else values.values[..., None]
    quantiles = quantiles_of(array, list(LEVELS.values()))
    frames = [
        pd.DataFrame(
            {"vendor": vendor, "month": months, "n": len(array)}
            | {name: quantiles[level, :, place] for level, name in enumerate(LEVELS)}
        )
        for place, vendor in enumerate(vendors)
    ]
    table = pd.concat([*frames, _recorded(data, measure, point)], ignore_index=True)
    table.insert(0, "measure", measure)
    table.insert(1, "unit", data.unit(measure))
    table.insert(2, "point", point)
    order = ["measure", "unit", "point", "vendor", "month", "period_end", "n", *LEVELS, "recorded"]
    return table.reindex(columns=order)


def quantiles_of(values: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Quantiles over the first axis of what is not missing, (levels, ...); NaN where all is."""
    if np.isfinite(values).all():
        return np.asarray(np.quantile(values, levels, axis=0), dtype=np.float64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return np.asarray(np.nanquantile(values, levels, axis=0), dtype=np.float64)


def _dims(data: Material, measure: str) -> tuple[str, ...]:
    has_vendor = measure in data.curves and "vendor" in data.curves[measure].dims
    return ("vendor",) if has_vendor else ()


def _recorded(data: Material, measure: str, point: str) -> pd.DataFrame:
    import pandas as pd

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
    for low, high, opacity in (("p05", "p95", WIDE_BAND), ("p25", "p75", NARROW_BAND)):
        ax.fill_between(
            months,
            table[low].to_numpy(),
            table[high].to_numpy(),
            color=style.colour,
            alpha=opacity,
            linewidth=0.0,
        )
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


def draw_recorded(ax: Axes, table: pd.DataFrame, styles: dict[str, VendorStyle]) -> bool:
    """Recorded figures as outlined markers in the middle of a bar as long as their period."""
    rows = table[table["recorded"].notna()]
    starts, ends = rows["month"].to_numpy(), rows["period_end"].to_numpy()
    for vendor, start, end, value in zip(
        rows["vendor"], starts, ends, rows["recorded"].to_numpy(), strict=True
    ):
        half = (end - start) / 2
        style = styles[str(vendor)]
        ax.errorbar(
            start + half,
            value,
            xerr=half,
            fmt=style.marker,
            color=style.colour,
            markeredgecolor="black",
            markersize=7.5,
            capsize=3.0,
            elinewidth=2.0,
            zorder=5,
        )
    if len(rows):
        ax.plot(
            [],
            [],
            linestyle="-",
            marker="o",
            color="#FFFFFF",
            markeredgecolor="black",
            markersize=7.5,
            label="record (bar: its period)",
        )
    return bool(len(rows))
