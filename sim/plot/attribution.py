"""Bars of an attribution with their intervals."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.conclusion import refuse_bare
from sim.errors import SimError
from sim.plot.canvas import new_axes, write_caption
from sim.plot.registry import plot
from sim.plot.style import NEUTRAL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

ROW_HEIGHT = 0.32
LEAST_HEIGHT = 2.4
WIDTH = 8.0
TITLE_CHARACTERS = 60


def attribution_numbers(data: Material) -> pd.DataFrame:
    """The stored estimates: label, mean, low, high, n, interval_type.

    Raises
    ------
    SimError
        The result holds no attribution.
    """
    import pandas as pd

    rows = _document(data)["rows"]
    columns = ["label", "mean", "low", "high", "n", "interval_type"]
    return pd.DataFrame(rows, columns=columns)


def _document(data: Material) -> dict[str, Any]:
    if data.folder is None or not (data.folder / "attribution.json").exists():
        raise SimError("this figure needs a result of `sim attribute`")
    document: dict[str, Any] = json.loads((data.folder / "attribution.json").read_bytes())
    refuse_bare(document)
    return document


@plot(attribution_numbers)
def attribution(data: Material, *, ax: Any = None) -> tuple[Figure, Axes]:
    """Estimates of an attribution with their intervals, largest on top as they were found.

    Raises
    ------
    SimError
        The result holds no attribution.
    """
    document, table = _document(data), attribution_numbers(data)
    size = (WIDTH, max(LEAST_HEIGHT, 1.4 + ROW_HEIGHT * len(table)))
    fig, axes = new_axes(ax, size=size)
    places = np.arange(len(table))[::-1]
    means = table["mean"].to_numpy(dtype=float)
    low = means - table["low"].to_numpy(dtype=float)
    high = table["high"].to_numpy(dtype=float) - means
    axes.barh(places, means, color=NEUTRAL, alpha=0.5)
    axes.errorbar(
        means, places, xerr=np.nan_to_num([low, high]), fmt="o", color="black", capsize=3.0
    )
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_yticks(places, table["label"].tolist())
    unit = "%" if "per cent" in document["title"] else "points of token share"
    axes.set_xlabel(f"estimate [{unit}]")
    axes.set_title(textwrap.fill(document["title"], TITLE_CHARACTERS), loc="left", fontsize=9)
    kinds = ", ".join(sorted(set(table["interval_type"])))
    runs, least = len(document["seeds"]), int(table["n"].min())
    note = "" if least == runs else f"Rows stand on n = {least} or more"
    write_caption(fig, data.caption(runs, kinds, note))
    return fig, axes
