"""Tokens against revenue: who turns the one into the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.plot.canvas import label_axis, new_axes, write_caption, write_legend
from sim.plot.registry import plot
from sim.runs.worlds import ON

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

TOKENS, REVENUE = "platform_token_share", "full_stack_revenue_share"


def conversion_numbers(data: Material, point: str = ON) -> pd.DataFrame:
    """Means over the judged months by run and vendor."""
    import pandas as pd

    means = {name: data.window_mean(name, point).to_series() for name in (TOKENS, REVENUE)}
    return pd.DataFrame(means).reset_index()


@plot(conversion_numbers)
def conversion(data: Material, point: str = ON, *, ax: Any = None) -> tuple[Figure, Axes]:
    """Share of revenue against share of tokens, one point a run and vendor."""
    table = conversion_numbers(data, point)
    fig, axes = new_axes(ax)
    for vendor, rows in table.groupby("vendor", sort=False):
        style = data.style(str(vendor))
        axes.plot(
            rows[TOKENS],
            rows[REVENUE],
            linestyle="",
            marker=style.marker,
            color=style.colour,
            label=style.label,
        )
    label_axis(axes.xaxis, "platform token share", data.unit(TOKENS))
    label_axis(axes.yaxis, "full-stack revenue share", data.unit(REVENUE))
    write_legend(fig, axes, ax is None)
    write_caption(fig, data.caption(table["replicate"].nunique(), "Points: single runs"))
    return fig, axes
