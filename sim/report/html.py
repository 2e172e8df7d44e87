"""Blocks of a page - headings, paragraphs, tables, figures - and numbers as people read them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from sim.analysis.rounding import spread as rounded
from sim.plot.canvas import TITLE

PERCENT = 100.0
MOST_DECIMALS = 6
LONG = 40  # characters of a cell that leaves no room for others beside it on a phone


def number(value: float | None, scale: float = 1.0) -> str:
    """A number for people; a dash where there is none."""
    return "-" if value is None else f"{scale * value:,.4g}"


def spread(value: float | None, interval: Any, scale: float = 1.0) -> str:
    """A number with its interval, rounded to what the interval carries."""
    if value is None or not interval or None in interval or interval[0] == interval[1]:
        return number(value, scale)
    return rounded(scale * value, scale * interval[0], scale * interval[1], MOST_DECIMALS)


class Block(NamedTuple):
    """A part of a page: `kind` names the macro of `sim/data/report.html` that writes it."""

    kind: str
    text: str = ""
    style: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    inner: tuple[Block, ...] = ()


def heading(text: str) -> Block:
    """A section's heading; the page lists all of them at its beginning."""
    return Block("heading", text, anchor(text))


def anchor(text: str) -> str:
    """The name under which a heading can be reached."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


def subheading(text: str) -> Block:
    """A heading within a section."""
    return Block("subheading", text)


def paragraph(text: str, style: str = "") -> Block:
    """A paragraph, of a class of the style sheet if named."""
    return Block("paragraph", text, style)


def lines(texts: Iterable[str]) -> Block:
    """A list of sentences."""
    return Block("lines", rows=tuple((text,) for text in texts))


def pairs(rows: Iterable[Sequence[str]]) -> Block:
    """Names, each with what there is to say."""
    return Block("pairs", rows=tuple(tuple(row) for row in rows))


def table(head: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> Block:
    """A table; numbers are written as the caller wrote them."""
    cells = tuple(tuple(map(str, row)) for row in rows)
    wordy = any(len(cell) > LONG for row in cells for cell in row)
    return Block("table", title, "cards" if wordy else "", tuple(head), cells)


def commands(texts: Iterable[str]) -> Block:
    """Lines to type."""
    return Block("commands", "\n".join(texts))


def figure(svg: str, caption: str) -> Block:
    """A picture inside the page, from the text of an SVG file.

    Its alternative is what its title states, then the caption.
    """
    lines = re.search(rf'<g id="{TITLE}">(.*?)<g id=', svg, re.DOTALL)
    words = re.findall(r"<!--(.*?)-->", lines[1], re.DOTALL) if lines else []
    stated = html.unescape(" ".join(" ".join(words).split()))
    return Block("figure", caption, svg, (f"{stated}. {caption}" if stated else caption,))


def folded(summary: str, *content: Block) -> Block:
    """Something long that opens on a click."""
    return Block("folded", summary, inner=content)


def page(title: str, question: str, lead: Iterable[Block], blocks: Iterable[Block]) -> str:
    """The page as HTML, from the templates in `sim/data`; every text is escaped.

    `lead` stands above the list of parts.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("sim", "data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["inline"] = _inline
    template = made.get_template("report.html")
    return template.render(title=title, question=question, lead=[*lead], blocks=[*blocks])


def _inline(svg: str, number: int, text: str) -> Markup:
    """An SVG file of our own as an element: ids of its own, sized by the page, with its text."""
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    body = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), body)
    opening, rest = body[body.index("<svg") :].split(">", 1)
    box = re.search(r'viewBox="[^"]*"', opening)
    seen: set[str] = set()

    def own(found: re.Match[str]) -> str:
        name = found[1]
        if name in seen:  # the same glyph or group once more
            return ""
        seen.add(name)
        return f' id="f{number}-{name}"'

    rest = re.sub(r'\sid="([^"]*)"', own, rest)
    rest = re.sub(r'(href="#|url\(#)', rf"\g<1>f{number}-", rest)
    view = Markup(box[0]) if box else ""
    head = Markup('<svg xmlns="{}" {} role="img" aria-label="{}">').format(SVG, view, text)
    return head + Markup(rest)


SVG = "http://www.w3.org/2000/svg"
ENDS = ("_low", "_high")


def estimates(of: str, rows: Sequence[dict[str, Any]]) -> Block:
    """A table of estimates, each with n and its interval, and what else is known of it."""
    extra = [
        key
        for key in dict.fromkeys(key for row in rows for key in row["facts"])
        if not key.endswith(ENDS) and any(_is_number(row["facts"].get(key)) for row in rows)
    ]
    return table(
        (of.replace("_", " "), "estimate", *(k.replace("_", " ") for k in extra), "n", "interval"),
        [
            (
                row["label"],
                spread(row["mean"], (row["low"], row["high"])),
                *(_fact(row["facts"], key) for key in extra),
                row["n"],
                row["interval_type"],
            )
            for row in rows
        ],
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fact(facts: dict[str, Any], key: str) -> str:
    value = facts.get(key)
    if not _is_number(value):
        return "-"
    return spread(value, [facts.get(f"{key}{end}") for end in ENDS])
