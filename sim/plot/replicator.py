"""Which strategies survive where better ones are copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plot.canvas import new_axes, write_caption, write_title
from sim.plot.registry import plot
from sim.plot.style import COLOURS, LINES
from sim.plot.tournament import SIDES, game_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.plot.material import Material

NAMES = {"incumbent": "rows", "challenger": "columns"}
NOTE = (
    "Two-population replicator dynamics of the game of means from equal weights; payoffs scaled to "
    "a range of one"
)


def replicator_numbers(data: Material) -> pd.DataFrame:
    """Weight of each strategy in its population over time.

    Raises
    ------
    SimError
        The result holds no tournament.
    """
    import pandas as pd

    found = game_of(data)
    path = found["replicator"]
    rows = [
        (side, strategy, time, path[side][k][i])
        for side in SIDES
        for i, strategy in enumerate(found[NAMES[side]])
        for k, time in enumerate(path["time"])
    ]
    return pd.DataFrame(rows, columns=["side", "strategy", "time", "weight"])


@plot(replicator_numbers)
def replicator(data: Material, *, ax: Any = None) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Weights of the strategies of both sides where better ones are copied.

    Raises
    ------
    SimError
        The result holds no tournament.
    """
    found, table = game_of(data), replicator_numbers(data)
    fig, axes = new_axes(ax, 1, 2, (9.5, 3.8), sharey=True)
    for axis, side in zip(axes, SIDES, strict=True):
        rows = table[table["side"] == side]
        for i, name in enumerate(found[NAMES[side]]):
            one = rows[rows["strategy"] == name]
            axis.plot(
                one["time"],
                one["weight"],
                color=COLOURS[i % len(COLOURS)],
                linestyle=LINES[i % len(LINES)],
                label=name,
            )
        axis.set_ylim(-0.02, 1.02)
        axis.set_xlabel("time [rounds of copying]")
        axis.set_ylabel("weight in the population [-]")
        axis.legend(loc="best")
        write_title(axis, f"{side}: {found['contest'][side]}")
    write_caption(fig, data.caption(found["n"], "No interval: dynamics of mean payoffs", NOTE))
    return fig, axes
