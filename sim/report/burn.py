"""What the parties of a contest burned for a point of share, on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.report.html import paragraph, table
from sim.report.numbers import number, spread

if TYPE_CHECKING:
    from sim.experiment.result import Result


def burn_section(result: Result) -> Iterator[str]:
    """Money lost below cost, points of share gained, and the one over the other."""
    told = result.verdict.get("burn_per_point")
    if not told or not told["vendors"]:
        return
    yield paragraph(
        f"Sold below cost, {told['unit']} gained ({told['interval_type']}; n = {told['n']} runs)"
    )
    yield table(
        (
            "vendor",
            "since",
            "below cost, million yuan",
            "points gained",
            "a point",
            "median of runs that gained",
        ),
        [
            (
                result.scenario.vendors[vendor].label or vendor,
                f"{found['since'][:7]}{' (price cut)' if found['since_price_cut'] else ''}",
                number(found["burn_million_yuan"]),
                number(found["points_gained"]),
                spread(found["estimate"], found["interval"]),
                f"{number(found['median'])} ({found['runs_that_gained']} runs)",
            )
            for vendor, found in told["vendors"].items()
        ],
    )
