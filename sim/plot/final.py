"""Where runs end: the distribution of shares over the judged months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.humps import silverman_test
from sim.analysis.statistics import bimodality_coefficient
from sim.experiment.worlds import ON
from sim.plot.canvas import common_edges, in_words, label_axis, new_axes, write_caption
from sim.plot.curves import MEASURE
from sim.plot.registry import plot

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.plot.material import Material

INTERVAL = "Histograms of single runs, each also a tick; black line: median"
BINS = (20, 60)
HUMPS = 5.0 / 9.0
"""Sarle's coefficient of the uniform law: above it a distribution may have two humps."""
SMALL_P = 0.05
WIDTH, PANEL_HEIGHT, MARGIN = 7.0, 0.95, 1.1


def final_numbers(data: Material, measure: str = MEASURE, point: str = ON) -> pd.DataFrame:
    """Mean over the judged last months of each run and vendor.

    Returns
    -------
    Columns measure, unit, point, vendor, replicate, value.

    Raises
    ------
    SimError
        If the measure or the world is not stored.
    """
    import pandas as pd

    means = data.window_mean(measure, point)
    facts = {"measure": measure, "unit": data.unit(measure), "point": point}
    frames = [
        pd.DataFrame(
            {**facts, "vendor": str(vendor), "replicate": means["replicate"].values}
            | {"value": means.sel(vendor=vendor).values}
        )
        for vendor in means["vendor"].values
    ]
    return pd.concat(frames, ignore_index=True).dropna(subset="value", ignore_index=True)


@plot(final_numbers)
def final(
    data: Material, measure: str = MEASURE, point: str = ON, *, ax: Any = None
) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Distribution of the last months' mean over the runs, one row a vendor: two humps show.

    Raises
    ------
    SimError
        If the measure or the world is not stored.
    """
    table = final_numbers(data, measure, point)
    vendors = list(dict.fromkeys(table["vendor"]))
    size = (WIDTH, MARGIN + PANEL_HEIGHT * len(vendors))
    fig, axes = new_axes(ax, rows=len(vendors), size=size, sharex=True)
    axes = np.atleast_1d(axes)
    samples = [table.loc[table["vendor"] == vendor, "value"].to_numpy() for vendor in vendors]
    edges = common_edges(samples, BINS)
    for axis, vendor, own in zip(axes, vendors, samples, strict=True):
        _row(data, axis, vendor, own, edges)
    months = data.thresholds.window_months
    label_axis(
        axes[-1].xaxis,
        f"{in_words(measure)}, mean of the last {months} months",
        data.unit(measure),
    )
    runs = int(table["replicate"].nunique())
    note = (
        "b: Sarle's bimodality coefficient, above 0.56 there may be two humps; p: Silverman's test "
        "of one hump against more, a small p speaks for two"
    )
    write_caption(fig, data.caption(runs, INTERVAL, note))
    return fig, axes


def _row(data: Material, ax: Any, vendor: str, own: np.ndarray[Any, Any], edges: Any) -> None:
    style = data.style(vendor)
    ax.hist(own, bins=edges, color=style.colour, alpha=0.6)
    ax.plot(
        own,
        np.full(len(own), -0.09),
        "|",
        color=style.colour,
        clip_on=False,
        transform=ax.get_xaxis_transform(),
        markersize=6,
    )
    ax.axvline(float(np.median(own)), color="black", linewidth=1.0)
    coefficient = bimodality_coefficient(own)
    humps = "" if np.isnan(coefficient) else f"\nb = {coefficient:.2f}"
    test = silverman_test(own)
    if test is not None:
        humps += f"\np = {test.p_value:.2f}"
    several = test is not None and test.p_value <= SMALL_P
    warn = "bold" if coefficient > HUMPS or several else "normal"
    ax.text(
        1.01,
        0.95,
        f"{style.label}{humps}",
        transform=ax.transAxes,
        va="top",
        ha="left",
        fontsize=8,
        fontweight=warn,
    )
    ax.set_ylabel("runs")
    ax.tick_params(axis="x", pad=7)
    ax.yaxis.get_major_locator().set_params(integer=True, nbins=3)
