"""Where runs end, and how long until containment begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.statistics import bimodality_coefficient
from sim.analysis.verdict.curves import WorldCurves
from sim.analysis.verdict.dated import spells_of, states_of
from sim.analysis.verdict.dated import survival as kaplan_meier
from sim.analysis.verdict.final_states import silverman_test
from sim.errors import SimError
from sim.plot.canvas import (
    PERCENT,
    common_edges,
    in_words,
    label_axis,
    new_axes,
    write_caption,
    write_legend,
)
from sim.plot.curves import MEASURE
from sim.plot.registry import plot
from sim.plot.style import WIDE_BAND, palette_style
from sim.runs.worlds import OFF_MONEY_KEPT, ON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


INTERVAL = "Histograms of single runs, each also a tick; black line: median"
BINS = (20, 60)
HUMPS = 5.0 / 9.0
"""Sarle's coefficient of the uniform law: above it a distribution may have two humps."""
SMALL_P = 0.05
WIDTH, PANEL_HEIGHT, MARGIN = 7.0, 0.95, 1.1


def final_numbers(data: Material, measure: str = MEASURE, point: str = ON) -> pd.DataFrame:
    """Mean over the judged last months of each run and vendor.

    Returns
    -------
    Columns measure, unit, point, vendor, replicate, value.
    """
    means = data.window_mean(measure, point)
    facts = {"measure": measure, "unit": data.unit(measure), "point": point}
    frames = [
        pd.DataFrame(
            {**facts, "vendor": str(vendor), "replicate": means["replicate"].values}
            | {"value": means.sel(vendor=vendor).values}
        )
        for vendor in means["vendor"].values
    ]
    return pd.concat(frames, ignore_index=True).dropna(subset="value", ignore_index=True)


@plot(final_numbers)
def final(data: Material, measure: str = MEASURE, point: str = ON, *, ax: Any = None) -> Drawing:
    """Distribution of the last months' mean over the runs, one row a vendor: two humps show."""
    table = final_numbers(data, measure, point)
    vendors = list(dict.fromkeys(table["vendor"]))
    size = (WIDTH, MARGIN + PANEL_HEIGHT * len(vendors))
    fig, axes = new_axes(ax, rows=len(vendors), size=size, sharex=True)
    axes = np.atleast_1d(axes)
    samples = [table.loc[table["vendor"] == vendor, "value"].to_numpy() for vendor in vendors]
    edges = common_edges(samples, BINS)
    for axis, vendor, own in zip(axes, vendors, samples, strict=True):
        _row(data, axis, vendor, own, edges)
    months = data.thresholds.window_months
    label_axis(
        axes[-1].xaxis,
        f"{in_words(measure)}, mean of the last {months} months",
        data.unit(measure),
    )
    runs = int(table["replicate"].nunique())
    note = (
        "b: Sarle's bimodality coefficient, above 0.56 there may be two humps; p: Silverman's test "
        "of one hump against more, a small p speaks for two"
    )
    write_caption(fig, data.caption(runs, INTERVAL, note))
    return fig, axes


def _row(data: Material, ax: Any, vendor: str, own: np.ndarray[Any, Any], edges: Any) -> None:
    style = data.style(vendor)
    ax.hist(own, bins=edges, color=style.colour, alpha=0.6)
    ax.plot(
        own,
        np.full(len(own), -0.09),
        "|",
        color=style.colour,
        clip_on=False,
        transform=ax.get_xaxis_transform(),
        markersize=6,
    )
    ax.axvline(float(np.median(own)), color="black", linewidth=1.0)
    coefficient = bimodality_coefficient(own)
    humps = "" if np.isnan(coefficient) else f"\nb = {coefficient:.2f}"
    test = silverman_test(own)
    if test is not None:
        humps += f"\np = {test.p_value:.2f}"
    several = test is not None and test.p_value <= SMALL_P
    warn = "bold" if coefficient > HUMPS or several else "normal"
    ax.text(
        1.01,
        0.95,
        f"{style.label}{humps}",
        transform=ax.transAxes,
        va="top",
        ha="left",
        fontsize=8,
        fontweight=warn,
    )
    ax.set_ylabel("runs")
    ax.tick_params(axis="x", pad=7)
    ax.yaxis.get_major_locator().set_params(integer=True, nbins=3)


SIZE = (11.0, 4.6)
INTERVAL_SURVIVAL = "Kaplan-Meier estimates with 95 % log-log band (Wilson at 0 and 100 %)"
PARTS = {"waiting": "Not yet begun", "lasting": "Still lasting"}
DRAWN = ("held_back", "incumbent_regains", "above_ceiling", "below_ceiling")
BOARDS = ("platform_token_share", "full_stack_revenue_share")


def _worlds(data: Material) -> tuple[WorldCurves, WorldCurves | None]:
    """ON and, if it was run, OFF, in the replicates that are finished in both."""
    incumbent, challenger = data.contest
    points = [point for point in (ON, OFF_MONEY_KEPT) if point in data.points]
    if ON not in points:
        raise SimError(f"no world {ON} in this result (there: {', '.join(data.points)})")
    tables = {
        (point, board): data.world(board, point, "vendor").dropna("replicate")
        for point in points
        for board in BOARDS
    }
    sound = sorted(set.intersection(*(set(t["replicate"].values) for t in tables.values())))
    if not sound:
        raise SimError("no run is finished in all worlds")
    vendors = [str(vendor) for vendor in tables[(ON, BOARDS[0])]["vendor"].values]
    worlds = []
    for point in points:
        token, revenue = (tables[(point, board)].sel(replicate=sound).values for board in BOARDS)
        worlds.append(
            WorldCurves(
                token_share=token,
                revenue_share=revenue,
                token_volume=np.ones_like(token),
                profit=np.zeros_like(token),
                incumbent=vendors.index(incumbent),
                challenger=vendors.index(challenger),
                seeds=np.array(sound, dtype=np.int64),
                scenario_hash=data.scenario_hash,
            )
        )
    return worlds[0], worlds[1] if len(worlds) > 1 else None


def survival_numbers(data: Material) -> pd.DataFrame:
    """Kaplan-Meier estimates of the time until each state begins and of how long it lasts.

    Returns
    -------
    Columns state, title, part (waiting or lasting), months, share, lower, upper, at_risk, n,
    happened.
    """
    on, off = _worlds(data)
    rows: list[tuple[Any, ...]] = []
    for state in states_of(on, off, data.thresholds):
        if state.name not in DRAWN:
            continue
        found = spells_of(state, data.thresholds)
        for part in PARTS:
            times, seen = getattr(found, part)()
            if not times.size:
                continue
            curve = kaplan_meier(times, seen)
            facts = (len(times), int(seen.sum()))
            begin = (0.0, 1.0, 1.0, 1.0, len(times))
            steps = [begin] if curve.months[0] > 0.0 else []
            steps += list(zip(*(np.asarray(c).tolist() for c in curve), strict=True))
            rows += [(state.name, state.title, part, *step, *facts) for step in steps]
    columns = ["state", "title", "part", "months", "share", "lower", "upper", "at_risk"]
    return pd.DataFrame(rows, columns=[*columns, "n", "happened"])


@plot(survival_numbers)
def survival(data: Material, *, ax: Any = None) -> Drawing:
    """Share of runs in which a state has not yet begun, and in which it still lasts, by month."""
    table = survival_numbers(data)
    fig, axes = new_axes(ax, columns=len(PARTS), size=SIZE, sharey=True)
    names = list(dict.fromkeys(table["state"]))
    for axis, (part, title) in zip(axes, PARTS.items(), strict=True):
        for place, name in enumerate(names):
            rows = table[(table["state"] == name) & (table["part"] == part)]
            if len(rows):
                _draw(axis, rows, place)
        axis.set_title(title)
        axis.set_ylim(-3.0, 103.0)
        since = "since it could begin" if part == "waiting" else "since it began"
        axis.set_xlabel(f"time {since} [months]")
    axes[0].set_ylabel("runs [%]")
    write_legend(fig, axes, ax is None)
    row = data.thresholds.event_months
    note = f"A state begins, or ends, with {row} months in a row; censored when the run stops"
    on = int(table["n"].max())
    write_caption(fig, data.caption(on, INTERVAL_SURVIVAL, note))
    return fig, axes


def _draw(ax: Axes, table: pd.DataFrame, place: int) -> None:
    look = palette_style(place, str(table["title"].iloc[0]))
    months = table["months"].to_numpy()
    share, low, high = (PERCENT * table[c].to_numpy() for c in ("share", "lower", "upper"))
    colour, line, label = look.colour, look.line, look.label
    ax.fill_between(months, low, high, step="post", color=colour, alpha=WIDE_BAND, linewidth=0.0)
    ax.step(months, share, where="post", color=colour, linestyle=line, label=label)
    ax.plot(months[-1:], share[-1:], "|", color=colour, markersize=8)
