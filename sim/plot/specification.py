"""The verdict at every setting of the thresholds: does it hang on one choice of them?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import SimError
from sim.plot.canvas import PERCENT, in_words, new_axes, write_caption, write_legend, write_title
from sim.plot.registry import plot
from sim.plot.style import NEUTRAL, PALE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

LOOKS = {
    "supported": ("#0072B2", "o"),
    "undetermined": (PALE, "s"),
    "refuted": ("#D55E00", "v"),
}
SIZE = (9.0, 6.4)
DOT, BAR = 14, 1.0
VERDICTS = "verdict.json"


def _entry(data: Material) -> dict[str, Any]:
    """The judged pair of worlds that the sentences speak of."""
    path = None if data.folder is None else data.folder / VERDICTS
    told = json.loads(path.read_bytes()) if path is not None and path.exists() else {}
    entry: dict[str, Any] | None = told.get("verdicts", {}).get(told.get("primary"))
    if entry is None or not entry.get("specification"):
        raise SimError("this figure needs a stored verdict over a grid of thresholds")
    if "share" not in entry["specification"]["points"][0]:
        raise SimError("the stored verdict is of an earlier version; sim run judges it again")
    return entry


def specification_numbers(data: Material) -> pd.DataFrame:
    """One row a setting, sorted by the share of runs: thresholds, share, both verdicts, n.

    Raises
    ------
    SimError
        The result holds no verdict over a grid of thresholds.
    """
    import pandas as pd

    curve = _entry(data)["specification"]
    rows = [
        {
            **point["thresholds"],
            "share": point["share"],
            "low": point["interval"][0],
            "high": point["interval"][1],
            "verdict": point["overall"],
            "definitions": point["contained"],
            "n": curve["n"],
        }
        for point in curve["points"]
    ]
    order = {name: place for place, name in enumerate(reversed(LOOKS))}
    table = pd.DataFrame(rows)
    table["place"] = table["verdict"].map(order)
    keys = ["share", "place", *curve["axes"]]
    return table.sort_values(keys, ignore_index=True).drop(columns="place")


@plot(specification_numbers)
def specification(data: Material, *, ax: Any = None) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Share of runs in containment and both verdicts at every setting of the thresholds.

    Raises
    ------
    SimError
        The result holds no verdict over a grid of thresholds.
    """
    entry, table = _entry(data), specification_numbers(data)
    fig, axes = new_axes(ax, rows=2, size=SIZE, sharex=True)
    _draw_shares(axes[0], table)
    _draw_settings(axes[1], table, entry["specification"]["axes"], entry["thresholds"])
    same = PERCENT * entry["specification"]["same_overall"]
    title = f"The verdict is {entry['overall']}, as at {same:.0f} % of {len(table)} settings"
    write_title(axes[0], title)
    write_legend(fig, axes[0], ax is None)
    note = "Black: the chosen value; Simonsohn, Simmons & Nelson (2020)"
    write_caption(fig, data.caption(entry["n"], entry["emergence"]["interval_type"], note))
    return fig, axes


def _draw_shares(ax: Axes, table: pd.DataFrame) -> None:
    for verdict, (colour, marker) in LOOKS.items():
        rows = table[table["verdict"] == verdict]
        if len(rows):
            ax.vlines(rows.index, PERCENT * rows["low"], PERCENT * rows["high"], colour, lw=BAR)
            ax.scatter(
                rows.index,
                PERCENT * rows["share"],
                s=DOT,
                c=colour,
                marker=marker,
                label=verdict,
                zorder=3,
            )
    ax.set_ylim(-3.0, 103.0)
    ax.set_ylabel("runs in containment [%]")


def _draw_settings(
    ax: Axes, table: pd.DataFrame, names: list[str], chosen: dict[str, float]
) -> None:
    labels, height = ["definitions"], 0
    for verdict, (colour, marker) in LOOKS.items():
        rows = table[table["definitions"] == verdict]
        ax.scatter(rows.index, np.zeros(len(rows)), s=DOT, c=colour, marker=marker)
    for name in names:
        for value in sorted(table[name].unique()):
            height += 1
            labels.append(f"{in_words(name)} {value:.4g}")
            places = table.index[table[name] == value]
            colour = NEUTRAL if np.isclose(value, chosen[name]) else PALE
            ax.scatter(places, np.full(len(places), height), s=DOT / 2, c=colour, marker="|")
    ax.set_yticks(range(len(labels)), labels, fontsize=7)
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.set_xlabel("setting of the thresholds, by the share of runs [-]")
