"""Outcome curves of one measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.experiment.worlds import ON
from sim.plot.bands import INTERVAL, band_table, draw_bands, draw_recorded
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
from sim.plot.style import NEUTRAL, VendorStyle

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

MEASURE = "platform_token_share"
MARKET = VendorStyle("market", NEUTRAL, "-", "o")
RECORD_NOTE = "Record points have the publisher's scope and are means over their period"


def curve_numbers(data: Material, measure: str = MEASURE, point: str = ON) -> pd.DataFrame:
    """Bands of one measure and what was recorded of it; see `band_table`."""
    return band_table(data, measure, point)


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


@plot(curve_numbers)
def curves(
    data: Material, measure: str = MEASURE, point: str = ON, *, ax: Any = None
) -> tuple[Figure, Axes]:
    """One measure by vendor over the months: median, 50 % and 90 % bands, recorded figures.

    Parameters
    ----------
    data
        A result or its `Material`.
    measure
        A stored measure with or without dim vendor.
    point
        World.

    Raises
    ------
    SimError
        If the measure or the world is not stored.
    """
    table = curve_numbers(data, measure, point)
    fig, axes = new_axes(ax)
    recorded = draw_measure(axes, data, table)
    world = "" if point == ON else f" World: {in_words(point)}."
    write_title(axes, f"{data.sentence(measure)}{world}")
    write_legend(fig, axes, ax is None)
    note = RECORD_NOTE if recorded else ""
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL, note))
    return fig, axes
