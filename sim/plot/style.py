"""How every figure looks."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from math import dist
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sim.scenario.schema.scenario import Scenario

T = TypeVar("T", bound="BaseModel")

INCUMBENT_COLOUR, CHALLENGER_COLOUR = "#E8710A", "#0B4F8A"
"""The two rivals in every picture: far apart in grey and for colour-blind readers."""
COLOURS = (
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#A83232",
    "#CDB04C",
    "#6B6B6B",
    "#F0A3C0",
    "#000000",
)
"""All other vendors: chosen so that any two stay apart under three kinds of colour blindness."""
LINES: tuple[Any, ...] = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
INK = "#262626"
NEUTRAL = "#444444"
PALE = "#8C8C8C"
FAINT = "#C9C9C9"
READABLE = 4.5
"""Contrast of text with its ground: level AA of the Web Content Accessibility Guidelines."""
ALIKE = 0.2
"""Distance in RGB (each 0-1) under which two colours are taken for one."""
SEQUENTIAL = "cividis"
MOST_BANDS = 4
"""Vendors with bands in one panel; more get panels of their own."""
SHORT_HASH = 8
WIDE_BAND, NARROW_BAND = 0.12, 0.28
"""Opacity of the 90 % and 50 % bands."""

RC: dict[str, Any] = {
    "axes.edgecolor": "#7A7A7A",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "hatch.linewidth": 0.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    "svg.hashsalt": "sim",
    "text.color": INK,
    "text.parse_math": False,  # names are no mathematics
    "xtick.color": "#7A7A7A",
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.color": "#7A7A7A",
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
}
FALLBACK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",  # matplotlib reads the first font of a collection: all of Noto's CJK fonts
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti TC",
    "Arial Unicode MS",
    "Microsoft YaHei",
    "SimHei",
    "SimSun",
)
"""Fonts with Chinese characters; those of them that are installed are used where needed."""
INSTALL = "install Noto Sans CJK (Debian, Ubuntu: fonts-noto-cjk)"

log = logging.getLogger(__name__)


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


@cache
def settings() -> dict[str, Any]:
    """The style of all figures on this machine."""
    from matplotlib.font_manager import fontManager

    there = set(fontManager.get_font_names())
    return {**RC, "font.family": ["DejaVu Sans", *(f for f in FALLBACK_FONTS if f in there)]}


@cache
def has_glyphs(text: str) -> bool:
    """Whether the fonts of the figures have every character of a text."""
    return text.isascii() or not _undrawn(text) or (_has_new_fonts() and not _undrawn(text))


def _undrawn(text: str) -> set[str]:
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    left = set(text) - set("\n\u00a0")
    for family in settings()["font.family"]:
        font = get_font(fontManager.findfont(FontProperties(family=family)))
        left = {c for c in left if not font.get_char_index(ord(c))}
    return left


@cache
def _has_new_fonts() -> bool:
    """Take in the fonts that were installed after matplotlib made its list, which it keeps."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {Path(entry.fname) for entry in fontManager.ttflist}
    fresh = sorted(path for path in findSystemFonts() if Path(path) not in known)
    for path in fresh:
        with suppress(OSError, RuntimeError):  # no font that can be read
            fontManager.addfont(path)
    settings.cache_clear()
    return bool(fresh)


def drawable(scenario: Scenario) -> Scenario:
    """The scenario with labels that the installed fonts have; others give way to plain names.

    What gives way is told in one line, once.
    """
    given: list[tuple[str, str]] = []

    def copied(part: T, **plain: str) -> T:
        """The part of the scenario with plain words for what cannot be drawn."""
        wrong = {key: word for key, word in plain.items() if not has_glyphs(getattr(part, key))}
        given.extend((getattr(part, key), word) for key, word in wrong.items())
        return part.model_copy(update=wrong) if wrong else part

    parts: dict[str, Any] = {
        kind: {name: copied(one, label=name.replace("_", " ")) for name, one in named.items()}
        for kind, named in (("vendors", scenario.vendors), ("families", scenario.families))
    }
    parts["episode"] = copied(scenario.episode, without_title="without it")
    parts["currency"] = copied(scenario.currency, name="money", symbol="")
    if not given:
        return scenario
    _tell_missing(tuple(given))
    return scenario.model_copy(update=parts)


@cache
def _tell_missing(pairs: tuple[tuple[str, str], ...]) -> None:
    said = ", ".join(f"{label} ({plain or 'nothing'})" for label, plain in pairs)
    log.warning("no installed font has %s: pictures say what stands in brackets; %s", said, INSTALL)


@cache
def tell_boxes(text: str) -> None:
    """Say in a line, once, that some characters of a text are drawn as boxes."""
    if not has_glyphs(text):
        said = "".join(sorted(_undrawn(text)))
        log.error("no installed font has %s: pictures show boxes; %s", said, INSTALL)


@dataclass(frozen=True)
class VendorStyle:
    """How one vendor is drawn in all figures."""

    label: str
    colour: str
    line: Any
    marker: str

    @property
    def ink(self) -> str:
        """The colour, as dark as text needs it."""
        return readable(self.colour)


def palette_style(place: int, label: str, colour: str = "") -> VendorStyle:
    """The look at a place of the palette, in a colour of its own if one is given."""
    return VendorStyle(
        label,
        colour or _PALETTE[place % len(_PALETTE)],
        LINES[place % len(LINES)],
        MARKERS[place % len(MARKERS)],
    )


_PALETTE = (CHALLENGER_COLOUR, INCUMBENT_COLOUR, *COLOURS)


def vendor_styles(scenario: Scenario) -> Mapping[str, VendorStyle]:
    """Style of each vendor, the same in all pictures and in all scenarios, as far as can be.

    A colour of the scenario wins. The two rivals of the contest have a colour of their own. Any
    other vendor has a place in the palette by its name; where two names ask for one place, the
    later one in the alphabet takes the next. Lines and markers differ, so that vendors differ in
    grey.
    """
    contest = scenario.contest
    rivals = {} if contest is None else {contest.incumbent: 1, contest.challenger: 0}
    colours = {name: vendor.colour for name, vendor in scenario.vendors.items() if vendor.colour}
    colours = {name: _PALETTE[place] for name, place in rivals.items()} | colours
    for name in sorted(set(scenario.vendors) - set(colours)):
        colours[name] = _free_colour(name, list(colours.values()))
    places = _places([name for name in scenario.vendors if name not in rivals])
    styles = {}
    for name, vendor in scenario.vendors.items():
        place = rivals[name] if name in rivals else len(rivals) + places[name]
        styles[name] = palette_style(place, vendor.label or name.replace("_", " "), colours[name])
    return styles


def _first_place(name: str) -> int:
    return zlib.crc32(name.encode()) % len(COLOURS)


def _free_colour(name: str, taken: Sequence[str]) -> str:
    """The colour that the letters of a name give, or the next that is unlike all those taken."""
    first = _first_place(name)
    around = [*COLOURS[first:], *COLOURS[:first]]
    unlike = [c for c in around if all(_distance(c, other) > ALIKE for other in taken)]
    return unlike[0] if unlike else min(around, key=taken.count)


def _places(names: Iterable[str]) -> dict[str, int]:
    """A place for each name: the one its letters give, or the next that is free."""
    places: dict[str, int] = {}
    for name in sorted(names):
        turn = len(places) // len(COLOURS) * len(COLOURS)
        around = (turn + (_first_place(name) + k) % len(COLOURS) for k in range(len(COLOURS)))
        places[name] = next(place for place in around if place not in places.values())
    return places


def luminance(colour: Any) -> float:
    """Relative luminance of a colour, 0 (black) to 1 (white), by the WCAG."""
    from matplotlib.colors import to_rgb

    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Any, other: Any) -> float:
    """Contrast of two colours by the WCAG, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@cache
def readable(colour: str, ground: str = "white") -> str:
    """The colour, darkened until text in it can be read on a light ground."""
    from matplotlib.colors import to_hex, to_rgb

    rgb = to_rgb(colour)
    for step in range(20):
        red, green, blue = (part * (1.0 - step / 20.0) for part in rgb)
        darker = to_hex((red, green, blue))
        if contrast(darker, ground) >= READABLE + 0.3:
            return darker
    return "#000000"


def text_on(ground: Any) -> str:
    """Black or white, whichever is read better on a colour."""
    return "white" if contrast("white", ground) > contrast("black", ground) else "black"


def _distance(one: str, other: str) -> float:
    from matplotlib.colors import to_rgb

    return dist(to_rgb(one), to_rgb(other))
