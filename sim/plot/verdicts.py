"""Outcome classes, the verdict over thresholds, claims."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.statistics import goodman_intervals, ols_slope
from sim.analysis.verdict.grounds import claims_grounds, refuse_bare
from sim.analysis.verdict.outcomes import OutcomeClass, classify_means, split_plateau
from sim.errors import SimError
from sim.plot.canvas import (
    PERCENT,
    in_words,
    label_axis,
    new_axes,
    write_caption,
    write_legend,
    write_title,
)
from sim.plot.registry import plot
from sim.plot.style import NEUTRAL, PALE
from sim.plot.worlds import SHARE, off_worlds
from sim.runs.worlds import DOES_NOT_HOST, HOSTS, ON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


REVENUE = "full_stack_revenue_share"
INTERVAL = "Bars: frequency; whiskers: Goodman simultaneous intervals, 95 %"
COLUMNS = 4
PANEL_WIDTH, PANEL_HEIGHT, MARGIN = 2.3, 2.4, 1.2


def classes_of(data: Material, point: str) -> list[OutcomeClass]:
    """Outcome class of each finished run of a world.

    A plateau is containment only if the paired world without the incumbent's moves (its money
    kept, else put into prices) shows the effect; worlds that have no such pair give stand-off.

    Raises
    ------
    SimError
        If the scenario names no contest, or shares or world are not stored.
    """
    incumbent, challenger = data.contest
    limits = data.thresholds
    tokens, revenue = data.window_mean(SHARE, point), data.window_mean(REVENUE, point)
    names = [str(vendor) for vendor in tokens["vendor"].values]
    window = data.world(SHARE, point, "vendor").sel(vendor=challenger)
    slope = ols_slope(window.values[:, -limits.window_months :])
    paths = classify_means(
        tokens.values,
        revenue.sel(replicate=tokens["replicate"]).values,
        slope,
        names.index(incumbent),
        names.index(challenger),
        limits,
    )
    effect: dict[int, float] = {}
    pairs = off_worlds(data, point.removeprefix(ON)) if _has_moves(point) else []
    if pairs:
        gap = (data.window_mean(SHARE, pairs[0]) - tokens).sel(vendor=challenger)
        effect = dict(zip(gap["replicate"].values.tolist(), gap.values.tolist(), strict=True))
    return [
        split_plateau(path, effect.get(int(replicate)), limits.minimum_effect)
        for path, replicate in zip(paths, tokens["replicate"].values, strict=True)
    ]


def _has_moves(point: str) -> bool:
    return point == ON or point.startswith(f"{ON}_")


def class_numbers(data: Material) -> pd.DataFrame:
    """Count, frequency and interval of every class in every world.

    Returns
    -------
    Columns point, outcome_class, n, count, share, lower, upper.
    """
    rows: list[tuple[Any, ...]] = []
    for point in data.points:
        found = classes_of(data, point)
        counts, n = [found.count(outcome) for outcome in OutcomeClass], len(found)
        rows += [
            (point, outcome.value, n, count, count / n, *interval)
            for outcome, count, interval in zip(
                OutcomeClass, counts, goodman_intervals(counts), strict=True
            )
        ]
    columns = ["point", "outcome_class", "n", "count", "share", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def _panel(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    places = np.arange(len(rows))
    share = rows["share"].to_numpy()
    whiskers = np.stack([share - rows["lower"].to_numpy(), rows["upper"].to_numpy() - share])
    ax.barh(places, share, color=colour, alpha=0.6, height=0.6)
    ax.errorbar(
        share,
        places,
        xerr=np.maximum(whiskers, 0.0),
        fmt="none",
        ecolor="black",
        elinewidth=1.0,
        capsize=2.5,
    )
    ax.set_yticks(places, [in_words(name) for name in rows["outcome_class"]])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(0.0, 1.0)
    ax.grid(visible=False, axis="y")


@plot(class_numbers)
def classes(data: Material, *, ax: Any = None) -> Drawing:
    """Frequency of each outcome class in each world, with simultaneous intervals."""
    table = class_numbers(data)
    points = list(dict.fromkeys(table["point"]))
    columns = min(COLUMNS, len(points))
    lines = -(-len(points) // columns)
    size = (MARGIN + PANEL_WIDTH * columns, MARGIN / 2 + PANEL_HEIGHT * lines)
    shape = (lines, columns) if ax is None else (1, len(points))
    fig, axes = new_axes(ax, *shape, size, sharey=True)
    axes = np.atleast_1d(axes)
    for spare in axes[len(points) :]:
        spare.set_visible(False)
    for axis, point in zip(axes, points, strict=False):
        rows = table[table["point"] == point]
        _panel(axis, rows, NEUTRAL if _has_moves(point) else PALE)
        axis.set_title(title_of(point), fontsize=8)
        label_axis(axis.xaxis, f"frequency, n = {rows['n'].iloc[0]}", "share")
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL))
    return fig, axes[: len(points)]


def title_of(point: str) -> str:
    """A world's name in words, the hosting on a second line."""
    for hosting in (HOSTS, DOES_NOT_HOST):
        if point.endswith(f"_{hosting}"):
            world = point.removesuffix(f"_{hosting}")
            return f"{title_of(world)}\n({in_words(hosting)})"
    return in_words(point)


LOOKS = {
    "supported": ("#0072B2", "o"),
    "undetermined": (PALE, "s"),
    "refuted": ("#D55E00", "v"),
}
SIZE = (9.0, 6.4)
DOT, BAR = 14, 1.0


def _entry(data: Material) -> dict[str, Any]:
    """The judged pair of worlds that the sentences speak of."""
    found = data.stored("verdict.json")
    entry: dict[str, Any] | None = found.get("verdicts", {}).get(found.get("primary"))
    if entry is None or not entry.get("specification"):
        raise SimError("this figure needs a stored verdict over a grid of thresholds")
    if "share" not in entry["specification"]["points"][0]:
        raise SimError("the stored verdict is of an earlier version; sim run judges it again")
    return entry


def specification_numbers(data: Material) -> pd.DataFrame:
    """One row a setting, sorted by the share of runs: thresholds, share, both verdicts, n."""
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
def specification(data: Material, *, ax: Any = None) -> Drawing:
    """Share of runs in containment and both verdicts at every setting of the thresholds."""
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


WIDTH, LEAST_HEIGHT, ROW_HEIGHT, LABEL = 9.0, 2.4, 0.55, 44
NOTE = "Bar: the part of the runs that was wanted"


def _document(data: Material) -> dict[str, Any]:
    found = data.stored("claims.json")
    if not found.get("claims"):
        raise SimError("this figure needs a sweep of a study with claims")
    refuse_bare(claims_grounds(found))
    return found


def claims_numbers(data: Material) -> pd.DataFrame:
    """One row a claim: verdict, part of the runs in which it holds, its interval, wanted, n."""
    rows = []
    for name, claim in _document(data)["claims"].items():
        low, high = claim.get("interval") or (None, None)
        share, worth = claim.get("share_of_runs"), claim.get("effective_runs")
        rows.append(
            (name, claim["verdict"], share, low, high, claim["probability"], claim["runs"], worth)
        )
    columns = ["claim", "verdict", "share", "low", "high", "wanted", "n", "effective_runs"]
    return pd.DataFrame(rows, columns=columns)


@plot(claims_numbers)
def claims(data: Material, *, ax: Any = None) -> Drawing:
    """Part of the runs in which each claim holds, with its interval, against what was wanted."""
    found, table = _document(data), claims_numbers(data)
    fig, axes = new_axes(ax, size=(WIDTH, max(LEAST_HEIGHT, 1.4 + ROW_HEIGHT * len(table))))
    for verdict, (colour, marker) in LOOKS.items():
        rows = table[(table["verdict"] == verdict) & table["share"].notna()]
        if len(rows):
            shares = PERCENT * rows["share"].astype(float)
            ends = [PERCENT * rows[end].astype(float) for end in ("low", "high")]
            axes.hlines(rows.index, *ends, colors=colour)
            axes.scatter(shares, rows.index, c=colour, marker=marker, label=verdict, zorder=3)
    axes.scatter(PERCENT * table["wanted"], table.index, s=160, c="black", marker="|", zorder=4)
    labels = [found["claims"][name]["statement"] or name for name in table["claim"]]
    axes.set_yticks(table.index, [textwrap.fill(label, LABEL) for label in labels])
    axes.set_xlim(-2.0, 102.0)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlabel("runs in which it holds [%]")
    write_legend(fig, axes, ax is None)
    kind = claims_grounds(found)["interval_types"][0]
    runs = f"{NOTE}; {table['n'].min()} runs a claim at least, {found['points']} points"
    write_caption(fig, data.caption(found["replicates"], kind, runs))
    return fig, axes
