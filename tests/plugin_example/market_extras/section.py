"""A list of leaders as a section of the report."""

from __future__ import annotations

from collections.abc import Iterator

from sim.report.html import Block, number, table
from sim.report.registry import Found, section


@section("leaders.json", ("conversion",))
def leaders(found: Found) -> Iterator[Block]:
    """Who leads in tokens, and by how much."""
    rows = [(name, number(lead)) for name, lead in found["leads"].items()]
    yield table(("platform", "lead in token share"), rows)
