"""Attribution, sensitivity, and the box of unknowns in which containment fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.rounding import spread
from sim.errors import SimError
from sim.plot.canvas import (
    LABEL_SIZE,
    PERCENT,
    new_axes,
    wrap,
    write_frame,
    write_legend,
    write_title,
)
from sim.plot.registry import plot
from sim.plot.style import CHALLENGER_COLOUR, INCUMBENT_COLOUR, NEUTRAL, capital
from sim.plot.words import in_words, path_in_words, with_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


ROW_HEIGHT, BOX_ROW_HEIGHT = 0.3, 0.5
LEAST_HEIGHT = 1.6
WIDTH, PANEL_WIDTH = 8.0, 4.0
NAME_WIDTH = 2.6
STORED = ("attribution.json", "attribute")
LEGEND = ("the box", "containment fails", "containment holds")
JITTER = 0.18
"""Draws that fail lie this much above the line of their unknown, the others below it."""
MOST_ROWS, SMALL = 6, 0.03
"""Of more rows than this, those under this part of the largest are told of in the caption."""


def attribution_numbers(data: Material) -> pd.DataFrame:
    """The stored estimates: label, mean, low, high, n, interval_type."""
    rows = data.finding(*STORED)["rows"]
    columns = ["label", "mean", "low", "high", "n", "interval_type"]
    return pd.DataFrame(rows, columns=columns)


@plot(attribution_numbers)
def attribution(data: Material, *, ax: Any = None) -> Drawing:
    """Estimates of an attribution with their intervals, largest on top as they were found."""
    document, table = data.finding(*STORED), attribution_numbers(data)
    shown, rest = _largest(table)
    fig, axes = new_axes(ax, size=(WIDTH, max(LEAST_HEIGHT, 0.8 + ROW_HEIGHT * len(shown))))
    ends = {end: shown[end].astype(float).fillna(shown["mean"]) for end in ("low", "high")}
    _draw_estimates(data, axes, shown.assign(**ends), "o")
    axes.axvline(0.0, color="black", linewidth=0.8)
    unit = "per cent" if "per cent" in document["title"] else "points of token share"
    axes.set_xlabel(f"estimate, {unit}")
    kinds = ", ".join(sorted(set(table["interval_type"])))
    runs, least = len(document["seeds"]), int(table["n"].min())
    notes = [] if least == runs else [f"Rows stand on n = {least} or more"]
    notes += [rest] if rest else []
    title = _attribution_title(data, shown, "%" if unit == "per cent" else "points")
    subtitle = with_names(data, capital(document["title"].removeprefix("tau: "))) + "."
    caption = data.caption(runs, kinds, "; ".join(notes))
    write_frame(fig, axes, ax is None, title, subtitle, caption)
    return fig, axes


def _attribution_title(data: Material, rows: pd.DataFrame, unit: str) -> str:
    """The two largest estimates of those that are told from 0, or that none is."""
    rows = rows[~rows["label"].str.startswith("reverse")]
    clear = rows[(rows["low"] > 0.0) | (rows["high"] < 0.0)]
    said = [
        f"{_name(data, label)}: {spread(*ends)} {unit}"
        for label, *ends in (rows if clear.empty else clear)
        .head(2 if len(clear) else 1)[["label", "mean", "low", "high"]]
        .to_numpy()
    ]
    if not said:
        return "Nothing was estimated"
    return capital("; ".join(said)) if len(clear) else f"None is told from 0; largest, {said[0]}"


def _name(data: Material, label: str) -> str:
    """A row's name in words, the rivals by name."""
    if "." in label and " " not in label:
        return path_in_words(data, label)
    words = in_words(label).replace(" x ", " × ")
    return with_names(data, re.sub(r"^(.+) (incumbent|challenger)$", r"\2's \1", words))


def _largest(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Rows by size, the largest first; of many rows the smallest as a sentence."""
    order = table["mean"].abs().sort_values(ascending=False, kind="stable").index
    ordered = table.loc[order].reset_index(drop=True)
    least = SMALL * ordered["mean"].abs().max()
    shown = ordered[(ordered["mean"].abs() >= least) | (ordered.index < MOST_ROWS)]
    rest = ordered.drop(shown.index)
    if rest.empty:
        return shown, ""
    return shown, f"{len(rest)} further rows lie within {rest['mean'].abs().max():.2g} of 0"


def _draw_estimates(
    data: Material, axes: Axes, rows: pd.DataFrame, marker: str, label: str = ""
) -> None:
    """Bars of estimates with their intervals, the first on top."""
    places = np.arange(len(rows))[::-1]
    mean, low, high = (rows[name].to_numpy(dtype=float) for name in ("mean", "low", "high"))
    # A bootstrap interval of a skewed estimate may leave it out; a bar has no negative length.
    reach = np.maximum([mean - low, high - mean], 0.0)
    colours = np.where(mean >= 0.0, CHALLENGER_COLOUR, INCUMBENT_COLOUR)
    axes.barh(places, mean, color=colours, alpha=0.6, height=0.7, label=label)
    axes.errorbar(mean, places, xerr=reach, fmt=marker, color="black", capsize=3.0, markersize=4)
    said = [capital(_name(data, name)) for name in rows["label"]]
    names = [wrap(name, NAME_WIDTH, LABEL_SIZE) for name in said]
    axes.set_yticks(places, names, linespacing=1.0)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(visible=False, axis="y")


SCALES = {
    "morris": ("mean size of the effect (mu*)", "mean with its sign (mu)"),
    "sobol": ("with the others (total index)", "alone (first order)"),
}
UNITS = {"challenger_share": "points", "tau": "points", "containment": "probability"}
OUTCOMES = {
    "challenger_share": "the challenger's token share",
    "tau": "the effect of the incumbent's moves",
    "containment": "the probability of containment",
}
MOST_UNKNOWNS = 12


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
    moved = table.groupby("outcome", sort=False)["mean"].max() > 0.0
    outcomes = [str(name) for name in moved.index if moved[name]] or [str(moved.index[0])]
    still = [with_names(data, OUTCOMES.get(name, in_words(name))) for name in moved.index]
    still = [name for name, moves in zip(still, moved, strict=True) if not moves]
    longest = int(table.groupby("outcome").size().clip(upper=MOST_UNKNOWNS).max())
    size = (PANEL_WIDTH * len(outcomes), 1.0 + ROW_HEIGHT * longest)
    fig, axes = new_axes(ax, columns=len(outcomes), size=size)
    panels = np.asarray(axes, dtype=object).ravel()
    notes = [f"{found['draws']} draws; n of an estimate {int(table['n'].min())}"]
    leading = []
    for one, outcome in zip(panels, outcomes, strict=True):
        rows = table[table["outcome"] == outcome]
        ordered = rows.sort_values("mean", ascending=False, kind="stable")
        _draw(data, one, ordered.head(MOST_UNKNOWNS), found["method"], outcome)
        write_title(one, capital(with_names(data, OUTCOMES.get(outcome, in_words(outcome)))))
        top = str(ordered["label"].iloc[0])
        leading.append("the seed" if top == "seed" else _name(data, top))
    if longest < table.groupby("outcome").size().max():
        notes.append(
            f"The {longest} largest of {table['label'].nunique()} unknowns of each outcome"
        )
    notes += [f"No unknown moves {' or '.join(still)}"] if still else []
    write_legend(fig, panels, ax is None)
    titles = [with_names(data, OUTCOMES.get(outcome, in_words(outcome))) for outcome in outcomes]
    pairs = list(zip(titles[:2], leading, strict=False))
    title = capital("; ".join(f"{what} depends most on {name}" for what, name in pairs))
    if len(pairs) == 2 and leading[0] == leading[1]:
        title = capital(f"{' and '.join(titles[:2])} depend most on {leading[0]}")
    if not moved.any():
        title = capital(notes[-1])
    caption = data.caption(
        len(found["seeds"]), ", ".join(found["interval_types"]), "; ".join(notes)
    )
    write_frame(fig, axes, ax is None, title, f"{found['title']}.", caption)
    return fig, axes


def _draw(data: Material, axes: Any, rows: pd.DataFrame, method: str, outcome: str) -> None:
    size, other = SCALES[method]
    _draw_estimates(data, axes, rows, "none", size)
    places = np.arange(len(rows))[::-1]
    axes.plot(rows["other"], places, "D", color="black", markersize=4.0, label=other)
    axes.axvline(0.0, color="black", linewidth=0.8)
    unit = UNITS.get(outcome, "") if method == "morris" else "share of variance"
    axes.set_xlabel(f"effect, {unit}" if unit else "effect")


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
    fig, axes = new_axes(ax, size=(WIDTH + 1.5, 1.0 + BOX_ROW_HEIGHT * len(names)))
    for place, name in enumerate(reversed(names)):
        _draw_side(axes, place, table[table["unknown"] == name])
    kept = table.groupby("unknown")["restricted_in"].first()
    said = [
        f"{capital(_name(data, name))} ({PERCENT * kept[name]:.0f} %)" for name in reversed(names)
    ]
    labels = [wrap(label, NAME_WIDTH, LABEL_SIZE) for label in said]
    axes.set_yticks(range(len(names)), labels)
    axes.set_xlim(-1.0, 101.0)
    axes.set_ylim(-0.75, len(names) - 0.2)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("place between the ends of the unknown, % of its range or its prior")
    write_legend(fig, axes, ax is None)
    title = (
        f"Containment fails in {PERCENT * facts['density']:.0f} % of the draws in the box and in "
        f"{PERCENT * facts['fails_in'] / facts['draws']:.0f} % of all; the box holds "
        f"{PERCENT * facts['coverage']:.0f} % of the failures"
    )
    subtitle = f"{_box_in_words(table)}: the box of unknowns in which containment fails."
    note = f"{facts['draws']} draws; in brackets: resamples, of {facts['resamples']}, that restrict"
    seeds = int(data.curves.sizes["replicate"])
    caption = data.caption(seeds, "Box by PRIM, quasi-p by binomial tail", note)
    write_frame(fig, axes, ax is None, title, subtitle, caption)
    return fig, axes


def _box_in_words(table: pd.DataFrame) -> str:
    """The sides of the box: price sensitivity below 0.91."""
    said = []
    for name, rows in table.groupby("unknown", sort=False):
        side = rows.iloc[0]
        ends = [
            f"{word} {side[end]:.3g}"
            for end, word in (("low", "above"), ("high", "below"))
            if pd.notna(side[end])
        ]
        said.append(f"{in_words(str(name))} {' and '.join(ends)}")
    return capital(", ".join(said))


def _draw_side(axes: Axes, place: int, rows: pd.DataFrame) -> None:
    side = rows.iloc[0]
    box, fail, hold = LEGEND if place == 0 else (None, None, None)
    left, right = PERCENT * side["low_level"], PERCENT * side["high_level"]
    axes.barh(place, right - left, left=left, height=0.8, color=NEUTRAL, alpha=0.25, label=box)
    looks = ((1, "x", JITTER, fail, INCUMBENT_COLOUR), (0, "o", -JITTER, hold, CHALLENGER_COLOUR))
    for fails, marker, shift, word, colour in looks:
        levels = PERCENT * rows.loc[rows["fails"] == fails, "level"]
        height = np.full(len(levels), place + shift)
        axes.plot(levels, height, marker, color=colour, markersize=3.0, label=word, linestyle="")
    for end, at, align in (("low", left, "left"), ("high", right, "right")):
        if pd.notna(side[end]):
            text = f"{side[end]:.3g}"
            axes.text(at, place + 0.42, text, fontsize=LABEL_SIZE, ha=align, va="bottom")
