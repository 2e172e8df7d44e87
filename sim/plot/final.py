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
    LABEL_SIZE,
    PERCENT,
    common_edges,
    label_axis,
    label_end,
    new_axes,
    wrap,
    write_frame,
    write_title,
)
from sim.plot.curves import MEASURE
from sim.plot.registry import plot
from sim.plot.style import WIDE_BAND, capital, palette_style
from sim.plot.words import OF, amount, in_words, with_names, world_title
from sim.runs.worlds import OFF_MONEY_KEPT, ON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


INTERVAL = "Histograms of single runs, each also a tick; black line: median"
HUMPS_NOTE = (
    "Two humps: bimodality coefficient (Sarle) above 0.56, or Silverman's test of one hump at "
    "p = 0.05 or less"
)
BINS = (20, 60)
HUMPS = 5.0 / 9.0
"""Sarle's coefficient of the uniform law: above it a distribution may have two humps."""
SMALL_P = 0.05
WIDTH, PANEL_HEIGHT, MARGIN = 7.5, 0.75, 0.7
MANY, LOW_PANEL = 10, 0.55
"""Vendors above which a row is this low."""
LABEL_WIDTH = 1.6


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
    height = PANEL_HEIGHT if len(vendors) <= MANY else LOW_PANEL
    size = (WIDTH, MARGIN + height * len(vendors))
    fig, axes = new_axes(ax, rows=len(vendors), size=size, sharex=True)
    axes = np.atleast_1d(axes)
    samples = [table.loc[table["vendor"] == vendor, "value"].to_numpy() for vendor in vendors]
    edges = common_edges(samples, BINS)
    for axis, vendor, own in zip(axes, vendors, samples, strict=True):
        _row(data, axis, vendor, own, edges)
    axes[-1].autoscale_view()
    label_axis(axes[-1].xaxis, in_words(measure), data.unit(measure))
    axes[len(axes) // 2].set_ylabel("runs")
    runs = int(table["replicate"].nunique())
    caption = data.caption(runs, INTERVAL, HUMPS_NOTE)
    months = data.thresholds.window_months
    world = "" if point == ON else f" World: {world_title(data, point)}."
    subtitle = f"{capital(in_words(measure))}, mean of the last {months} months of each run.{world}"
    write_frame(fig, axes, ax is None, _final_title(data, table), subtitle, caption)
    return fig, axes


def _final_title(data: Material, table: pd.DataFrame) -> str:
    """Where nine of ten runs of the challenger, or of the largest vendor, end."""
    middles = table.groupby("vendor", sort=False)["value"].median()
    who = next((name for name in data.rivals if name in middles.index), str(middles.idxmax()))
    low, high = table.loc[table["vendor"] == who, "value"].quantile([0.05, 0.95])
    unit, measure = str(table["unit"].iloc[0]), str(table["measure"].iloc[0])
    least, most = amount(low, unit), amount(high, unit)
    ends = f"at {least}" if least == most else f"between {least} and {most}"
    of = f" {OF[measure]}" if measure in OF else ""
    said = f"{data.style(who).label} ends {ends}{of} in nine of ten runs"
    return said if of else f"{capital(in_words(measure))}: {said}"


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
        markersize=5,
    )
    ax.axvline(float(np.median(own)), color="black", linewidth=1.0)
    test = silverman_test(own)
    several = test is not None and test.p_value <= SMALL_P
    humps = "\nmay have two humps" if bimodality_coefficient(own) > HUMPS or several else ""
    label = wrap(style.label, LABEL_WIDTH, LABEL_SIZE, "bold")
    kind = {"transform": ax.transAxes, "va": "top", "ha": "left", "linespacing": 1.15}
    ax.text(1.01, 1.0, f"{label}{humps}", color=style.ink, fontsize=LABEL_SIZE, **kind)
    ax.tick_params(axis="x", pad=7)
    ax.yaxis.get_major_locator().set_params(integer=True, nbins=2)


SIZE = (10.0, 4.0)
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
                _draw(data, axis, rows, place)
        write_title(axis, title)
        axis.set_ylim(-3.0, 103.0)
        axis.margins(x=0.02)
        since = "it could begin" if part == "waiting" else "it began"
        axis.set_xlabel(f"months since {since}")
    axes[0].set_ylabel("runs, %")
    row = data.thresholds.event_months
    note = f"A state begins, or ends, with {row} months in a row; censored when the run stops"
    caption = data.caption(int(table["n"].max()), INTERVAL_SURVIVAL, note)
    subtitle = "Share of runs, %, by month: where a state has not begun yet, and where it lasts."
    write_frame(fig, axes, ax is None, _survival_title(data, table), subtitle, caption)
    return fig, axes


def _survival_title(data: Material, table: pd.DataFrame) -> str:
    """In how many runs the states begin."""
    waiting = table[table["part"] == "waiting"].groupby("title", sort=False).first()
    said = [
        f"{with_names(data, str(title))} in {int(row['happened'])} of {int(row['n'])} runs"
        for title, row in waiting.iterrows()
    ]
    return capital("; ".join(said[:2])) if said else "No state could begin"


def _draw(data: Material, ax: Axes, table: pd.DataFrame, place: int) -> None:
    look = palette_style(place, with_names(data, str(table["title"].iloc[0])))
    months = table["months"].to_numpy()
    share, low, high = (PERCENT * table[c].to_numpy() for c in ("share", "lower", "upper"))
    colour, line, label = look.colour, look.line, look.label
    ax.fill_between(months, low, high, step="post", color=colour, alpha=WIDE_BAND, linewidth=0.0)
    ax.step(months, share, where="post", color=colour, linestyle=line, label=label)
    ax.plot(months[-1:], share[-1:], "|", color=colour, markersize=8)
    label_end(ax, float(share[-1]), label, colour)
