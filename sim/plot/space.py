"""The points of a sweep in the space of its factors: parallel coordinates, map of outcomes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.analysis.effects import groups_of, unit_words
from sim.analysis.sweep import CLASS, TOKENS, Sweep, SweepFactor, SweepOutcome, value_words
from sim.analysis.verdict.outcomes import OutcomeClass, class_name
from sim.errors import SimError
from sim.plot.canvas import new_axes, wrap, write_frame
from sim.plot.registry import SWEEPS, plot
from sim.plot.style import MARKERS, SEQUENTIAL, capital
from sim.plot.sweep import (
    Where,
    caption,
    factors_by,
    name_axes,
    strongest_factors,
    subtitle,
    who,
)
from sim.plot.words import amount

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material

FloatArray = npt.NDArray[np.float64]

CLASS_COLOURS = {
    OutcomeClass.CONTAINMENT: "#0072B2",
    OutcomeClass.INCUMBENT_ROLLBACK: "#56B4E9",
    OutcomeClass.STAND_OFF: "#009E73",
    OutcomeClass.CONTESTED: "#999999",
    OutcomeClass.BREAKOUT: "#D55E00",
    OutcomeClass.DISPLACEMENT: "#882255",
    OutcomeClass.THIRD_PARTY_LEAD: "#E69F00",
    OutcomeClass.FRAGMENTATION: "#CC79A7",
}
CLASS_MARKERS = dict(zip(CLASS_COLOURS, MARKERS, strict=False))
MOST_AXES = 8
MARKED = 0.1  # part of the points that is spoken of
SPREAD = 0.06  # of the lines that meet at a category
NEIGHBOURS = 5
FINE = 60  # cells of a side of a map of regions
CELL = 0.95  # inches of the words in a cell


def coordinate_numbers(data: Material, measure: str = TOKENS, where: Where = None) -> pd.DataFrame:
    """One row a point: its factor values and the mean of the outcome."""
    sweep = data.sweep(where)
    outcome = sweep.outcome(measure)
    sweep = sweep.having(outcome.name)
    mean = sweep.table(outcome.name).mean(axis=1).rename(outcome.name)
    return sweep.points.join(mean).reset_index()


@plot(coordinate_numbers, of=SWEEPS)
def coordinates(
    data: Material, measure: str = TOKENS, where: Where = None, *, ax: Any = None
) -> Drawing:
    """Parallel coordinates: a line for each point over the factors, coloured by its outcome."""
    sweep = data.sweep(where)
    outcome = sweep.outcome(measure)
    sweep = sweep.having(outcome.name)
    factors = strongest_factors(sweep, outcome.name)[:MOST_AXES]
    if not factors:
        raise SimError("no factor has two values")
    means = sweep.table(outcome.name).mean(axis=1)
    places = np.column_stack([_unit_places(sweep, factor) for factor in factors])
    fig, axes = new_axes(ax, size=(max(6.5, 2.6 + 1.35 * len(factors)), 4.6))
    _draw_lines(fig, axes, places, means, outcome)
    _draw_scales(axes, factors)
    note = "Lines: points, coloured by their mean; dotted past a factor that does not act"
    title, foot = _shared_by_lowest(sweep, factors, means), caption(data, sweep, note, where)
    write_frame(fig, axes, ax is None, title, subtitle(sweep, outcome), foot)
    return fig, axes


def _unit_places(sweep: Sweep, factor: SweepFactor) -> FloatArray:
    """Place of each point on the axis of a factor, from 0 to 1; those of a category spread."""
    places = factor.places(sweep.points[factor.path])
    if factor.line:
        return places
    places = places / max(len(factor.values) - 1, 1)
    spread = np.zeros(len(places))
    for place in np.unique(places[np.isfinite(places)]):
        held = np.flatnonzero(places == place)
        if len(held) > 1:
            spread[held] = np.linspace(-SPREAD, SPREAD, len(held)) / 2.0
    return np.asarray(places + spread)


def _draw_lines(
    fig: Any, ax: Axes, places: FloatArray, means: pd.Series[float], outcome: SweepOutcome
) -> None:
    import matplotlib
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    scale = 100.0 if outcome.unit == "share" else 1.0
    values = scale * means.to_numpy()
    norm = Normalize(values.min(), max(values.max(), values.min() + 1e-12))
    colours = matplotlib.colormaps[SEQUENTIAL]
    across = np.arange(places.shape[1])
    for k in np.argsort(-np.abs(values - np.median(values)))[::-1]:
        acting = np.isfinite(places[k])
        marker = "o" if acting.sum() == 1 else None
        look: dict[str, Any] = {"color": colours(norm(values[k])), "alpha": 0.75, "lw": 1.1}
        if not acting.all():
            ax.plot(across[acting], places[k][acting], linestyle=":", **look)
        ax.plot(across, places[k], marker=marker, **look)
    bar = fig.colorbar(ScalarMappable(norm, colours), ax=ax, pad=0.03, aspect=30)
    unit = "%" if scale > 1.0 else unit_words(outcome.unit)
    bar.set_label(f"mean {outcome.title}{f', {unit}' if unit else ''}")
    bar.outline.set_visible(False)


def _draw_scales(ax: Axes, factors: Sequence[SweepFactor]) -> None:
    """An axis with its values for each factor."""
    for place, factor in enumerate(factors):
        ax.axvline(place, color="#333333", linewidth=0.8, zorder=0)
        ends = factor.values if factor.line else ()
        steps = max(len(factor.values) - 1, 1)
        marks = (
            [(0.0, ends[0]), (1.0, ends[1])]
            if factor.line
            else [(k / steps, value) for k, value in enumerate(factor.values)]
        )
        for height, value in marks:
            ax.annotate(
                textwrap.shorten(value_words(value), 16, placeholder="\u2026"),
                (place, height),
                xytext=(3, 0 if 0.0 < height < 1.0 else (7 if height else -7)),
                textcoords="offset points",
                fontsize=7.5,
                va="center",
                bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.85},
                zorder=6,
            )
    short = [textwrap.shorten(factor.label, 40, placeholder="\u2026") for factor in factors]
    labels = [textwrap.fill(label, 14) for label in short]
    ax.set_xticks(range(len(factors)), labels, fontsize=8)
    ax.set_yticks([])
    ax.set_ylim(-0.1, 1.1)
    ax.set_xlim(-0.25, len(factors) - 1 + 0.55)
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(axis="x", length=0)


def _shared_by_lowest(sweep: Sweep, factors: Sequence[SweepFactor], means: pd.Series[float]) -> str:
    """What the lowest tenth of the points has in common: the most over-represented value."""
    number = max(3, round(MARKED * len(means)))
    lowest = means.nsmallest(number).index
    best: tuple[float, str] = (0.0, "")
    for factor in factors:
        for label, _, points in groups_of(sweep, factor):
            inside = len(lowest.intersection(list(points)))
            usual = number * len(points) / len(means)
            if inside - usual > best[0] and inside > number / 2:
                held = f"All {number}" if inside == number else f"{inside} of the {number}"
                text = f"{held} lowest points have {factor.label} {label}"
                best = (inside - usual, text)
    return f"{best[1]}." if best[1] else f"The {number} lowest points share no value."


def map_numbers(
    data: Material, measure: str = TOKENS, by: Sequence[str] = (), where: Where = None
) -> pd.DataFrame:
    """One row a pair of values of two factors: points, runs, mean outcome, most frequent class.

    Returns
    -------
    Columns x_factor, y_factor, x, y, points, n, mean, outcome_class, share.
    """
    sweep = data.sweep(where)
    x, y = factors_by(sweep, sweep.outcome(measure).name, by, 2)
    rows = []
    for across, _, xs in groups_of(sweep, x):
        for up, _, ys in groups_of(sweep, y):
            runs = sweep.runs[sweep.runs["point"].isin(set(xs) & set(ys))]
            held = _most_frequent(runs)
            facts = (runs["point"].nunique(), len(runs), runs[measure].mean(), *held)
            rows.append((x.path, y.path, across, up, *facts))
    names = ["x_factor", "y_factor", "x", "y", "points", "n", "mean", "outcome_class", "share"]
    return pd.DataFrame(rows, columns=names)


def _most_frequent(runs: pd.DataFrame) -> tuple[str, float]:
    if CLASS not in runs or runs.empty:
        return "", np.nan
    counts = runs[CLASS].value_counts()
    return str(counts.index[0]), float(counts.iloc[0]) / len(runs)


@plot(map_numbers, of=SWEEPS)
def outcome_map(
    data: Material,
    measure: str = TOKENS,
    by: Sequence[str] = (),
    where: Where = None,
    *,
    ax: Any = None,
) -> Drawing:
    """Map over two factors: the most frequent outcome class, or the mean without a contest."""
    sweep = data.sweep(where)
    table = map_numbers(data, measure, by, where)
    x, y = (sweep.factor(str(table[name].iloc[0])) for name in ("x_factor", "y_factor"))
    columns, lines = table["x"].nunique(), table["y"].nunique()
    fig, axes = new_axes(ax, size=(max(7.6, 2.4 + 1.1 * columns), max(4.8, 1.2 + 0.6 * lines)))
    classes = CLASS in sweep.runs
    regions = classes and x.line and y.line
    if regions:
        _draw_regions(axes, sweep, x, y)
    else:
        _draw_cells(fig, axes, sweep.outcome(measure), table, classes)
    name_axes(axes, x, y)
    if classes:
        shown = table["outcome_class"] if not regions else sweep.runs[CLASS]
        _legend(axes, [name for name in CLASS_COLOURS if name.value in set(shown)], regions)
    outcome = sweep.outcome(measure)
    what = "Colour: the most frequent class of the runs" if classes else "Numbers: means"
    if regions:
        what += f"; regions: of the {NEIGHBOURS} nearest points"
    title, foot = _map_words(sweep, outcome, table, classes), caption(data, sweep, what, where)
    write_frame(fig, axes, ax is None, title, subtitle(sweep, outcome), foot)
    return fig, axes


def _map_words(sweep: Sweep, outcome: SweepOutcome, table: pd.DataFrame, classes: bool) -> str:
    x, y = (sweep.factor(str(table[name].iloc[0])) for name in ("x_factor", "y_factor"))
    if not classes:
        known = table.dropna(subset=["mean"])
        low = known.iloc[int(known["mean"].argmin())]
        return (
            f"{who(sweep, outcome)} lowest with {x.label} {low['x']} and {y.label} {low['y']}: "
            f"{amount(low['mean'], outcome.unit)}."
        )
    points = x.line and y.line
    held = _class_of_points(sweep) if points else table[table["n"] > 0]["outcome_class"]
    parts = [f"{class_name(n)} in {k}" for n, k in held.value_counts().items()]
    places = f"{len(held)} {'points' if points else 'cells'}"
    return f"Most frequent outcome in {places}: {', '.join(parts[:4])}."


def _draw_cells(
    fig: Any, ax: Axes, outcome: SweepOutcome, table: pd.DataFrame, classes: bool
) -> None:
    from matplotlib.colors import to_rgb

    across, up = list(dict.fromkeys(table["x"])), list(dict.fromkeys(table["y"]))
    shape = (len(up), len(across))
    scale, unit = (100.0, "%") if outcome.unit == "share" else (1.0, unit_words(outcome.unit))
    colours = np.ones((*shape, 3))
    values = np.full(shape, np.nan)
    row: Any
    for row in table.itertuples():
        place = up.index(row.y), across.index(row.x)
        values[place] = scale * row.mean
        if not row.n:
            ax.text(place[1], place[0], "no run", ha="center", va="center", fontsize=8)
            continue
        text = f"{values[place]:.3g}"
        if classes:
            colours[place] = to_rgb(CLASS_COLOURS[OutcomeClass(row.outcome_class)])
            name = wrap(class_name(row.outcome_class), CELL, 7.5)
            part = f"{100.0 * row.share:.0f}\u00a0% of {row.n}"
            text = f"{name}\n{part}\nmean {values[place]:.3g}{f' {unit}' if unit else ''}"
        box = {"boxstyle": "round,pad=0.25", "fc": "white", "ec": "none", "alpha": 0.85}
        ax.text(place[1], place[0], text, ha="center", va="center", fontsize=7.5, bbox=box)
    if classes:
        ax.imshow(colours, origin="lower", aspect="auto")
    else:
        image = ax.imshow(values, origin="lower", aspect="auto", cmap=SEQUENTIAL)
        fig.colorbar(image, ax=ax, label=f"{outcome.title}{f', {unit}' if unit else ''}")
    names = [[textwrap.shorten(n, 16, placeholder="\u2026") for n in held] for held in (across, up)]
    ax.set_xticks(range(len(across)), names[0], fontsize=8)
    ax.set_yticks(range(len(up)), names[1], fontsize=8)
    ax.grid(visible=False)


def _class_of_points(sweep: Sweep) -> pd.Series[Any]:
    """The most frequent outcome class of each point."""
    return sweep.runs.groupby("point")[CLASS].agg(lambda held: held.value_counts().index[0])


def _draw_regions(ax: Axes, sweep: Sweep, x: SweepFactor, y: SweepFactor) -> None:
    """Points by their most frequent class over the regions in which their neighbours agree."""
    from matplotlib.colors import to_rgb
    from scipy.spatial import cKDTree

    classes = _class_of_points(sweep)
    acting = sweep.points[[x.path, y.path]].dropna().index
    points, held = sweep.points.loc[acting], classes.loc[acting].to_numpy()
    places = np.column_stack([factor.places(points[factor.path]) for factor in (x, y)])
    side = (np.arange(FINE) + 0.5) / FINE
    fine = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    _, near = cKDTree(places).query(fine, k=min(NEIGHBOURS, len(places)))
    names = list(CLASS_COLOURS)
    votes = np.array(
        [[np.sum(row == name.value) for name in names] for row in held[near.reshape(len(fine), -1)]]
    )
    shades = np.array([to_rgb(CLASS_COLOURS[name]) for name in names])[votes.argmax(axis=1)]
    pale = 0.35 * shades + 0.65
    ax.imshow(
        pale.reshape(FINE, FINE, 3),
        origin="lower",
        extent=(0, 1, 0, 1),
        aspect="auto",
        interpolation="nearest",
    )
    for name, look in CLASS_MARKERS.items():
        own = places[held == name.value]
        kind: dict[str, Any] = {"marker": look, "edgecolors": "white", "linewidths": 0.7}
        ax.scatter(own[:, 0], own[:, 1], color=CLASS_COLOURS[name], s=34, zorder=3, **kind)
    for axis, factor in ((ax.xaxis, x), (ax.yaxis, y)):
        low, high = (float(end) for end in factor.values)
        shares = np.linspace(0.0, 1.0, 5)
        values = low * (high / low) ** shares if factor.log else low + shares * (high - low)
        axis.set_ticks(shares, [f"{value:.3g}" for value in values])
    ax.grid(visible=False)


def _legend(ax: Axes, names: Sequence[OutcomeClass], points: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    for name in names:
        look: dict[str, Any] = {
            "color": CLASS_COLOURS[name],
            "label": class_name(name),
        }
        mark = CLASS_MARKERS[name]
        handles.append(Line2D([], [], marker=mark, ls="", **look) if points else Patch(**look))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)


def class_groups(
    data: Material, by: Sequence[str] = (), where: Where = None
) -> list[tuple[str, list[str]]]:
    """Title and outcome classes of the runs at each value of a factor of a sweep.

    Raises
    ------
    SimError
        The scenario names no contest, or its shares were not kept.
    """
    sweep = data.sweep(where)
    if CLASS not in sweep.runs:
        raise SimError("outcome classes need a contest and the curves of its shares")
    (factor,) = factors_by(sweep, sweep.main.name, by, 1)
    groups = []
    for label, _, points in groups_of(sweep, factor):
        held = sweep.runs[sweep.runs["point"].isin(points)][CLASS].tolist()
        if held:
            groups.append((f"{capital(factor.label)} {label}", held))
    return groups
