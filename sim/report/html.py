"""Blocks of a page - headings, paragraphs, tables, figures - and numbers as people read them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any, NamedTuple

PERCENT = 100.0


def number(value: float | None, scale: float = 1.0) -> str:
    """A number for people; a dash where there is none."""
    return "-" if value is None else f"{scale * value:,.4g}"


def spread(value: float | None, interval: Any, scale: float = 1.0) -> str:
    """A number with its interval."""
    if not interval or None in interval:
        return number(value, scale)
    return f"{number(value, scale)} [{number(interval[0], scale)}, {number(interval[1], scale)}]"


class Block(NamedTuple):
    """A part of a page: `kind` is heading, paragraph, table, figure or folded; see `page`."""

    kind: str
    text: str = ""
    style: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    inner: tuple[Block, ...] = ()


def heading(text: str) -> Block:
    """A section's heading."""
    return Block("heading", text)


def paragraph(text: str, style: str = "") -> Block:
    """A paragraph, of a class of the style sheet if named."""
    return Block("paragraph", text, style)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Block:
    """A table; numbers are written as the caller wrote them."""
    cells = tuple(tuple(map(str, row)) for row in rows)
    return Block("table", head=tuple(head), rows=cells)


def figure(png: bytes, caption: str) -> Block:
    """A picture inside the page."""
    return Block("figure", caption, base64.b64encode(png).decode("ascii"))


def folded(summary: str, content: Block) -> Block:
    """Something long that opens on a click."""
    return Block("folded", summary, inner=(content,))


def page(title: str, question: str, blocks: Iterable[Block]) -> str:
    """The page as HTML, from the template `sim/data/report.html`; every text is escaped."""
    from jinja2 import Environment, StrictUndefined

    text = (resources.files("sim") / "data" / "report.html").read_text(encoding="utf-8")
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return made.from_string(text).render(title=title, question=question, blocks=list(blocks))


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
