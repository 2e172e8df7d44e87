"""The challenger with and without the incumbent's moves; the two belts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.rounding import more_or_less, spread
from sim.analysis.statistics import mean_interval
from sim.errors import SimError
from sim.plot.canvas import (
    PERCENT,
    common_edges,
    label_axis,
    label_end,
    label_months,
    new_axes,
    write_frame,
    write_legend,
    write_title,
)
from sim.plot.curves import (
    INTERVAL,
    MOST_NAMES,
    RECORD_NOTE,
    band_table,
    draw_bands,
    draw_measure,
    end_of,
)
from sim.plot.registry import plot
from sim.plot.style import MOST_BANDS, NEUTRAL, PALE, VendorStyle, capital
from sim.plot.words import amount, headline, in_words, world_title
from sim.runs.worlds import OFF_MONEY_IN_PRICE, OFF_MONEY_KEPT, ON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing, FloatArray
    from sim.plot.material import Material


SHARE = "platform_token_share"
SIZE = (10.5, 4.2)
BINS = (10, 60)
LOOKS = {OFF_MONEY_KEPT: (NEUTRAL, "--", "s"), OFF_MONEY_IN_PRICE: (PALE, "-.", "^")}
SHORT = {ON: "as it stands", OFF_MONEY_KEPT: "money kept", OFF_MONEY_IN_PRICE: "money in prices"}


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
        return VendorStyle("As it stands", own.colour, "-", own.marker)
    incumbent = data.style(data.contest[0]).label
    return VendorStyle(f"Without {incumbent}'s moves, {SHORT[base]}", *LOOKS[base])


def _draw_tau(ax: Axes, tau: FloatArray, edges: Any, look: VendorStyle) -> None:
    points = PERCENT * tau
    ax.hist(points, bins=edges, color=look.colour, alpha=0.25, linewidth=0.0)
    ax.hist(points, bins=edges, color=look.colour, histtype="step", linestyle=look.line)
    ax.axvline(float(points.mean()), color=look.colour, linestyle=look.line, linewidth=1.2)


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
        label_end(left, end_of(rows), look.label, look.colour)
        if base in effects:
            _draw_tau(right, effects[base], edges, look)
    _label_worlds(data, left, right)
    _label_effects(data, right, effects)
    months = data.thresholds.window_months
    hosting = f" {world_title(data, f'on{suffix}').partition('; ')[2]}." if suffix else ""
    subtitle = (
        f"Platform token share of {data.style(data.contest[1]).label}, %, and its paired change, "
        f"points; mean of the last {months} months.{hosting}"
    )
    note = "Effect: mean of the pairs with paired t interval, 95 %"
    caption = data.caption(int(bands["n"].max()), INTERVAL, note)
    write_frame(fig, (left, right), ax is None, _title(data, effects, suffix), subtitle, caption)
    return fig, np.array([left, right], dtype=object)


def _title(data: Material, effects: dict[str, FloatArray], suffix: str) -> str:
    tau = next(iter(effects.values()))
    incumbent, challenger = (data.style(name).label for name in data.contest)
    on = data.ends(SHARE, f"{ON}{suffix}")[data.contest[1]]
    found = mean_interval(tau)
    change, interval = more_or_less(found.mean, *found.interval)
    bounds = f" ({interval})" if interval else ""
    return (
        f"{challenger} holds {amount(on, 'share')} of platform tokens; without {incumbent}'s moves "
        f"it would hold {amount(on + found.mean, 'share')}, {change}{bounds}"
    )


def _label_worlds(data: Material, left: Axes, right: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    label_axis(left.yaxis, in_words(SHARE), data.unit(SHARE))
    label_months(left)
    left.margins(x=0.02)
    write_title(left, "With and without the moves")
    right.axvline(0.0, color="black", linewidth=0.8)
    minimum = PERCENT * data.thresholds.minimum_effect
    right.axvline(minimum, color="black", linewidth=0.8, linestyle=":")
    write_title(right, "Effect of the moves, one count a pair of runs")
    right.set_xlabel("share without less share with the moves, percentage points")
    right.set_ylabel("pairs of runs")
    right.yaxis.set_major_locator(MaxNLocator(integer=True))


def _label_effects(data: Material, ax: Axes, effects: dict[str, FloatArray]) -> None:
    for base, tau in effects.items():
        found = mean_interval(PERCENT * tau)
        said = f"{SHORT[base]}: {spread(found.mean, *found.interval)}"
        colour, line, _ = LOOKS[base]
        ax.plot([], [], color=colour, linestyle=line, label=said)
    minimum = PERCENT * data.thresholds.minimum_effect
    ax.plot([], [], color="black", ls=":", lw=0.8, label=f"least that counts: {minimum:.1f}")
    write_legend(ax.figure, ax, True)  # type: ignore[arg-type]


SIZE_BELTS = (11.0, 3.9)
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
        write_title(axis, title)
        axis.set_ylabel("")
    axes[0].set_ylim(bottom=0.0)
    axes[0].set_ylabel("share, %")
    months = data.thresholds.window_months
    subtitle = (
        "Shares of platform tokens, of full-stack revenue and of tokens by model family, % by "
        f"month. Title: means of the last {months} months."
    )
    notes = [RECORD_NOTE] if recorded else []
    vendors = table["vendor"].nunique()
    if vendors > MOST_BANDS:
        rest = ", the smallest without a name" if vendors > MOST_NAMES else ""
        notes.append(f"Bands of the rivals and the next two, thin lines: other vendors{rest}")
    caption = data.caption(int(table["n"].max()), INTERVAL, ". ".join(map(capital, notes)))
    write_frame(fig, axes, ax is None, _belts_title(data, point), subtitle, caption)
    return fig, axes


def _belts_title(data: Material, point: str) -> str:
    """Both belts of the challenger, or of the largest vendor."""
    said = headline(data, SHARE, point)
    revenue = data.ends("full_stack_revenue_share", point)
    who = data.rivals[0] if data.rivals else max(revenue, key=lambda name: revenue[name])
    if who not in revenue:
        return said
    tokens = amount(data.ends(SHARE, point).get(who, 0.0), "share")
    money = amount(revenue[who], "share")
    first = f"{data.style(who).label} holds {tokens} of platform tokens and {money} of revenue"
    if len(data.rivals) < 2 or data.rivals[1] not in revenue:
        return first
    other = data.rivals[1]
    tokens = amount(data.ends(SHARE, point).get(other, 0.0), "share")
    return f"{first}; {data.style(other).label} {tokens} and {amount(revenue[other], 'share')}"
