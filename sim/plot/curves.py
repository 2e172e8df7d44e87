"""Outcome curves of measures, prices and episodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.plot.bands import INTERVAL, band_table, draw_bands, draw_recorded
from sim.plot.canvas import (
    in_words,
    label_axis,
    label_months,
    new_axes,
    write_caption,
    write_legend,
    write_title,
)
from sim.plot.registry import plot
from sim.plot.style import NEUTRAL, VendorStyle
from sim.runs.worlds import EPISODE_OFF, ON

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material
    from sim.scenario.schema.scenario import Episode


MEASURE = "platform_token_share"
MARKET = VendorStyle("market", NEUTRAL, "-", "o")
RECORD_NOTE = "Record points have the publisher's scope and are means over their period"


def curve_numbers(data: Material, measure: str = MEASURE, point: str = ON) -> pd.DataFrame:
    """Bands of one measure and what was recorded of it; see `band_table`."""
    return band_table(data, measure, point)


def draw_measure(ax: Axes, data: Material, table: pd.DataFrame) -> bool:
    """All vendors of a band table on one axes, with units; True if recorded points were drawn."""
    simulated = table[table["recorded"].isna()]
    names = list(dict.fromkeys(simulated.loc[simulated["median"].notna(), "vendor"]))
    styles = {name: data.style(name) if name else MARKET for name in names}
    for place, name in enumerate(names):
        rows = simulated[simulated["vendor"] == name]
        draw_bands(ax, rows, styles[name], styles[name].label, place)
    measure, unit = str(table["measure"].iloc[0]), str(table["unit"].iloc[0])
    label_axis(ax.yaxis, in_words(measure), unit)
    label_months(ax)
    return draw_recorded(ax, table, styles)


@plot(curve_numbers)
def curves(
    data: Material, measure: str = MEASURE, point: str = ON, *, ax: Any = None
) -> tuple[Figure, Axes]:
    """One measure by vendor over the months: median, 50 % and 90 % bands, recorded figures.

    Parameters
    ----------
    data
        A result or its `Material`.
    measure
        A stored measure with or without dim vendor.
    point
        World.

    Raises
    ------
    SimError
        If the measure or the world is not stored.
    """
    table = curve_numbers(data, measure, point)
    fig, axes = new_axes(ax)
    recorded = draw_measure(axes, data, table)
    world = "" if point == ON else f" World: {in_words(point)}."
    write_title(axes, f"{data.sentence(measure)}{world}")
    write_legend(fig, axes, ax is None)
    note = RECORD_NOTE if recorded else ""
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL, note))
    return fig, axes


TICKS = (1.0, 2.0, 5.0)


def price_numbers(data: Material, point: str = ON) -> pd.DataFrame:
    """Bands of the price index; see `band_table`."""
    return band_table(data, "price_index", point)


@plot(price_numbers)
def prices(data: Material, point: str = ON, *, ax: Any = None) -> tuple[Figure, Axes]:
    """Price index by vendor on a log axis: median, 50 % and 90 % bands.

    Raises
    ------
    SimError
        If price_index or the world is not stored, or nobody sold model calls.
    """
    table = price_numbers(data, point)
    if not (table["p95"] > 0.0).any():
        raise SimError("no price above 0 to draw on a log axis")
    fig, axes = new_axes(ax)
    axes.set_yscale("log")
    draw_measure(axes, data, table)
    _plain_ticks(axes)
    label_axis(axes.yaxis, "price index, log scale", data.unit("price_index"))
    write_title(axes, data.sentence("price_index"))
    write_legend(fig, axes, ax is None)
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL))
    return fig, axes


def _plain_ticks(ax: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    ax.yaxis.set_major_locator(LogLocator(subs=TICKS, numticks=12))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def episode_numbers(data: Material) -> pd.DataFrame:
    """Bands of the episode's measure in the world with and the world without it.

    Raises
    ------
    SimError
        The scenario has no `[episode]`, or its measure or world is not stored.
    """
    import pandas as pd

    asked = _episode(data)
    worlds = [ON] + ([EPISODE_OFF] if EPISODE_OFF in data.points else [])
    frames = [band_table(data, asked.measure, world) for world in worlds]
    table = pd.concat(frames, ignore_index=True).drop(columns=["period_end", "recorded"])
    names = asked.vendors or tuple(n for n in (data.incumbent, data.challenger) if n)
    if names and (table["vendor"] != "").any():
        table = table[table["vendor"].isin(names)]
    return table.dropna(subset=["median"]).reset_index(drop=True)


def _episode(data: Material) -> Episode:
    if data.episode is None or not data.episode.measure:
        raise SimError("this figure needs a scenario with an [episode]")
    return data.episode


@plot(episode_numbers)
def episode(data: Material, *, ax: Any = None) -> tuple[Figure, Axes]:
    """The episode's measure with and without what it is about: median, 50 % and 90 % bands.

    Raises
    ------
    SimError
        The scenario has no `[episode]`, or its measure or world is not stored.
    """
    asked = _episode(data)
    table = episode_numbers(data)
    fig, axes = new_axes(ax)
    if asked.log_axis and (table["p05"] > 0.0).all():
        axes.set_yscale("log")
    for place, ((world, vendor), rows) in enumerate(table.groupby(["point", "vendor"], sort=False)):
        with_it = world == ON
        own = data.style(str(vendor)) if str(vendor) else VendorStyle("market", NEUTRAL, "-", "o")
        line = "-" if with_it else ":"
        label = own.label if with_it else f"{own.label}, {asked.without_title}"
        look = VendorStyle(label, own.colour, line, own.marker)
        draw_bands(axes, rows, look, label, place)
    label_axis(axes.yaxis, in_words(asked.measure), data.unit(asked.measure))
    label_months(axes)
    write_title(axes, data.sentence(asked.measure))
    write_legend(fig, axes, ax is None)
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL))
    return fig, axes
