"""A parameter swept up and down again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.plot.canvas import label_axis, new_axes, write_caption, write_title
from sim.plot.frontier import stored
from sim.plot.registry import plot
from sim.plot.style import COLOURS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

WAYS = {"up": ("-", "^", COLOURS[0]), "down": ("--", "v", COLOURS[1])}
LABELS = {"up": "come from below", "down": "come from above"}


def hysteresis_numbers(data: Material) -> pd.DataFrame:
    """Share come from below and from above, and the gap with its interval.

    Raises
    ------
    SimError
        The result holds no sweep up and down.
    """
    import pandas as pd

    found = stored(data, "hysteresis.json")
    rows = [
        (row["value"], row["up"], row["down"], row["gap"], *row["gap_interval"], found["n"])
        for row in found["rows"]
    ]
    return pd.DataFrame(rows, columns=[found["path"], "up", "down", "gap", "lower", "upper", "n"])


@plot(hysteresis_numbers)
def hysteresis(data: Material, *, ax: Any = None) -> tuple[Figure, Axes]:
    """Challenger's share where a parameter came from below and from above.

    Raises
    ------
    SimError
        The result holds no sweep up and down.
    """
    found, table = stored(data, "hysteresis.json"), hysteresis_numbers(data)
    fig, axes = new_axes(ax)
    values = table.iloc[:, 0]
    for way, (line, marker, colour) in WAYS.items():
        axes.plot(
            values, table[way], linestyle=line, marker=marker, color=colour, label=LABELS[way]
        )
    half = (table["upper"] - table["lower"]).to_numpy(dtype=float) / 2.0
    axes.errorbar(values, table["down"], yerr=half, fmt="none", color=COLOURS[1], capsize=3.0)
    axes.set_xlabel(f"{found['path']} [{found['unit']}]")
    label_axis(axes.yaxis, "challenger's token share", "share")
    axes.legend()
    write_title(
        axes, f"{found['path']} from below and above: gap {100.0 * found['gap']:+.1f} points"
    )
    note = "Whiskers: half-width of the paired gap"
    write_caption(fig, data.caption(found["n"], found["interval_types"][0], note))
    return fig, axes
