"""The box of the unknowns in which containment fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import SimError
from sim.plot.canvas import PERCENT, new_axes, write_caption, write_title
from sim.plot.registry import plot
from sim.plot.style import NEUTRAL
from sim.plot.tornado import stored_finding

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

ROW_HEIGHT = 0.5
WIDTH = 8.0
JITTER = 0.18
"""Draws that fail lie this much above the line of their unknown, the others below it."""


def failure_box_numbers(data: Material) -> pd.DataFrame:
    """Every draw of each restricted unknown, and the ends of the box.

    Returns
    -------
    Columns unknown, draw, level, fails, low_level, high_level, low, high, quasi_p, restricted_in.

    Raises
    ------
    SimError
        The result is of no scenario discovery, or no box was found.
    """
    import pandas as pd

    told = stored_finding(data, "prim")
    facts = told["facts"]
    if not facts["box"]:
        raise SimError(f"no box was found: {'; '.join(told['notes'])}")
    names = [unknown["name"] for unknown in told["unknowns"]]
    levels = np.array(facts["levels"])
    frames = [
        pd.DataFrame(
            {
                "unknown": name,
                "draw": np.arange(len(levels)),
                "level": levels[:, names.index(name)],
                "fails": facts["fails"],
                **side,
            }
        )
        for name, side in facts["box"].items()
    ]
    return pd.concat(frames, ignore_index=True)


@plot(failure_box_numbers)
def failure_box(data: Material, *, ax: Any = None) -> tuple[Figure, Axes]:
    """The box in which containment fails: a bar an unknown, over its draws.

    Raises
    ------
    SimError
        The result is of no scenario discovery, or no box was found.
    """
    table, facts = failure_box_numbers(data), stored_finding(data, "prim")["facts"]
    names = list(dict.fromkeys(table["unknown"]))
    fig, axes = new_axes(ax, size=(WIDTH, 2.2 + ROW_HEIGHT * len(names)))
    for place, name in enumerate(reversed(names)):
        _draw_side(axes, place, table[table["unknown"] == name])
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("place between the ends of the unknown [share of its range or its prior]")
    write_title(
        axes,
        f"Where containment fails: the box holds {PERCENT * facts['coverage']:.0f} % of the "
        f"failures, {PERCENT * facts['density']:.0f} % of its draws fail "
        f"({PERCENT * facts['fails_in'] / facts['draws']:.0f} % of all)",
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    note = f"{facts['draws']} draws; per cent: part of {facts['resamples']} resamples that restrict"
    seeds = int(data.curves.sizes["replicate"])
    write_caption(fig, data.caption(seeds, "Box by PRIM, quasi-p by binomial tail", note))
    return fig, axes


def _draw_side(axes: Axes, place: int, rows: pd.DataFrame) -> None:
    first = rows.iloc[0]
    width = first["high_level"] - first["low_level"]
    label = "box" if place == 0 else None
    axes.barh(
        place, width, left=first["low_level"], height=0.8, color=NEUTRAL, alpha=0.35, label=label
    )
    for fails, marker, shift in ((1, "x", JITTER), (0, ".", -JITTER)):
        chosen = rows[rows["fails"] == fails]
        word = "containment fails" if fails else "containment holds"
        axes.plot(
            chosen["level"],
            np.full(len(chosen), place + shift),
            marker,
            color="black",
            markersize=3.0,
            label=word if place == 0 else None,
        )
    for end, where, side in (("low", "low_level", "left"), ("high", "high_level", "right")):
        if np.isfinite(first[end] if first[end] is not None else np.nan):
            axes.text(first[where], place + 0.42, f"{first[end]:.3g}", fontsize=7, ha=side)
    axes.text(
        0.99, place - 0.42, f"{PERCENT * first['restricted_in']:.0f} %", fontsize=7, ha="right"
    )
