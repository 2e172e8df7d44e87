"""Attribution, sensitivity, and the box of unknowns in which containment fails."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.verdict.grounds import refuse_bare
from sim.errors import SimError
from sim.plot.canvas import PERCENT, new_axes, write_caption, write_title
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


ROW_HEIGHT_TORNADO = 0.32
WIDTH_TORNADO = 4.6
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
    size = (WIDTH_TORNADO * len(outcomes), 1.8 + ROW_HEIGHT_TORNADO * longest)
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


ROW_HEIGHT_FAILURE_BOX = 0.5
WIDTH_FAILURE_BOX = 8.0
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
    fig, axes = new_axes(ax, size=(WIDTH_FAILURE_BOX, 2.2 + ROW_HEIGHT_FAILURE_BOX * len(names)))
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
