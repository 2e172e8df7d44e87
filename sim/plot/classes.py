"""How often each outcome class occurs in each world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.outcomes import OutcomeClass, classify_means, split_plateau
from sim.analysis.statistics import goodman_intervals, ols_slope
from sim.experiment.worlds import DOES_NOT_HOST, HOSTS, ON
from sim.plot.canvas import in_words, label_axis, new_axes, write_caption
from sim.plot.registry import plot
from sim.plot.style import NEUTRAL, PALE
from sim.plot.worlds import SHARE, off_worlds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    pair = off_worlds(data, point.removeprefix(ON)) if _has_moves(point) else []
    effect: dict[int, float] = {}
    if pair:
        gap = data.window_mean(SHARE, pair[0]).sel(vendor=challenger) - tokens.sel(
            vendor=challenger
        )
        effect = {
            int(r): float(g) for r, g in zip(gap["replicate"].values, gap.values, strict=True)
        }
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

    Raises
    ------
    SimError
        As `classes_of`.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for point in data.points:
        found = classes_of(data, point)
        counts = [found.count(outcome) for outcome in OutcomeClass]
        intervals = goodman_intervals(counts)
        for outcome, count, interval in zip(OutcomeClass, counts, intervals, strict=True):
            rows.append(
                {
                    "point": point,
                    "outcome_class": outcome.value,
                    "n": len(found),
                    "count": count,
                    "share": count / len(found),
                    "lower": interval.lower,
                    "upper": interval.upper,
                }
            )
    return pd.DataFrame(rows)


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
def classes(data: Material, *, ax: Any = None) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Frequency of each outcome class in each world, with simultaneous intervals.

    Raises
    ------
    SimError
        If the scenario names no contest or the two shares are not stored.
    """
    table = class_numbers(data)
    points = list(dict.fromkeys(table["point"]))
    columns = min(COLUMNS, len(points))
    lines = -(-len(points) // columns)
    size = (MARGIN + PANEL_WIDTH * columns, MARGIN / 2 + PANEL_HEIGHT * lines)
    given = None if ax is None else np.asarray(ax, dtype=object).ravel()
    if given is None:
        fig, axes = new_axes(None, lines, columns, size, sharey=True)
        axes = np.atleast_1d(axes)
        for spare in axes[len(points) :]:
            spare.set_visible(False)
    else:
        fig, axes = new_axes(given, 1, len(points))
        axes = np.atleast_1d(axes)
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
