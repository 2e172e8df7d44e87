"""The two belts, and the third scoreboard beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.experiment.worlds import ON
from sim.plot.bands import INTERVAL, band_table
from sim.plot.canvas import new_axes, write_caption, write_legend
from sim.plot.curves import RECORD_NOTE, draw_measure
from sim.plot.registry import plot

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.plot.material import Material

SIZE = (11.0, 4.2)
BELTS = {
    "platform_token_share": "Belt 1: platform tokens",
    "full_stack_revenue_share": "Belt 2: full-stack revenue",
    "family_token_share": "Third: tokens by model family",
}


def belt_numbers(data: Material, point: str = ON) -> pd.DataFrame:
    """Bands of the three shares, one below the other; see `band_table`."""
    import pandas as pd

    return pd.concat([band_table(data, measure, point) for measure in BELTS], ignore_index=True)


@plot(belt_numbers)
def belts(
    data: Material, point: str = ON, *, ax: Any = None
) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Shares of platform tokens, full-stack revenue and family tokens side by side.

    Raises
    ------
    SimError
        If one of the three shares or the world is not stored.
    """
    table = belt_numbers(data, point)
    fig, axes = new_axes(ax, columns=len(BELTS), size=SIZE, sharex=True, sharey=True)
    recorded = False
    for axis, (measure, title) in zip(axes, BELTS.items(), strict=True):
        recorded |= draw_measure(axis, data, table[table["measure"] == measure])
        axis.set_title(title)
    axes[0].set_ylim(bottom=0.0)
    write_legend(fig, axes, ax is None)
    note = RECORD_NOTE if recorded else ""
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL, note))
    return fig, axes
