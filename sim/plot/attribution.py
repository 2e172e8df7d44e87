"""Attribution, sensitivity, and the box of unknowns in which containment fails."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.errors import SimError
from sim.plot.canvas import PERCENT, new_axes, write_caption, write_title
from sim.plot.registry import plot
from sim.plot.style import NEUTRAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


ROW_HEIGHT, BOX_ROW_HEIGHT = 0.32, 0.5
LEAST_HEIGHT = 2.4
WIDTH, PANEL_WIDTH = 8.0, 4.6
TITLE_CHARACTERS = 60
STORED = ("attribution.json", "attribute")
LEGEND = ("box", "containment fails", "containment holds")
JITTER = 0.18
"""Draws that fail lie this much above the line of their unknown, the others below it."""


def attribution_numbers(data: Material) -> pd.DataFrame:
    """The stored estimates: label, mean, low, high, n, interval_type."""
    rows = data.finding(*STORED)["rows"]
    columns = ["label", "mean", "low", "high", "n", "interval_type"]
    return pd.DataFrame(rows, columns=columns)


@plot(attribution_numbers)
def attribution(data: Material, *, ax: Any = None) -> Drawing:
    """Estimates of an attribution with their intervals, largest on top as they were found."""
    document, table = data.finding(*STORED), attribution_numbers(data)
    size = (WIDTH, max(LEAST_HEIGHT, 1.4 + ROW_HEIGHT * len(table)))
    fig, axes = new_axes(ax, size=size)
    ends = {end: table[end].astype(float).fillna(table["mean"]) for end in ("low", "high")}
    _draw_estimates(axes, table.assign(**ends), marker="o")
    axes.axvline(0.0, color="black", linewidth=0.8)
    unit = "%" if "per cent" in document["title"] else "points of token share"
    axes.set_xlabel(f"estimate [{unit}]")
    axes.set_title(textwrap.fill(document["title"], TITLE_CHARACTERS), loc="left", fontsize=9)
    kinds = ", ".join(sorted(set(table["interval_type"])))
    runs, least = len(document["seeds"]), int(table["n"].min())
    note = "" if least == runs else f"Rows stand on n = {least} or more"
    write_caption(fig, data.caption(runs, kinds, note))
    return fig, axes


def _draw_estimates(axes: Axes, rows: pd.DataFrame, marker: str, label: str = "") -> None:
    """Bars of estimates with their intervals, the first on top."""
    places = np.arange(len(rows))[::-1]
    mean, low, high = (rows[name].to_numpy(dtype=float) for name in ("mean", "low", "high"))
    # A bootstrap interval of a skewed estimate may leave it out; a bar has no negative length.
    reach = np.maximum([mean - low, high - mean], 0.0)
    axes.barh(places, mean, color=NEUTRAL, alpha=0.5, label=label)
    axes.errorbar(mean, places, xerr=reach, fmt=marker, color="black", capsize=3.0)
    axes.set_yticks(places, rows["label"].tolist())


SCALES = {
    "morris": ("mu*, mean size of the effect", "mu, with its sign"),
    "sobol": ("total index", "first order"),
}
UNITS = {"challenger_share": "points", "tau": "points", "containment": "probability"}


def stored_finding(data: Material, *methods: str) -> dict[str, Any]:
    """What a sensitivity analysis stored beside its runs.

    Raises
    ------
    SimError
        The result is of no such analysis.
    """
    found = data.stored("sensitivity.json")
    if found.get("method") not in methods:
        raise SimError(f"this figure needs a result of `sim sensitivity` by {' or '.join(methods)}")
    return found


def tornado_numbers(data: Material) -> pd.DataFrame:
    """The stored estimates: outcome, label, mean, low, high, other, n, interval_type."""
    found = stored_finding(data, *SCALES)
    key = "mu" if found["method"] == "morris" else "first"
    rows = [
        {"outcome": outcome, **row, "other": row["facts"][key]}
        for outcome, table in found["tables"].items()
        for row in table
    ]
    columns = ["outcome", "label", "mean", "low", "high", "other", "n", "interval_type"]
    return pd.DataFrame(rows, columns=columns)


@plot(tornado_numbers)
def tornado(data: Material, *, ax: Any = None) -> Drawing:
    """Effects of the unknowns on each outcome with their intervals, largest on top."""
    found, table = stored_finding(data, *SCALES), tornado_numbers(data)
    outcomes = list(dict.fromkeys(table["outcome"]))
    longest = int(table.groupby("outcome").size().max())
    size = (PANEL_WIDTH * len(outcomes), 1.8 + ROW_HEIGHT * longest)
    fig, axes = new_axes(ax, columns=len(outcomes), size=size)
    for one, outcome in zip(np.asarray(axes, dtype=object).ravel(), outcomes, strict=True):
        _draw(one, table[table["outcome"] == outcome], found["method"], outcome)
    kinds = ", ".join(found["interval_types"])
    note = f"{found['draws']} draws; n of an estimate {int(table['n'].min())}"
    write_caption(fig, data.caption(len(found["seeds"]), kinds, note))
    return fig, axes


def _draw(axes: Any, rows: pd.DataFrame, method: str, outcome: str) -> None:
    size, other = SCALES[method]
    _draw_estimates(axes, rows, marker="none", label=size)
    places = np.arange(len(rows))[::-1]
    axes.plot(rows["other"], places, "D", color="black", markersize=4.0, label=other)
    axes.axvline(0.0, color="black", linewidth=0.8)
    unit = UNITS.get(outcome, "-") if method == "morris" else "share of variance"
    axes.set_xlabel(f"effect [{unit}]")
    write_title(axes, outcome.replace("_", " "))
    axes.legend(loc="lower right")


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
    found = stored_finding(data, "prim")
    facts = found["facts"]
    if not facts["box"]:
        raise SimError(f"no box was found: {'; '.join(found['notes'])}")
    names = [unknown["name"] for unknown in found["unknowns"]]
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
def failure_box(data: Material, *, ax: Any = None) -> Drawing:
    """The box in which containment fails: a bar an unknown, over its draws."""
    table, facts = failure_box_numbers(data), stored_finding(data, "prim")["facts"]
    names = list(dict.fromkeys(table["unknown"]))
    fig, axes = new_axes(ax, size=(WIDTH, 2.2 + BOX_ROW_HEIGHT * len(names)))
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
    side = rows.iloc[0]
    box, fail, hold = LEGEND if place == 0 else (None, None, None)
    left, width = side["low_level"], side["high_level"] - side["low_level"]
    axes.barh(place, width, left=left, height=0.8, color=NEUTRAL, alpha=0.35, label=box)
    for fails, marker, shift, word in ((1, "x", JITTER, fail), (0, ".", -JITTER, hold)):
        levels = rows.loc[rows["fails"] == fails, "level"]
        height = np.full(len(levels), place + shift)
        axes.plot(levels, height, marker, color="black", markersize=3.0, label=word)
    for end, align in (("low", "left"), ("high", "right")):
        if pd.notna(side[end]):
            text = f"{side[end]:.3g}"
            axes.text(side[f"{end}_level"], place + 0.42, text, fontsize=7, ha=align)
    kept = f"{PERCENT * side['restricted_in']:.0f} %"
    axes.text(0.99, place - 0.42, kept, fontsize=7, ha="right")
