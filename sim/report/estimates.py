"""Findings that are tables of estimates, as an attribution and a sensitivity analysis are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.report.html import table
from sim.report.numbers import spread


def estimates(of: str, rows: Sequence[dict[str, Any]]) -> str:
    """A table of estimates, each with n and its interval."""
    return table(
        (of.replace("_", " "), "estimate", "n", "interval"),
        [
            (
                row["label"],
                spread(row["mean"], (row["low"], row["high"])),
                row["n"],
                row["interval_type"],
            )
            for row in rows
        ],
    )
