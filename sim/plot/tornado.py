"""Tornado: how much each unknown moves each outcome."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import SimError
from sim.plot.canvas import new_axes, write_caption, write_title
from sim.plot.registry import plot
from sim.plot.style import NEUTRAL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.plot.material import Material

ROW_HEIGHT = 0.32
WIDTH = 4.6
SCALES = {
    "morris": {"": "mu*, mean size of the effect", "other": "mu, with its sign"},
    "sobol": {"": "total index", "other": "first order"},
}
UNITS = {"challenger_share": "points", "tau": "points", "containment": "probability"}


def stored_finding(data: Material, *methods: str) -> dict[str, Any]:
    """What a sensitivity analysis stored beside its runs.

    Raises
    ------
    SimError
        The result is of no such analysis.
    """
    path = None if data.folder is None else data.folder / "sensitivity.json"
    told: dict[str, Any] = {}
    if path is not None and path.exists():
        told = json.loads(path.read_bytes())
    if told.get("method") not in methods:
        raise SimError(f"this figure needs a result of `sim sensitivity` by {' or '.join(methods)}")
    return told


def tornado_numbers(data: Material) -> pd.DataFrame:
    """The stored estimates: outcome, label, mean, low, high, other, n, interval_type.

    Raises
    ------
    SimError
        The result is of no screening and no variance shares.
    """
    import pandas as pd

    told = stored_finding(data, *SCALES)
    key = "mu" if told["method"] == "morris" else "first"
    rows = [
        {"outcome": outcome, **row, "other": row["facts"][key]}
        for outcome, table in told["tables"].items()
        for row in table
    ]
    columns = ["outcome", "label", "mean", "low", "high", "other", "n", "interval_type"]
    return pd.DataFrame(rows, columns=columns)


@plot(tornado_numbers)
def tornado(data: Material, *, ax: Any = None) -> tuple[Figure, Any]:
    """Effects of the unknowns on each outcome with their intervals, largest on top.

    Raises
    ------
    SimError
        The result is of no screening and no variance shares.
    """
    told, table = stored_finding(data, *SCALES), tornado_numbers(data)
    outcomes = list(dict.fromkeys(table["outcome"]))
    longest = int(table.groupby("outcome").size().max())
    size = (WIDTH * len(outcomes), 1.8 + ROW_HEIGHT * longest)
    fig, axes = new_axes(ax, columns=len(outcomes), size=size)
    for one, outcome in zip(np.asarray(axes, dtype=object).ravel(), outcomes, strict=True):
        _draw(one, table[table["outcome"] == outcome], told["method"], outcome)
    kinds = ", ".join(told["interval_types"])
    note = f"{told['draws']} draws; n of an estimate {int(table['n'].min())}"
    write_caption(fig, data.caption(len(told["seeds"]), kinds, note))
    return fig, axes


def _draw(axes: Any, rows: pd.DataFrame, method: str, outcome: str) -> None:
    places = np.arange(len(rows))[::-1]
    mean = rows["mean"].to_numpy(dtype=float)
    # A bootstrap interval of a skewed estimate may leave it out; a bar has no negative length.
    low = np.maximum(mean - rows["low"].to_numpy(dtype=float), 0.0)
    high = np.maximum(rows["high"].to_numpy(dtype=float) - mean, 0.0)
    names = SCALES[method]
    axes.barh(places, mean, color=NEUTRAL, alpha=0.5, label=names[""])
    axes.errorbar(mean, places, xerr=[low, high], fmt="none", color="black", capsize=3.0)
    other = rows["other"].to_numpy(dtype=float)
    axes.plot(other, places, "D", color="black", markersize=4.0, label=names["other"])
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_yticks(places, rows["label"].tolist())
    unit = UNITS.get(outcome, "-") if method == "morris" else "share of variance"
    axes.set_xlabel(f"effect [{unit}]")
    write_title(axes, outcome.replace("_", " "))
    axes.legend(loc="lower right")
