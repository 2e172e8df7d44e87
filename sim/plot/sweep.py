"""A sweep by its factors: main effects, interactions, curves coloured by a factor's value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.analysis import effects as found_by
from sim.analysis.rounding import unit_in_words
from sim.analysis.sweep import TOKENS, Sweep, SweepFactor, SweepOutcome
from sim.errors import SimError
from sim.plot.canvas import (
    LABEL_SIZE,
    label_axis,
    label_end,
    label_months,
    log_ticks,
    new_axes,
    wrap,
    write_frame,
    write_title,
)
from sim.plot.registry import SWEEPS, plot
from sim.plot.style import (
    COLOURS,
    LINES,
    MOST_BANDS,
    NARROW_BAND,
    NEUTRAL,
    SEQUENTIAL,
    capital,
    text_on,
)
from sim.plot.words import amount

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material

FloatArray = npt.NDArray[np.float64]
Where = Mapping[str, Sequence[Any]] | None

MOST_PANELS, COLUMNS = 12, 4
PANEL_WIDTH, PANEL_HEIGHT, MARGIN = 2.6, 2.3, 1.0
LONGEST_TICK = 18
LEVELS = {"p25": 0.25, "median": 0.5, "p75": 0.75}


def strongest_factors(sweep: Sweep, outcome: str) -> list[SweepFactor]:
    """The factors that vary, those first that move the outcome most."""
    moved = found_by.sizes(found_by.effects(sweep, outcome))
    varied = [factor for factor in sweep.factors if len(factor.values) > 1]
    return sorted(varied, key=lambda factor: -moved.get(factor.path, 0.0))


def factors_by(sweep: Sweep, outcome: str, by: Sequence[str], number: int) -> list[SweepFactor]:
    """The named factors, then the strongest others. SimError if there are too few."""
    named = [sweep.factor(name) for name in by]
    taken = {factor.path for factor in named}
    rest = [f for f in strongest_factors(sweep, outcome) if f.path not in taken]
    # Those that act at some points alone come last: a map over them is half empty.
    rest.sort(key=lambda factor: bool(sweep.points[factor.path].isna().any()))
    chosen = [*named, *rest][:number]
    if len(chosen) < number:
        raise SimError(f"needs {number} factors with two values or more")
    return chosen


def factor_colours(factor: SweepFactor, number: int) -> list[Any]:
    """Colours of the values of a factor: those of categories differ, those of numbers run on."""
    if all(isinstance(value, str | bool) for value in factor.values):
        return [COLOURS[place % len(COLOURS)] for place in range(number)]
    import matplotlib

    shades = matplotlib.colormaps[SEQUENTIAL](np.linspace(0.05, 0.8, number))
    return [tuple(shade) for shade in shades]


def caption(data: Material, sweep: Sweep, interval: str, where: Where) -> str:
    """Caption of a figure of a sweep: points, runs, seed, scenario, what was kept."""
    runs = len(sweep.runs)
    text = (
        f"{len(sweep.points):,} points, n = {runs:,} runs, root seed {data.seed}, scenario "
        f"{data.scenario.name} {data.scenario_hash[:8]}. {interval}."
    )
    if where:
        kept = "; ".join(
            f"{sweep.factor(f).label} {', '.join(map(str, v))}" for f, v in where.items()
        )
        text += f" Only {kept}."
    return text


def who(sweep: Sweep, outcome: SweepOutcome) -> str:
    """Whose outcome it is, and which: `Volcano Cloud: platform tokens`."""
    return f"{sweep.subject_label}: {outcome.title}" if sweep.subject_label else outcome.title


def subtitle(sweep: Sweep, outcome: SweepOutcome) -> str:
    """The measure with its unit, and what a number of a point is."""
    unit = unit_in_words(outcome.unit)
    return f"{who(sweep, outcome)}{f', {unit}' if unit else ''}, means of the judged last months."


def effect_numbers(data: Material, measure: str = TOKENS, where: Where = None) -> pd.DataFrame:
    """Mean of an outcome at each value of each factor, or in parts of its range.

    Returns
    -------
    Columns factor, label, value, place, points, mean, low, high; strongest factors first.
    """
    sweep = data.sweep(where)
    outcome = sweep.outcome(measure)
    sweep = sweep.having(outcome.name)
    rows = [
        (f.path, f.label, g.label, g.place, len(g.points), g.found.value, g.found.low, g.found.high)
        for f in strongest_factors(sweep, outcome.name)
        for g in found_by.means_by(sweep, f, outcome.name)
    ]
    names = ["factor", "label", "value", "place", "points", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=names)


@plot(effect_numbers, of=SWEEPS)
def effects(
    data: Material, measure: str = TOKENS, where: Where = None, *, ax: Any = None
) -> Drawing:
    """Main effects: the mean of an outcome at each value of each factor."""
    table = effect_numbers(data, measure, where)
    sweep = data.sweep(where)
    outcome = sweep.outcome(measure)
    sweep = sweep.having(outcome.name)
    if table.empty:
        raise SimError("no factor has two values")
    factors = strongest_factors(sweep, outcome.name)[:MOST_PANELS]
    columns = min(COLUMNS, len(factors)) if len(factors) != 5 else 3
    lines = math.ceil(len(factors) / columns)
    size = (max(6.0, MARGIN + PANEL_WIDTH * columns), MARGIN + PANEL_HEIGHT * lines)
    shape = (lines, columns) if ax is None else (1, len(factors))
    fig, axes = new_axes(ax, *shape, size, sharey=True)
    axes = np.atleast_1d(axes)
    for spare in axes[len(factors) :]:
        spare.set_visible(False)
    for place, (axis, factor) in enumerate(zip(axes, factors, strict=False)):
        _effect_panel(axis, factor, table[table["factor"] == factor.path], _colour(data, sweep))
        if place % columns == 0:
            label_axis(axis.yaxis, "mean", outcome.unit)
    finding = found_by.strongest(found_by.outcome_document(sweep, outcome))
    left_out = "" if len(factors) == table["factor"].nunique() else f"; the {MOST_PANELS} strongest"
    note = f"Bars: 95 %, against the mean over all points of the same seeds{left_out}"
    foot = caption(data, sweep, note, where)
    write_frame(fig, axes[: len(factors)], ax is None, finding, subtitle(sweep, outcome), foot)
    return fig, axes[: len(factors)]


def _colour(data: Material, sweep: Sweep) -> str:
    return data.style(sweep.subject).colour if sweep.subject else NEUTRAL


def _effect_panel(ax: Axes, factor: SweepFactor, rows: pd.DataFrame, colour: str) -> None:
    numbers = not any(isinstance(value, str | bool) for value in factor.values)
    places = rows["place"].to_numpy(dtype=np.float64)
    if numbers and not factor.line:
        places = np.array([float(factor.values[int(place)]) for place in places])
    mean = rows["mean"].to_numpy()
    bounds = rows[["low", "high"]].to_numpy().T
    bounds = np.where(np.isfinite(bounds), bounds, mean)
    ax.errorbar(
        places,
        mean,
        yerr=np.abs(bounds - mean),
        fmt="-o" if numbers else "o",
        color=colour,
        linewidth=1.2,
        elinewidth=1.6,
        capsize=3.0,
    )
    write_title(ax, capital(_short(factor.label, 44)))
    if numbers:
        if factor.log:
            ax.set_xscale("log")
        low, high = float(factor.values[0]), float(factor.values[-1])
        room = 0.08
        ends = (
            (low * (low / high) ** room, high * (high / low) ** room)
            if factor.log
            else (low - room * (high - low), high + room * (high - low))
        )
        ax.set_xlim(*ends)
        _few_ticks(ax, factor, places)
    else:
        texts = [_short(text, LONGEST_TICK) for text in rows["value"]]
        name_ticks(ax, places, texts)
        ax.set_xlim(places.min() - 0.5, places.max() + 0.5)


def _few_ticks(ax: Axes, factor: SweepFactor, places: FloatArray) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

    if factor.log:
        log_ticks(ax.xaxis)
        return
    few = len(places) <= 4 and not factor.line
    ax.xaxis.set_major_locator(FixedLocator(list(places)) if few else MaxNLocator(4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.3g}"))


def name_ticks(ax: Axes, places: Sequence[float] | FloatArray, texts: Sequence[str]) -> None:
    """Words under the horizontal axis, tilted where they would meet."""
    ax.set_xticks(places, texts, fontsize=8)
    if sum(map(len, texts)) + 2 * len(texts) > 26:
        for label in ax.get_xticklabels():
            label.set(rotation=30, ha="right", rotation_mode="anchor")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}\u2026"


class _Cells(NamedTuple):
    """Means of an outcome over the groups of two factors; NaN where no run is."""

    rows: list[str]
    columns: list[str]
    means: FloatArray


def pair_cells(sweep: Sweep, outcome: str, x: SweepFactor, y: SweepFactor) -> _Cells:
    """Mean outcome of the points of each pair of values, or parts of ranges."""
    means = sweep.table(outcome).mean(axis=1)
    across, up = found_by.groups_of(sweep, x), found_by.groups_of(sweep, y)
    cells = [
        [means.reindex(sorted(set(xs) & set(ys))).mean() for _, _, xs in across] for _, _, ys in up
    ]
    return _Cells([g[0] for g in up], [g[0] for g in across], np.array(cells, dtype=np.float64))


def interaction_numbers(data: Material, measure: str = TOKENS, where: Where = None) -> pd.DataFrame:
    """The clearest interaction of each pair of factors.

    Returns
    -------
    Columns first, first_from, first_to, second, second_from, second_to, estimate, low, high, p.
    """
    sweep = data.sweep(where)
    rows = [
        (
            *(i.first.factor.path, i.first.start, i.first.end),
            *(i.second.factor.path, i.second.start, i.second.end),
            *i.found,
        )
        for i in found_by.interactions(sweep, sweep.outcome(measure).name)
    ]
    names = [f"{which}{what}" for which in ("first", "second") for what in ("", "_from", "_to")]
    return pd.DataFrame(rows, columns=[*names, "estimate", "low", "high", "p"])


@plot(interaction_numbers, of=SWEEPS)
def interactions(
    data: Material, measure: str = TOKENS, where: Where = None, *, ax: Any = None
) -> Drawing:
    """Interactions: how much more one factor does at another value of a second one."""
    sweep = data.sweep(where)
    outcome = sweep.outcome(measure)
    sweep = sweep.having(outcome.name)
    found = found_by.interactions(sweep, outcome.name)
    if not found:
        raise SimError("the points do not tell interactions apart; two factors or more are needed")
    factors = strongest_factors(sweep, outcome.name)[:MOST_PANELS]
    many = len(factors) > 2
    side = 1.6 + 0.5 * len(factors)
    fig, axes = new_axes(
        ax, columns=1 + many, size=((max(side, 4.2) + 4.6) if many else 5.6, max(side, 3.8))
    )
    axes = np.atleast_1d(axes)
    if many:
        _matrix(axes[0], factors, found, outcome)
    top = found[0]
    _cell_map(fig, axes[-1], sweep, outcome, top)
    clear = top.found.p < found_by.SIGNIFICANT
    note = "Differences of differences; * above the noise (5 %, Holm over all pairs)"
    title = _interaction_words(outcome, top, clear)
    write_frame(
        fig, axes, ax is None, title, subtitle(sweep, outcome), caption(data, sweep, note, where)
    )
    return fig, axes


def _interaction_words(outcome: SweepOutcome, top: found_by.Interaction, clear: bool) -> str:
    names = f"{top.first.factor.label} and {top.second.factor.label}"
    if not clear:
        return f"No interaction stands out of the noise; the clearest: {names}."
    size = found_by.with_interval(
        {"estimate": top.found.value, "interval": [top.found.low, top.found.high]},
        outcome.unit,
        True,
        found_by.unit_words(outcome.unit),
    )
    return f"{capital(names)} act together: {size} of difference between differences."


def _matrix(
    ax: Axes,
    factors: Sequence[SweepFactor],
    found: Sequence[found_by.Interaction],
    outcome: SweepOutcome,
) -> None:
    scale = 100.0 if outcome.unit == "share" else 1.0
    order = [factor.path for factor in factors]
    values = np.full((len(order), len(order)), np.nan)
    clear = set()
    for one in found:
        places = sorted(
            order.index(e.factor.path) for e in (one.first, one.second) if e.factor.path in order
        )
        if len(places) == 2:
            values[places[1], places[0]] = scale * abs(one.found.value)
            if one.found.p < found_by.SIGNIFICANT:
                clear.add((places[1], places[0]))
    shown = values[1:, :-1]
    most = 1.6 * max(float(np.nanmax(shown)), 1e-12)
    image = ax.imshow(shown, cmap="Blues", vmin=0.0, vmax=most)
    labels = [_short(factor.label, 24) for factor in factors]
    ax.set_xticks(
        range(len(order) - 1),
        labels[:-1],
        rotation=40,
        ha="right",
        rotation_mode="anchor",
        fontsize=8,
    )
    ax.set_yticks(range(len(order) - 1), labels[1:], fontsize=8)
    ax.grid(visible=False)
    for (row, column), value in np.ndenumerate(shown):
        if np.isfinite(value):
            mark = "*" if (row + 1, column) in clear else ""
            ink = text_on(image.cmap(image.norm(value)))
            text = f"{value:.2g}{mark}"
            ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=8)
    unit = found_by.unit_words(outcome.unit)
    write_title(ax, f"Size of the interaction{f', {unit}' if unit else ''}")


def name_axes(ax: Axes, x: SweepFactor, y: SweepFactor) -> None:
    """Labels of two factors under and beside a map, in lines that stay inside the figure."""
    width, height = ax.get_position().width, ax.get_position().height
    fig: Any = ax.figure
    ax.set_xlabel(wrap(capital(x.label), 0.8 * width * fig.get_figwidth(), LABEL_SIZE + 1))
    ax.set_ylabel(wrap(capital(y.label), 0.8 * height * fig.get_figheight(), LABEL_SIZE + 1))


def _cell_map(
    fig: Any, ax: Axes, sweep: Sweep, outcome: SweepOutcome, top: found_by.Interaction
) -> None:
    x, y = top.first.factor, top.second.factor
    cells = pair_cells(sweep, outcome.name, x, y)
    scale = 100.0 if outcome.unit == "share" else 1.0
    values = scale * cells.means
    image = ax.imshow(values, cmap=SEQUENTIAL, origin="lower", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = text_on(image.to_rgba(np.array([value]))[0])
            text = f"{value:.1f}" if scale > 1.0 else f"{value:,.3g}"
            ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    texts = [_short(text, LONGEST_TICK) for text in cells.columns]
    name_ticks(ax, range(len(texts)), texts)
    ax.set_yticks(range(len(cells.rows)), [_short(t, LONGEST_TICK) for t in cells.rows], fontsize=8)
    ax.grid(visible=False)
    name_axes(ax, x, y)
    unit = "%" if scale > 1.0 else found_by.unit_words(outcome.unit)
    write_title(ax, f"Mean {outcome.title}{f', {unit}' if unit else ''}")


def curve_numbers(
    data: Material, measure: str = TOKENS, by: Sequence[str] = (), where: Where = None
) -> pd.DataFrame:
    """Median and 50 % band of a measure over the months, by the value of a factor.

    Returns
    -------
    Columns factor, value, month, n, p25, median, p75.

    Raises
    ------
    SimError
        The curves of the measure were not kept, or there is no such factor.
    """
    sweep = data.sweep(where)
    if measure not in data.curves:
        there = ", ".join(sorted(map(str, data.curves.data_vars)))
        raise SimError(
            f"the study kept no curves of {measure} (kept: {there}); name it in [outcomes] measures"
        )
    values = data.curves[measure]
    if "vendor" in values.dims:
        values = values.sel(vendor=sweep.subject)
    paths = values.transpose("point", "replicate", "month")
    outcome = measure if measure in sweep.outcomes else sweep.main.name
    (factor,) = factors_by(sweep, outcome, by, 1)
    frames = []
    for label, _, points in found_by.groups_of(sweep, factor):
        rows = paths.sel(point=list(points)).to_numpy().reshape(-1, paths.sizes["month"])
        rows = rows[np.isfinite(rows).all(axis=1)]
        if not len(rows):
            continue
        bands = dict(zip(LEVELS, np.quantile(rows, list(LEVELS.values()), axis=0), strict=True))
        frames.append(
            pd.DataFrame(
                {"factor": factor.path, "value": label, "month": paths["month"].values}
                | {"n": len(rows)}
                | bands
            )
        )
    if not frames:
        raise SimError(f"no finished run has curves of {measure}")
    return pd.concat(frames, ignore_index=True)


def draw_curves(
    data: Material,
    measure: str = TOKENS,
    by: Sequence[str] = (),
    where: Where = None,
    *,
    ax: Any = None,
) -> Drawing:
    """A measure over the months, one line for each value of a factor, with 50 % bands."""
    table = curve_numbers(data, measure, by, where)
    sweep = data.sweep(where)
    factor = sweep.factor(str(table["factor"].iloc[0]))
    groups = list(table.groupby("value", sort=False))
    fig, axes = new_axes(ax)
    colours = factor_colours(factor, len(groups))
    lines = LINES if len(groups) <= len(LINES) else LINES[:1] * len(groups)
    for (_, rows), colour, line in zip(groups, colours, lines, strict=False):
        months = rows["month"].to_numpy()
        if len(groups) <= MOST_BANDS:
            low, high = rows["p25"].to_numpy(), rows["p75"].to_numpy()
            axes.fill_between(months, low, high, color=colour, alpha=NARROW_BAND, linewidth=0.0)
        axes.plot(months, rows["median"].to_numpy(), color=colour, linestyle=line)
    ends = [(str(value), float(rows["median"].iloc[-1])) for value, rows in groups]
    for (label, end), colour in zip(ends, colours, strict=True):
        label_end(axes, end, label, colour)
    unit, title = data.unit(measure), measure.replace("_", " ")
    label_axis(axes.yaxis, title, unit)
    label_months(axes)
    ends.sort(key=lambda end: end[1])
    who_ends = sweep.subject_label if "vendor" in data.curves[measure].dims else "The market"
    (lowest, least), (highest, most) = ends[0], ends[-1]
    finding = (
        f"{who_ends} ends at {amount(least, unit)} with {factor.label} {lowest}"
        f"{f', at {amount(most, unit)} with {highest}' if len(ends) > 1 else ''}"
    )
    bands = "; bands: 50 % of the runs" if len(groups) <= MOST_BANDS else ""
    foot = caption(data, sweep, f"Lines: medians over runs{bands}", where)
    below = f"{capital(title)}, {unit_in_words(unit)}, by {factor.label}".replace(", ,", ",")
    write_frame(fig, axes, ax is None, finding, f"{below}.", foot)
    return fig, axes
