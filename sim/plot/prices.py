"""Price paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.experiment.worlds import ON
from sim.plot.bands import INTERVAL, band_table
from sim.plot.canvas import label_axis, new_axes, write_caption, write_legend, write_title
from sim.plot.curves import draw_measure
from sim.plot.registry import plot

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

TICKS = (1.0, 2.0, 5.0)


def price_numbers(data: Material, point: str = ON) -> pd.DataFrame:
    """Bands of the price index; see `band_table`."""
    return band_table(data, "price_index", point)


@plot(price_numbers)
def prices(data: Material, point: str = ON, *, ax: Any = None) -> tuple[Figure, Axes]:
    """Price index by vendor on a log axis: median, 50 % and 90 % bands.

    Raises
    ------
    SimError
        If price_index or the world is not stored, or nobody sold model calls.
    """
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
