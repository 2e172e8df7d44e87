"""The challenger with and without the incumbent's moves; the two belts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.statistics import mean_interval
from sim.errors import SimError
from sim.plot.canvas import (
    PERCENT,
    common_edges,
    in_words,
    label_axis,
    label_months,
    legend_below,
    new_axes,
    write_caption,
    write_legend,
)
from sim.plot.curves import INTERVAL, RECORD_NOTE, band_table, draw_bands, draw_measure
from sim.plot.registry import plot
from sim.plot.style import NEUTRAL, PALE, VendorStyle
from sim.runs.worlds import OFF_MONEY_IN_PRICE, OFF_MONEY_KEPT, ON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


SHARE = "platform_token_share"
SIZE = (11.0, 5.0)
BINS = (10, 60)
RUG = 0.035
"""Height of a row of ticks below the histogram, of its largest count."""
NAMES = {
    ON: "moves on",
    OFF_MONEY_KEPT: "moves off, money kept",
    OFF_MONEY_IN_PRICE: "moves off, money in price",
}
LOOKS = {OFF_MONEY_KEPT: (NEUTRAL, "--", "s"), OFF_MONEY_IN_PRICE: (PALE, "-.", "^")}


def off_worlds(data: Material, suffix: str = "") -> list[str]:
    """Worlds without the incumbent's moves that pair with the world ``"on" + suffix``."""
    wanted = [f"{base}{suffix}" for base in LOOKS]
    return [name for name in data.points if name in wanted]


def world_numbers(data: Material, suffix: str = "") -> pd.DataFrame:
    """Bands of the challenger's share in each world, and tau of each replicate.

    ``tau = mean over the window of s_C(OFF) - s_C(ON)``, same replicate (common random numbers).

    Returns
    -------
    The columns of `band_table`, then replicate and tau (share); a row has bands or a tau.

    Raises
    ------
    SimError
        If the scenario names no contest or no world without the moves is stored.
    """
    _, challenger = data.contest
    off = off_worlds(data, suffix)
    if not off:
        raise SimError(f"no world without the incumbent's moves (there: {', '.join(data.points)})")
    frames = []
    for name in (f"{ON}{suffix}", *off):
        table = band_table(data, SHARE, name).drop(columns=["period_end", "recorded"])
        frames.append(table[table["vendor"] == challenger])
    on_mean = data.window_mean(SHARE, f"{ON}{suffix}").sel(vendor=challenger)
    for name in off:
        gap = data.window_mean(SHARE, name).sel(vendor=challenger) - on_mean
        columns = {"measure": "tau", "unit": "share", "point": name, "vendor": challenger}
        frames.append(
            pd.DataFrame(columns | {"replicate": gap["replicate"].values, "tau": gap.values})
        )
    return pd.concat(frames, ignore_index=True)


def _look(data: Material, base: str) -> VendorStyle:
    if base == ON:
        own = data.style(data.contest[1])
        return VendorStyle(NAMES[ON], own.colour, "-", own.marker)
    return VendorStyle(NAMES[base], *LOOKS[base])


def _draw_tau(ax: Axes, tau: np.ndarray[Any, Any], edges: Any, look: VendorStyle) -> None:
    points = PERCENT * tau
    mean = mean_interval(points)
    label = f"{look.label}: mean {mean.mean:.1f}"
    if len(points) > 1:
        label += f" [{mean.interval.lower:.1f}, {mean.interval.upper:.1f}]"
    ax.hist(points, bins=edges, color=look.colour, alpha=0.35, linewidth=0.0)
    ax.hist(
        points, bins=edges, color=look.colour, histtype="step", linestyle=look.line, label=label
    )


def _draw_ticks(ax: Axes, taus: dict[str, np.ndarray[Any, Any]]) -> None:
    """A row of ticks below the histogram for each world, one tick a pair of runs."""
    height = RUG * ax.get_ylim()[1]
    for row, (base, tau) in enumerate(taus.items(), start=1):
        ax.plot(PERCENT * tau, np.full(len(tau), -row * height), "|", color=LOOKS[base][0])
    ax.set_ylim(bottom=-(len(taus) + 1) * height)


@plot(world_numbers)
def worlds(data: Material, suffix: str = "", *, ax: Any = None) -> Drawing:
    """The challenger's token share with and without the incumbent's moves, and the paired effect.

    The names of the worlds end with `suffix`, such as ``"_challenger_hosts"``.
    """
    table = world_numbers(data, suffix)
    fig, (left, right) = new_axes(ax, columns=2, size=SIZE)
    bands = table[table["tau"].isna()]
    taus = table[table["tau"].notna()]
    effects = {
        str(point).removesuffix(suffix): rows["tau"].to_numpy()
        for point, rows in taus.groupby("point", sort=False)
    }
    edges = common_edges([PERCENT * tau for tau in effects.values()], BINS)
    for place, (point, rows) in enumerate(bands.groupby("point", sort=False)):
        base = str(point).removesuffix(suffix)
        look = _look(data, base)
        draw_bands(left, rows, look, look.label, place)
        if base in effects:
            _draw_tau(right, effects[base], edges, look)
    _draw_ticks(right, effects)
    _label_worlds(data, left, right)
    for axis in (left, right):
        legend_below(axis)
    note = "Legend of tau: mean with paired t interval, 95 %; ticks: single pairs of runs"
    write_caption(fig, data.caption(int(bands["n"].max()), INTERVAL, note))
    return fig, np.array([left, right], dtype=object)


def _label_worlds(data: Material, left: Axes, right: Axes) -> None:
    label = data.style(data.contest[1]).label
    label_axis(left.yaxis, f"{label}: {in_words(SHARE)}", data.unit(SHARE))
    label_months(left)
    left.set_title("With and without the incumbent's moves")
    minimum = PERCENT * data.thresholds.minimum_effect
    right.axvline(0.0, color="black", linewidth=0.8)
    right.axvline(
        minimum,
        color="black",
        linewidth=0.8,
        linestyle=":",
        label=f"smallest effect that counts: {minimum:.1f}",
    )
    right.set_title("Paired effect tau = share off - share on")
    months = data.thresholds.window_months
    right.set_xlabel(f"tau, mean of the last {months} months [percentage points]")
    right.set_ylabel("pairs of runs [count]")


SIZE_BELTS = (11.0, 4.2)
BELTS = {
    "platform_token_share": "Belt 1: platform tokens",
    "full_stack_revenue_share": "Belt 2: full-stack revenue",
    "family_token_share": "Third: tokens by model family",
}


def belt_numbers(data: Material, point: str = ON) -> pd.DataFrame:
    """Bands of the three shares, one below the other; see `band_table`."""
    return pd.concat([band_table(data, measure, point) for measure in BELTS], ignore_index=True)


@plot(belt_numbers)
def belts(data: Material, point: str = ON, *, ax: Any = None) -> Drawing:
    """Shares of platform tokens, full-stack revenue and family tokens side by side."""
    table = belt_numbers(data, point)
    fig, axes = new_axes(ax, columns=len(BELTS), size=SIZE_BELTS, sharex=True, sharey=True)
    recorded = False
    for axis, (measure, title) in zip(axes, BELTS.items(), strict=True):
        recorded |= draw_measure(axis, data, table[table["measure"] == measure])
        axis.set_title(title)
    axes[0].set_ylim(bottom=0.0)
    write_legend(fig, axes, ax is None)
    note = RECORD_NOTE if recorded else ""
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL, note))
    return fig, axes
