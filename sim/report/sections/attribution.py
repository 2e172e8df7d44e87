"""Which move does it."""

from __future__ import annotations

from collections.abc import Iterator

from sim.report.estimates import estimates
from sim.report.html import paragraph
from sim.report.registry import Found, section


@section("attribution.json", ("attribution",))
def attribution(found: Found) -> Iterator[str]:
    """Which move does it, and under which rules."""
    yield estimates("", found["rows"])
    for note in found["notes"]:
        yield paragraph(note)
