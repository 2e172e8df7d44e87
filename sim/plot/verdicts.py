"""Outcome classes, the verdict over thresholds, claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.statistics import goodman_intervals, ols_slope
from sim.analysis.verdict.grounds import claims_grounds, refuse_bare
from sim.analysis.verdict.outcomes import OutcomeClass, class_name, classify_means, split_plateau
from sim.errors import SimError
from sim.plot.canvas import (
    LABEL_SIZE,
    PERCENT,
    label_axis,
    new_axes,
    wrap,
    write_frame,
    write_legend,
    write_title,
)
from sim.plot.registry import BOTH, plot
from sim.plot.space import class_groups
from sim.plot.style import CHALLENGER_COLOUR, FAINT, INCUMBENT_COLOUR, NEUTRAL, PALE, capital
from sim.plot.sweep import Where
from sim.plot.sweep import caption as sweep_caption
from sim.plot.words import amount, in_words, world_title
from sim.plot.worlds import SHARE, SHORT, off_worlds
from sim.runs.worlds import DOES_NOT_HOST, HOSTS, OFF_MONEY_IN_PRICE, OFF_MONEY_KEPT, ON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


REVENUE = "full_stack_revenue_share"
INTERVAL = "Bars: frequency; whiskers: Goodman simultaneous intervals, 95 %"
COLUMNS, MOST_WORLDS = 4, 12
LEAST_WIDTH, LEAST_HEIGHT = 5.6, 2.4  # inches: room for text around one panel of one row
PANEL_WIDTH, ROW, MARGIN = 2.2, 0.27, 1.2


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


def class_numbers(data: Material, by: Sequence[str] = (), where: Where = None) -> pd.DataFrame:
    """Count, frequency and interval of every class in every world, or at every value of a factor.

    Returns
    -------
    Columns point, outcome_class, n, count, share, lower, upper.
    """
    rows: list[tuple[Any, ...]] = []
    groups: Iterable[tuple[str, Sequence[str]]] = (
        class_groups(data, by, where)
        if data.is_sweep
        else ((point, classes_of(data, point)) for point in data.points)
    )
    for point, found in groups:
        counts, n = [found.count(outcome) for outcome in OutcomeClass], len(found)
        rows += [
            (point, outcome.value, n, count, count / n, *interval)
            for outcome, count, interval in zip(
                OutcomeClass, counts, goodman_intervals(counts), strict=True
            )
        ]
    columns = ["point", "outcome_class", "n", "count", "share", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


@plot(class_numbers, of=BOTH)
def classes(
    data: Material, by: Sequence[str] = (), where: Where = None, *, ax: Any = None
) -> Drawing:
    """Frequency of each outcome class, with intervals: in each world, or by a factor's value."""
    table = class_numbers(data, by, where)
    seen = table.groupby("outcome_class", sort=False)["count"].sum()
    shown = [str(name) for name in seen.index if seen[name]]
    points = list(dict.fromkeys(table["point"]))
    if len(points) > MOST_WORLDS:
        raise SimError(f"at most {MOST_WORLDS} worlds make a figure; here are {len(points)} points")
    columns = min(COLUMNS, len(points))
    lines = -(-len(points) // columns)
    wanted = MARGIN + PANEL_WIDTH * columns, (1.15 + ROW * len(shown)) * lines
    size = max(LEAST_WIDTH, wanted[0]), max(LEAST_HEIGHT, wanted[1])
    shape = (lines, columns) if ax is None else (1, len(points))
    fig, axes = new_axes(ax, *shape, size, sharey=True)
    axes = np.atleast_1d(axes)
    for spare in axes[len(points) :]:
        spare.set_visible(False)
    for axis, point in zip(axes, points, strict=False):
        rows = table[(table["point"] == point) & table["outcome_class"].isin(shown)]
        _panel(axis, rows, CHALLENGER_COLOUR if data.is_sweep or _has_moves(point) else PALE)
        write_title(axis, point if data.is_sweep else _short_title(data, point))
        label_axis(axis.xaxis, "runs", "share")
    note = ""
    if len(shown) < len(seen):
        none = table.loc[~table["outcome_class"].isin(shown), "upper"].max()
        empty = ", ".join(class_name(name) for name in seen.index if not seen[name])
        note = f"In no run: {empty} (each in at most {amount(none, 'share')})"
    where_to = "at each value of the factor" if data.is_sweep else "in each world"
    subtitle = f"Part of the runs that end in each outcome class, %, {where_to}."
    if any(point.startswith("off_") for point in points):
        incumbent, challenger = (data.style(name).label for name in data.contest)
        subtitle += f" Moves off: those of {incumbent}."
        if any(point.endswith(HOSTS) for point in points):
            subtitle += f" Hosting: {challenger} hosts {incumbent}'s open families."
    title = _classes_title(table)
    if data.is_sweep:
        title = f"{points[0]}: {title[:1].lower()}{title[1:]}"
        caption = sweep_caption(data, data.sweep(where), INTERVAL, where)
    else:
        caption = data.caption(int(table["n"].max()), INTERVAL, note)
    write_frame(fig, axes[: len(points)], ax is None, title, subtitle, caption)
    return fig, axes[: len(points)]


def _short_title(data: Material, point: str) -> str:
    """A world in few words; the subtitle explains them."""
    for hosting, text in ((DOES_NOT_HOST, "Not hosting"), (HOSTS, "Hosting")):
        if point.endswith(f"_{hosting}"):
            short = _short_title(data, point.removesuffix(f"_{hosting}"))
            return f"{text}: {short[:1].lower()}{short[1:]}"
    if point in (OFF_MONEY_KEPT, OFF_MONEY_IN_PRICE):
        return f"Moves off, {SHORT[point]}"
    return world_title(data, point)


def _classes_title(table: pd.DataFrame) -> str:
    """The commonest ends of the runs as the scenario stands."""
    first = ON if (table["point"] == ON).any() else table["point"].iloc[0]
    rows = table[(table["point"] == first) & (table["count"] > 0)]
    rows = rows.sort_values("count", ascending=False, kind="stable")
    said = [
        f"{class_name(kind)} in {count} of {n}"
        for kind, count, n in rows[["outcome_class", "count", "n"]].head(3).to_numpy()
    ]
    return f"Runs end in {', '.join(said)}"


def _panel(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Bars of the classes; one that no run of this world ended in has no whisker."""
    places = np.arange(len(rows))
    share, low, high = (rows[name].to_numpy() for name in ("share", "lower", "upper"))
    there = rows["count"].to_numpy() > 0
    ax.barh(places, share, color=colour, alpha=0.7, height=0.6)
    reach = np.maximum([share - low, high - share], 0.0)[:, there]
    ax.errorbar(share[there], places[there], xerr=reach, fmt="none", ecolor="black", capsize=2.5)
    ax.set_yticks(places, [capital(class_name(name)) for name in rows["outcome_class"]])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(-0.01, 1.03)
    ax.grid(visible=False, axis="y")


LOOKS = {
    "supported": (CHALLENGER_COLOUR, "o"),
    "undetermined": (PALE, "s"),
    "refuted": (INCUMBENT_COLOUR, "v"),
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
    write_legend(fig, axes, ax is None)
    same = PERCENT * entry["specification"]["same_overall"]
    title = (
        f"Containment is {entry['overall']}, as at {same:.0f} % of {len(table)} settings of the "
        "thresholds"
    )
    subtitle = (
        "Above: runs in containment, %, at every setting, ordered by that share. Below: the values "
        "of each setting, and what the definitions alone say."
    )
    note = "Specification curve of Simonsohn, Simmons & Nelson (2020)"
    caption = data.caption(entry["n"], entry["emergence"]["interval_type"], note)
    write_frame(fig, axes, ax is None, title, subtitle, caption)
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
                label=f"containment {verdict}",
                zorder=3,
            )
    ax.set_ylim(-3.0, 103.0)
    ax.set_ylabel("runs in containment, %")


def _draw_settings(
    ax: Axes, table: pd.DataFrame, names: list[str], chosen: dict[str, float]
) -> None:
    labels, height = ["Definitions alone"], 0
    for verdict, (colour, marker) in LOOKS.items():
        rows = table[table["definitions"] == verdict]
        label = f"containment {verdict}" if len(rows) else None
        ax.scatter(rows.index, np.zeros(len(rows)), s=DOT, c=colour, marker=marker, label=label)
    for name in names:
        for value in sorted(table[name].unique()):
            height += 1
            labels.append(f"{capital(THRESHOLDS.get(name, in_words(name)))} {_level(name, value)}")
            places = table.index[table[name] == value]
            used = np.isclose(value, chosen[name])
            ax.scatter(
                places,
                np.full(len(places), height),
                s=DOT / 2,
                c=NEUTRAL if used else FAINT,
                marker="s",
                label="value used here" if used else "another value",
            )
    ax.set_yticks(range(len(labels)), labels, fontsize=7.5)
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.set_xlabel("settings of the thresholds, by the share of runs in containment")


THRESHOLDS = {
    "lead_margin": "lead of at least",
    "ceiling_share": "ceiling",
    "slope_tolerance": "slope, a month, at most",
    "minimum_effect": "effect of at least",
}


def _level(name: str, value: float) -> str:
    if name not in THRESHOLDS:
        return f"{value:.4g}"
    points = f"{PERCENT * value:.4g}"
    return f"{points}\u00a0%" if name == "ceiling_share" else f"{points} points"


WIDTH, LEAST_HEIGHT, ROW_HEIGHT, LABEL = 9.0, 1.4, 0.55, 3.2
NOTE = "Upright bar: the part of the runs that was wanted"


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


@plot(claims_numbers, of=BOTH)
def claims(data: Material, *, ax: Any = None) -> Drawing:
    """Part of the runs in which each claim holds, with its interval, against what was wanted."""
    found, table = _document(data), claims_numbers(data)
    fig, axes = new_axes(ax, size=(WIDTH, max(LEAST_HEIGHT, 0.9 + ROW_HEIGHT * len(table))))
    for verdict, (colour, marker) in LOOKS.items():
        rows = table[(table["verdict"] == verdict) & table["share"].notna()]
        if len(rows):
            shares = PERCENT * rows["share"].astype(float)
            ends = [PERCENT * rows[end].astype(float) for end in ("low", "high")]
            axes.hlines(rows.index, *ends, colors=colour)
            axes.scatter(shares, rows.index, c=colour, marker=marker, label=verdict, zorder=3)
    wanted = PERCENT * table["wanted"]
    axes.scatter(wanted, table.index, s=160, c="black", marker="|", zorder=4, label="wanted")
    labels = [found["claims"][name]["statement"] or in_words(name) for name in table["claim"]]
    wrapped = [wrap(capital(label), LABEL, LABEL_SIZE) for label in labels]
    axes.set_yticks(table.index, wrapped)
    axes.set_xlim(-2.0, 102.0)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlabel("runs in which it holds, %")
    write_legend(fig, axes, ax is None)
    counts = table["verdict"].value_counts()
    said = [f"{counts[name]} {name}" for name in LOOKS if name in counts.index]
    title = f"Of {len(table)} claims {', '.join(said)}"
    if len(table) == 1:
        title = f"The claim is {table['verdict'].iloc[0]}: {labels[0]}"
    kind = claims_grounds(found)["interval_types"][0]
    least = f"{NOTE}; {table['n'].min()} runs a claim at least"
    subtitle = "Part of the runs in which each claim holds, %, with its interval."
    if data.is_sweep:
        caption = sweep_caption(data, data.sweep(), f"{kind}. {least}", None)
    else:
        caption = data.caption(found["replicates"], kind, f"{least}, {found['points']} points")
    write_frame(fig, axes, ax is None, title, subtitle, caption)
    return fig, axes
