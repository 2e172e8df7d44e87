"""Claims that were written before a sweep, and what its runs say of them."""

from __future__ import annotations

from collections.abc import Iterator

from sim.analysis.conclusion import claims_grounds
from sim.report.html import paragraph, table
from sim.report.numbers import PERCENT, number, spread
from sim.report.registry import Found, section


@section("claims.json", ("claims",), claims_grounds)
def claims(found: Found) -> Iterator[str]:
    """Claims of a study, written before its runs: supported, refuted, or undetermined."""
    yield paragraph(f"{found['name']}: {found['points']} points x {found['replicates']} replicates")
    yield table(
        ("claim", "verdict", "holds in runs, per cent", "wanted", "runs", "worth independent runs"),
        [
            (
                claim["statement"] or name,
                claim["verdict"],
                spread(claim.get("share_of_runs"), claim.get("interval"), PERCENT),
                number(claim["probability"], PERCENT),
                claim["runs"],
                number(claim.get("effective_runs")),
            )
            for name, claim in found["claims"].items()
        ],
    )
    for name, claim in found["claims"].items():
        if claim["note"]:
            yield paragraph(f"{name}: {claim['note']}")
