"""Section of the advertisements that are true."""

from __future__ import annotations

from collections.abc import Iterator

from sim.analysis.billboards import BILLBOARDS, best_of, in_words
from sim.report.html import PERCENT, Block, folded, paragraph, spread, table
from sim.report.registry import Found, section

HEAD = ("vendor", "it could say", "% of runs", "months", "a rival could answer")


@section(BILLBOARDS)
def billboards(found: Found) -> Iterator[Block]:
    """Advertisements that are true: the strongest claim of each vendor, and a rival's answer."""
    yield paragraph(
        f"Each holds for the last {found['window_months']} months in most runs. Months: how many "
        "of the median run bear it out."
    )
    yield table(HEAD, map(_row, best_of(found)))
    yield folded("every scoreboard and scope", table(HEAD, map(_row, found["claims"])))


def _row(claim: Found) -> tuple[object, ...]:
    answer = claim["answer"]
    return (
        claim["label"],
        in_words(claim),
        spread(claim["share_of_runs"], claim["interval"], PERCENT),
        f"{claim['months']} of {claim['of_months']}",
        "-" if answer is None else f"{answer['label']}: {in_words(answer)}",
    )
