"""Figures without a screen: axes, titles that say what was found, captions, units, labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial
from math import floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.rounding import unit_in_words
from sim.plot.style import INK, NEUTRAL, PALE, readable, tell_boxes
from sim.plot.words import in_words as in_words
from sim.plot.words import magnitude

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    Drawing = tuple[Figure, Any]

FloatArray = npt.NDArray[np.float64]

PERCENT = 100.0
CAPTION_SIZE, LABEL_SIZE, SUBTITLE_SIZE, TITLE_SIZE = 7.0, 8.0, 9.0, 12.0
PANEL_TITLE_SIZE = 9.0
LINE_HEIGHT = 1.3
EDGE = 0.12
"""Inches between text and the edge of the canvas."""
POINTS_AN_INCH = 72.0
PANEL_PART = 0.9
"""Part of the axes, before they are laid out, that the name of one of them may take."""
LABEL_WIDTH = 1.45
"""Inches in which a label beside a line is wrapped."""
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


def write_frame(
    fig: Figure, axes: Any, own_figure: bool, title: str, subtitle: str, caption: str
) -> None:
    """What was found over the panels, the measure and its unit below that, the source at the foot.

    Called last: an own figure grows by the height of the text, and labels at line ends are moved
    apart. On axes that were given the title stands over the first of them.
    """
    from matplotlib.text import Text

    every = np.asarray(axes, dtype=object).ravel()
    if own_figure:
        _write_head(fig, title, subtitle)
    else:
        width = every[0].get_position().width * fig.get_figwidth()
        wrapped = [wrap(text, width, PANEL_TITLE_SIZE) for text in (title, subtitle) if text]
        every[0].set_title("\n".join(wrapped), fontsize=PANEL_TITLE_SIZE, loc="left")
    write_caption(fig, caption)
    _wrap_axis_labels(fig, every)
    engine = fig.get_layout_engine()
    if engine is not None:
        engine.execute(fig)
    _spread_labels(fig, every)
    for text in fig.findobj(Text):
        tell_boxes(text.get_text())


TITLE = "finding"  # names the title in an SVG file


def _write_head(fig: Figure, title: str, subtitle: str) -> None:
    width, height = fig.get_size_inches()
    inside = width - 2.0 * EDGE
    lines = wrap(title, inside, TITLE_SIZE, "bold")
    below = wrap(subtitle, inside, SUBTITLE_SIZE)
    title_height = _height_of(lines, TITLE_SIZE)
    head = EDGE + title_height + _height_of(below, SUBTITLE_SIZE) + EDGE / 2.0
    total = height + head
    fig.set_size_inches(width, total)
    kind: dict[str, Any] = {"ha": "left", "va": "top", "linespacing": LINE_HEIGHT - 0.1}
    place = {"x": EDGE / width, "y": 1.0 - EDGE / total}
    style: dict[str, Any] = {"fontsize": TITLE_SIZE, "fontweight": "bold", "in_layout": False}
    fig.suptitle(lines, **place, **kind, **style, gid=TITLE)
    under = (EDGE / width, 1.0 - (EDGE + title_height) / total)
    fig.text(*under, below, **kind, fontsize=SUBTITLE_SIZE, color=NEUTRAL, in_layout=False)
    engine: Any = fig.get_layout_engine()
    engine.set(rect=(0.0, 0.0, 1.0, height / total))


def _wrap_axis_labels(fig: Figure, axes: Iterable[Axes]) -> None:
    """Names of axes no longer than the axes."""
    for ax in axes:
        box = ax.get_position()
        wide, high = PANEL_PART * box.width * fig.get_figwidth(), box.height * fig.get_figheight()
        for axis, inches in ((ax.xaxis, wide), (ax.yaxis, PANEL_PART * high)):
            size = float(axis.label.get_fontsize())
            axis.set_label_text(wrap(axis.get_label_text(), inches, size))


def _height_of(text: str, size: float) -> float:
    return (text.count("\n") + 1) * size * LINE_HEIGHT / POINTS_AN_INCH if text else 0.0


PIECE = re.compile(r"[⺀-鿿＀-￯]|[^ \t\n⺀-鿿＀-￯]+|[ \t]+|\n")
"""A word, a Chinese character, or what stands between words."""


FINE, TIGHT = 4.0, 0.94
"""Text is measured this much larger, as no pixel is rounded then; and drawn a little wider."""


def wrap(text: str, inches: float, size: float, weight: str = "normal") -> str:
    """A text in lines that are no wider than `inches`; a word that is wider is cut."""
    width = partial(_width, size=size, weight=weight)
    lines: list[str] = []
    line, used = "", 0.0
    for piece in PIECE.findall(text.replace(" %", "\u00a0%")):
        if piece == "\n":
            lines.append(line)
            line, used = "", 0.0
        elif used + width(piece) <= inches:
            line += piece
            used += width(piece)
        else:
            if line.strip():
                lines.append(line.rstrip())
            *cut, line = _cut(piece.strip(), inches, width)
            lines += cut
            used = width(line)
    return "\n".join([*lines, line.rstrip()] if line.strip() else lines)


@lru_cache(maxsize=4096)
def _width(text: str, size: float, weight: str) -> float:
    """Width of a text in inches."""
    from matplotlib.font_manager import FontProperties

    font = FontProperties(size=size * FINE, weight=weight)
    found: float = _ruler().get_text_width_height_descent(text, font, False)[0]
    return found / (POINTS_AN_INCH * FINE * TIGHT)


@cache
def _ruler() -> Any:
    """A renderer that measures text, of one pixel a point."""
    from matplotlib.backends.backend_agg import RendererAgg

    renderer: Any = RendererAgg
    return renderer(1, 1, POINTS_AN_INCH)


def _cut(word: str, inches: float, width: Callable[[str], float]) -> list[str]:
    """A word in parts that fit, at an underscore, dot or dash where there is one."""
    parts = []
    while word and width(word) > inches:
        fit = next((n for n in range(len(word) - 1, 1, -1) if width(word[:n]) <= inches), 1)
        breaks = [word.rfind(sign, 0, fit) + 1 for sign in "._-/"]
        at = max(breaks) if max(breaks) > fit // 3 else fit
        parts.append(word[:at])
        word = word[at:]
    return [*parts, word]


def write_caption(fig: Figure, text: str) -> None:
    """Caption under the figure, wrapped to its width; captions of several axes add up."""
    known = fig.get_supxlabel()
    width = fig.get_figwidth() - 2.0 * EDGE
    wrapped = wrap(text, width, CAPTION_SIZE)
    if wrapped in known:
        return
    fig.supxlabel(
        f"{known}\n{wrapped}" if known else wrapped,
        x=EDGE / fig.get_figwidth(),
        ha="left",
        fontsize=CAPTION_SIZE,
        color=NEUTRAL,
    )


def write_title(ax: Axes, text: str, colour: str = INK) -> None:
    """Title over one panel, wrapped to its width."""
    spec = ax.get_subplotspec()
    fig: Any = ax.figure
    columns = spec.get_gridspec().ncols if spec is not None else 1
    width = 0.8 * fig.get_figwidth() / columns
    wrapped = wrap(text, width, PANEL_TITLE_SIZE, "bold")
    ax.set_title(wrapped, fontsize=PANEL_TITLE_SIZE, color=colour, fontweight="bold")


def label_cells(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Names of the rows and columns of a heat map."""
    if any("\n" in name for name in columns):
        ax.set_xticks(range(len(columns)), columns, rotation=90)
    else:
        ax.set_xticks(range(len(columns)), columns, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(visible=False)


def label_axis(axis: Axis, name: str, unit: str) -> None:
    """Name and unit of an axis, called when all is drawn.

    Shares are shown in per cent, large numbers in thousands, millions or billions.
    """
    from matplotlib.ticker import FuncFormatter

    words = unit_in_words(unit)
    if unit == "share":
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{PERCENT * value:.6g}"))
    elif axis.get_scale() == "linear":
        factor, words = magnitude(max(map(abs, axis.get_view_interval())), unit)
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / factor:.6g}"))
    axis.set_label_text(f"{name}, {words}" if words else name)


def log_ticks(axis: Axis) -> None:
    """At least four plain numbers on a logarithmic axis, whatever it spans."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    low, high = sorted(axis.get_view_interval())
    decades = range(floor(log10(low)), floor(log10(high)) + 1)
    for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)):
        ticks = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
        if len(ticks) >= 4:
            break
    else:
        from matplotlib.ticker import MaxNLocator

        found = MaxNLocator(5).tick_values(low, high)
        ticks = [float(tick) for tick in found if low <= tick <= high and tick > 0.0]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def label_months(ax: Axes) -> None:
    """Dates on the horizontal axis, as short as they can be."""
    from matplotlib.dates import MONTHLY, AutoDateLocator, ConciseDateFormatter, num2date

    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    locator.intervald[MONTHLY] = [1, 2, 3, 4, 6, 12]  # without 12 nothing fits 31 to 35 months
    date_of: Any = num2date
    ax.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(formatter)
    years = {date_of(day).year for day in ax.dataLim.intervalx if np.isfinite(day)}
    ax.set_xlabel(f"month of {years.pop()}" if len(years) == 1 else "month")


END_LABEL = "label at a line's end"
GAP = 2.0
"""Points between two labels."""


def label_end(ax: Axes, y: float, text: str, colour: str) -> None:
    """The name of a line at its right end, in place of a legend; `write_frame` moves it clear."""
    if not np.isfinite(y):
        return
    label = ax.annotate(
        wrap(text, LABEL_WIDTH, LABEL_SIZE),
        xy=(1.0, y),
        xycoords=ax.get_yaxis_transform(),
        xytext=(9.0, 0.0),
        textcoords="offset points",
        color=readable(colour),
        fontsize=LABEL_SIZE,
        ha="left",
        va="center",
        annotation_clip=False,
        linespacing=1.1,
        arrowprops={
            "arrowstyle": "-",
            "color": PALE,
            "linewidth": 0.6,
            "relpos": (0.0, 0.5),
            "shrinkA": 1.0,
            "shrinkB": 0.0,
        },
    )
    label.set_gid(END_LABEL)


def _spread_labels(fig: Figure, axes: Iterable[Axes]) -> None:
    """Move labels at line ends so far apart that none hides another."""
    labels = {ax: [t for t in ax.texts if t.get_gid() == END_LABEL] for ax in axes}
    if not any(labels.values()):
        return
    for ax, own in labels.items():
        if own:
            _spread(fig, ax, own)


def _spread(fig: Figure, ax: Axes, labels: Sequence[Any]) -> None:
    from matplotlib.text import Text

    points = POINTS_AN_INCH / fig.dpi
    found: list[tuple[float, float, Annotation]] = []
    for label in labels:
        height = Text.get_window_extent(label).height * points
        y = float(ax.get_yaxis_transform().transform((1.0, label.xy[1]))[1]) * points
        found.append((y, height + GAP, label))
    found.sort(key=lambda one: one[0])
    wanted, heights = (np.array([one[k] for one in found]) for k in (0, 1))
    box = ax.get_window_extent()
    places = spread_out(wanted, heights, box.y0 * points, box.y1 * points)
    for (y, _, label), place in zip(found, places, strict=True):
        label.set_position((9.0, float(place - y)))


def spread_out(wanted: FloatArray, heights: FloatArray, low: float, high: float) -> FloatArray:
    """Middles of boxes that do not overlap and lie as near as can be to where they are wanted.

    Least squares (pool adjacent violators) over boxes in ascending order; within low and high if
    there is room, else from the top down.
    """
    below = np.cumsum(heights) - heights / 2.0  # middles of the boxes stacked from 0
    blocks: list[list[float]] = []
    for value in wanted - below:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, n), (two, m) = blocks[-2:]
            blocks[-2:] = [[(one * n + two * m) / (n + m), n + m]]
    base = np.concatenate([np.full(int(n), value) for value, n in blocks])
    most = high - float(heights.sum())
    return np.clip(base, min(low, most), most) + below


def write_legend(fig: Figure, ax: Any, own_figure: bool) -> None:
    """One legend of all axes: beside the axes of an own figure, inside the axes that were given."""
    every = np.asarray(ax, dtype=object).ravel()
    handles: dict[str, Any] = {}
    for one in every:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if not handles:
        return
    labels = [wrap(label, 2.0, LABEL_SIZE) for label in handles]
    if own_figure:
        beside: dict[str, Any] = {
            "loc": "upper left",
            "bbox_to_anchor": (1.02, 1.0),
            "borderaxespad": 0.0,
        }
        _upper_right(every).legend(handles.values(), labels, **beside)
    else:
        every[0].legend(handles.values(), labels)


def _upper_right(axes: Iterable[Axes]) -> Axes:
    def place(ax: Axes) -> tuple[int, int]:
        spec = ax.get_subplotspec()
        return (-spec.rowspan.start, spec.colspan.stop) if spec is not None else (0, 0)

    return max(axes, key=place)


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
