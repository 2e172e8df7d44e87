"""Which unknown numbers matter."""

from __future__ import annotations

from collections.abc import Iterator

from sim.report.estimates import estimates
from sim.report.html import paragraph
from sim.report.registry import Found, section


@section("sensitivity.json", ("tornado", "failure_box"))
def sensitivity(found: Found) -> Iterator[str]:
    """Which unknown numbers matter."""
    for outcome, rows in found["tables"].items():
        yield estimates(outcome, rows)
    for outcome, facts in found["facts"].get("outcomes", {}).items():
        limit = found["facts"]["named_from"]
        names = ", ".join(facts["named"]) or "none"
        yield paragraph(f"{outcome.replace('_', ' ')}: total index above {limit:g}: {names}")
    for note in found["notes"]:
        yield paragraph(note)
