"""How every figure looks, and the caption that no figure goes without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from math import dist
from typing import TYPE_CHECKING, Any

from sim.errors import SimError

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


def vendor_styles(scenario: Scenario) -> Mapping[str, VendorStyle]:
    """Style of each vendor: the scenario's colour or the next free one of the palette.

    Lines and markers differ by position, so that vendors are told apart in grey.
    """
    taken = [vendor.colour for vendor in scenario.vendors.values() if vendor.colour]
    free = cycle([c for c in COLOURS if all(_distance(c, t) > ALIKE for t in taken)] or COLOURS)
    return {
        name: VendorStyle(
            label=vendor.label or name.replace("_", " "),
            colour=vendor.colour or next(free),
            line=LINES[place % len(LINES)],
            marker=MARKERS[place % len(MARKERS)],
        )
        for place, (name, vendor) in enumerate(scenario.vendors.items())
    }


def _distance(one: str, other: str) -> float:
    from matplotlib.colors import to_rgb

    return dist(to_rgb(one), to_rgb(other))


SHORT_HASH = 8


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of a figure come from.

    Raises
    ------
    SimError
        If the seed or the scenario's hash is missing.
    """

    scenario: str
    scenario_hash: str
    seed: int | None

    def __post_init__(self) -> None:
        missing = [
            name
            for name, there in (
                ("root seed", self.seed is not None),
                ("scenario hash", bool(self.scenario_hash)),
            )
            if not there
        ]
        if missing:
            raise SimError(f"no figure without its {' and '.join(missing)}")

    def caption(self, runs: int, interval: str, note: str = "", asked: int | None = None) -> str:
        """Caption of a figure of `runs` runs (of `asked`, if some failed) a world.

        Raises
        ------
        SimError
            If there is no run or the kind of interval is not named.
        """
        if runs < 1:
            raise SimError("no figure without a finished run")
        if not interval:
            raise SimError("no figure without the name of its interval")
        of = f" of {asked}" if asked is not None and asked != runs else ""
        source = f"scenario {self.scenario} {self.scenario_hash[:SHORT_HASH]}"
        facts = f"n = {runs}{of} runs a world, root seed {self.seed}, {source}. {interval}."
        return f"{facts} {note}." if note else facts
