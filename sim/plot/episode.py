"""The picture of an episode: one measure, with and without what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.experiment.worlds import EPISODE_OFF, ON
from sim.plot.bands import INTERVAL, band_table, draw_bands
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

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material
    from sim.scenario.schema.episode import Episode


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
