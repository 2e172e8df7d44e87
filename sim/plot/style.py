"""How every figure looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from math import dist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


# Okabe & Ito (2008), "Color Universal Design", without the yellow that white paper swallows.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#7F7F7F",
)
LINES: tuple[Any, ...] = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
NEUTRAL = "#333333"
PALE = "#8C8C8C"
ALIKE = 0.3
"""Distance in RGB (each 0-1) under which two colours are taken for one."""
SEQUENTIAL = "cividis"
SHORT_HASH = 8
WIDE_BAND, NARROW_BAND = 0.12, 0.28
"""Opacity of the 90 % and 50 % bands."""

RC: dict[str, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    "svg.hashsalt": "sim",
}
FALLBACK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
)
"""Fonts with Chinese characters; those of them that are installed are used where needed."""


@cache
def settings() -> dict[str, Any]:
    """The style of all figures on this machine."""
    from matplotlib.font_manager import fontManager

    there = set(fontManager.get_font_names())
    return {**RC, "font.family": ["DejaVu Sans", *(f for f in FALLBACK_FONTS if f in there)]}


@dataclass(frozen=True)
class VendorStyle:
    """How one vendor is drawn in all figures."""

    label: str
    colour: str
    line: Any
    marker: str


def palette_style(place: int, label: str, colour: str = "") -> VendorStyle:
    """The look at a place of the palette, in a colour of its own if one is given."""
    return VendorStyle(
        label,
        colour or COLOURS[place % len(COLOURS)],
        LINES[place % len(LINES)],
        MARKERS[place % len(MARKERS)],
    )


def vendor_styles(scenario: Scenario) -> Mapping[str, VendorStyle]:
    """Style of each vendor: the scenario's colour or the next free one of the palette.

    Lines and markers differ by position, so that vendors differ in grey.
    """
    taken = [vendor.colour for vendor in scenario.vendors.values() if vendor.colour]
    free = cycle([c for c in COLOURS if all(_distance(c, t) > ALIKE for t in taken)] or COLOURS)
    return {
        name: palette_style(
            place, vendor.label or name.replace("_", " "), vendor.colour or next(free)
        )
        for place, (name, vendor) in enumerate(scenario.vendors.items())
    }


def _distance(one: str, other: str) -> float:
    from matplotlib.colors import to_rgb

    return dist(to_rgb(one), to_rgb(other))
