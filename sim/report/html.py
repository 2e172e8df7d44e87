"""Tables, figures, headings and numbers as HTML; every text is escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

PERCENT = 100.0


def number(value: float | None, scale: float = 1.0) -> str:
    """A number for people; a dash where there is none."""
    return "-" if value is None else f"{scale * value:,.4g}"


def spread(value: float | None, interval: Any, scale: float = 1.0) -> str:
    """A number with its interval."""
    if not interval or None in interval:
        return number(value, scale)
    return f"{number(value, scale)} [{number(interval[0], scale)}, {number(interval[1], scale)}]"


def heading(text: str) -> str:
    """A section's heading."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph, of a class of the style sheet if named."""
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; numbers are written as the caller wrote them."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def figure(png: bytes, caption: str) -> str:
    """A picture inside the page."""
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def folded(summary: str, content: str) -> str:
    """Something long that opens on a click."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


ENDS = ("_low", "_high")


def estimates(of: str, rows: Sequence[dict[str, Any]]) -> str:
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
