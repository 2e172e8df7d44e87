"""Does it matter from which side a parameter came?"""

from __future__ import annotations

from collections.abc import Iterator

from sim.report.html import paragraph, table
from sim.report.numbers import PERCENT, number, spread
from sim.report.registry import Found, section


@section("hysteresis.json", ("hysteresis",))
def hysteresis(found: Found) -> Iterator[str]:
    """The same value reached from below and from above: does the past stay visible?"""
    said = "the past matters" if found["depends_on_the_past"] else "it is not told from none"
    yield table(
        (f"{found['path']} [{found['unit']}]", "from below", "from above", "gap", "n"),
        [
            (
                number(row["value"]),
                number(row["up"], PERCENT),
                number(row["down"], PERCENT),
                spread(row["gap"], row["gap_interval"], PERCENT),
                found["n"],
            )
            for row in found["rows"]
        ],
    )
    gap = spread(found["gap"], found["gap_interval"], PERCENT)
    measure = found["measure"].replace("_", " ")
    yield paragraph(f"Mean gap of the challenger's {measure}, points: {gap}: {said}.")
