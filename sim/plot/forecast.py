"""Pictures of forecasts: what was recorded of a metric family, and the bands of what will be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from sim.plot.canvas import HEIGHT, WIDTH, in_words, label_months, new_axes, write_caption
from sim.plot.canvas import write_title as _title
from sim.plot.style import COLOURS, LINES, MARKERS, NARROW_BAND, WIDE_BAND, VendorStyle, settings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INTERVAL = (
    "Lines: medians; bands: 50 % and 90 % of the draws; points: the record, sums at the rate of "
    "the period that is forecast"
)
BANDS = (("q05", "q95", WIDE_BAND), ("q25", "q75", NARROW_BAND))
SPREAD = 20.0
"""Ratio of the largest to the smallest figure from which an axis is logarithmic."""


def draw_family(
    table: pd.DataFrame,
    recorded: pd.DataFrame,
    finding: str,
    caption: str,
    styles: Mapping[str, VendorStyle] | None = None,
    ax: Any = None,
) -> tuple[Figure, Any]:
    """Forecasts of one metric family, one panel for each metric.

    Parameters
    ----------
    table
        Rows of `forecast_table`.
    recorded
        Columns metric, entity, period_start, period_end, value: the record before the cut.
    finding, caption
        Title of the figure, text under it.
    styles
        Looks of entities; those without one take the next of the palette.
    ax
        As many axes as metrics.
    """
    import matplotlib.style

    metrics = list(dict.fromkeys(zip(table["metric"], table["unit"], strict=True)))
    with matplotlib.style.context(["default", settings()]):
        height = HEIGHT if len(metrics) == 1 else 0.75 * HEIGHT * len(metrics)
        fig, axes = new_axes(ax, rows=len(metrics), size=(WIDTH, height), sharex=True)
        panels = [axes] if len(metrics) == 1 else list(axes)
        for panel, (metric, unit) in zip(panels, metrics, strict=True):
            rows = table[table["metric"] == metric]
            _panel(panel, rows, recorded[recorded["metric"] == metric], styles or {})
            label = in_words(metric) if len(metric) < 40 else in_words(metric)[:38] + "..."
            panel.set_ylabel(f"{label}\n[{unit}]", fontsize=7)
        for panel in panels[:-1]:
            panel.set_xlabel("")
        _title(panels[0], finding)
        write_caption(fig, f"{caption} {INTERVAL}.")
    return fig, axes


def _panel(
    ax: Axes, rows: pd.DataFrame, recorded: pd.DataFrame, styles: Mapping[str, VendorStyle]
) -> None:
    """Bands and recorded points of each entity."""
    entities = list(dict.fromkeys(rows["entity"]))
    for entity, look in zip(entities, _looks(entities, styles), strict=True):
        own = _one_length(rows[rows["entity"] == entity])
        times = _middles(own)
        for low, high, opacity in BANDS:
            ax.fill_between(
                times, own[low], own[high], color=look.colour, alpha=opacity, linewidth=0.0
            )
        ax.plot(
            times,
            own["q50"],
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markevery=max(1, len(own) // 6),
            label=look.label,
        )
        known = recorded[recorded["entity"] == entity]
        ax.plot(
            _middles(known),
            known["value"],
            linestyle="",
            marker=look.marker,
            color=look.colour,
            markeredgecolor="black",
            markersize=7.0,
            zorder=5,
        )
    wide = rows["q05"].min() > 0.0 and rows["q95"].max() > SPREAD * rows["q05"].min()
    if wide and (rows["unit"] != "%").all():
        ax.set_yscale("log")
    label_months(ax)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def _one_length(rows: pd.DataFrame) -> pd.DataFrame:
    """The shortest periods alone: sums over periods of two lengths are not one line."""
    days = _days(rows["period_end"]) - _days(rows["period_start"])
    months = (days.dt.days / 30.4).round()
    return rows[months == months.min()].sort_values("period_end")


def _days(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    return pd.to_datetime(column)


def _middles(rows: pd.DataFrame) -> Any:
    start, end = _days(rows["period_start"]), _days(rows["period_end"])
    return (start + (end - start) / 2).to_numpy()


def _looks(entities: Sequence[str], styles: Mapping[str, VendorStyle]) -> list[VendorStyle]:
    taken = {styles[entity].colour for entity in entities if entity in styles}
    free = cycle([colour for colour in COLOURS if colour not in taken] or COLOURS)
    return [
        styles[entity]
        if entity in styles
        else VendorStyle(
            entity, next(free), LINES[place % len(LINES)], MARKERS[place % len(MARKERS)]
        )
        for place, entity in enumerate(entities)
    ]
