"""Findings that are tables of estimates, as an attribution and a sensitivity analysis are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.report.html import table
from sim.report.numbers import spread

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
