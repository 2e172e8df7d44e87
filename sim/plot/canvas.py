"""Figures without a screen: axes, captions, units and legends."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    Drawing = tuple[Figure, Any]

FloatArray = npt.NDArray[np.float64]

PERCENT = 100.0
CAPTION_SIZE = 7
TITLE_SIZE = 9
TITLE_CHARACTERS_AN_INCH = 10.0
CHARACTERS_AN_INCH = 17.5
WIDTH = 7.5
HEIGHT = 4.2


def new_axes(
    ax: Any = None,
    rows: int = 1,
    columns: int = 1,
    size: tuple[float, float] | None = None,
    **sharing: Any,
) -> tuple[Figure, Any]:
    """The figure and axes to draw on: those given, or a new figure on an Agg canvas.

    Parameters
    ----------
    ax
        One Axes, or rows x columns of them in any nesting; None makes a new figure.

    Returns
    -------
    The figure, and one Axes or a flat array of rows x columns of them.

    Raises
    ------
    ValueError
        If the number of axes given is wrong.
    """
    wanted = rows * columns
    if ax is not None:
        given = np.asarray(ax, dtype=object).ravel()
        if given.size != wanted:
            raise ValueError(f"this figure needs {wanted} axes, got {given.size}")
        return given[0].figure, given[0] if wanted == 1 else given
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = Figure(figsize=size or (WIDTH, HEIGHT), layout="constrained")
    FigureCanvasAgg(fig)
    made = fig.subplots(rows, columns, squeeze=False, **sharing).ravel()
    return fig, made[0] if wanted == 1 else made


def write_caption(fig: Figure, text: str) -> None:
    """Caption under the figure, wrapped to its width; captions of several axes add up."""
    width = max(20, int(fig.get_figwidth() * CHARACTERS_AN_INCH))
    known = fig.get_supxlabel()
    wrapped = textwrap.fill(text.replace(" %", "\u00a0%"), width, break_on_hyphens=False)
    if wrapped in known:
        return
    fig.supxlabel(
        f"{known}\n{wrapped}" if known else wrapped,
        x=0.01,
        ha="left",
        fontsize=CAPTION_SIZE,
        color="#333333",
    )


def in_words(name: str) -> str:
    """A name of the code as people read it."""
    return name.replace("_", " ")


def write_title(ax: Axes, text: str) -> None:
    """Title over the axes, wrapped to their width in a figure of this size."""
    width = int(WIDTH * TITLE_CHARACTERS_AN_INCH)
    ax.set_title(textwrap.fill(text, width), fontsize=TITLE_SIZE)


def label_cells(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Names of the rows and columns of a heat map."""
    ax.set_xticks(range(len(columns)), columns, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(visible=False)


def label_axis(axis: Axis, name: str, unit: str) -> None:
    """Name and unit of an axis; shares are shown in per cent, large numbers in powers of ten."""
    from matplotlib.ticker import PercentFormatter, ScalarFormatter

    if unit == "share":
        axis.set_major_formatter(PercentFormatter(xmax=1.0, symbol=""))
        unit = "%"
    elif axis.get_scale() == "linear":
        formatter = ScalarFormatter(useMathText=True)
        formatter.set_powerlimits((-3, 5))
        axis.set_major_formatter(formatter)
    axis.set_label_text(f"{name} [{unit}]")


def label_months(ax: Axes) -> None:
    """Dates on the horizontal axis, as short as they can be."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    ax.set_xlabel("month")


def write_legend(fig: Figure, ax: Any, own_figure: bool) -> None:
    """One legend of all axes: beside the axes of an own figure, inside the axes that were given."""
    handles: dict[str, Any] = {}
    for one in np.asarray(ax, dtype=object).ravel():
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if not handles:
        return
    if own_figure:
        fig.legend(handles.values(), handles.keys(), loc="outside right upper")
    else:
        np.asarray(ax, dtype=object).ravel()[0].legend(handles.values(), handles.keys())


def legend_below(ax: Axes) -> None:
    """Legend under the axes it belongs to, where it hides nothing."""
    ax.legend(loc="upper left", bbox_to_anchor=(0.0, -0.18), borderaxespad=0.0)


def common_edges(groups: Iterable[npt.ArrayLike], bins: tuple[int, int]) -> FloatArray:
    """Edges of bins for several samples on one axis, as fine as the narrowest sample asks for.

    The narrowest width of Freedman & Diaconis (1981) over the samples, but within the smallest
    and largest number of `bins` over the whole range.
    """
    samples = [np.asarray(group, dtype=np.float64) for group in groups]
    low, high = min(x.min() for x in samples), max(x.max() for x in samples)
    if high <= low:
        return np.array([low - 0.5, low + 0.5])
    widths = [np.ptp(x) / (len(np.histogram_bin_edges(x, bins="fd")) - 1) for x in samples]
    width = min((w for w in widths if w > 0.0), default=high - low)
    count = int(np.clip(np.ceil((high - low) / width), *bins))
    return np.linspace(low, high, count + 1)
