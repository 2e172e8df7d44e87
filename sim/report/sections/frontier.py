"""Where an outcome begins and ends in two parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.report.html import folded, paragraph, table
from sim.report.numbers import PERCENT, number, spread
from sim.report.registry import Found, section

HALF = 0.5


@section("frontier.json", ("frontier",))
def frontier(found: Found) -> Iterator[str]:
    """Where the outcome begins and ends in two parameters, and how surely."""
    x, y, what = found["x"], found["y"], " or ".join(found["outcomes"])
    share = spread(found["area"], found["area_interval"], PERCENT)
    whole = found["runs_of_the_whole_lattice"]
    yield paragraph(
        f"P({what}) is 1/2 or more in {share} per cent of the plane of {x['path']} [{x['unit']}] "
        f"and {y['path']} [{y['unit']}]; the boundary is uncertain in "
        f"{number(found['band_area'], PERCENT)} per cent."
    )
    values = zip(x["values"], found["probability"], strict=True)
    yield table(
        (x["path"], f"{what} is the rule where {y['path']} is"),
        [(number(value), _where(column, y["values"])) for value, column in values],
    )
    yield folded(
        "all points that were run",
        table(
            (x["path"], y["path"], f"P({what}), per cent", "n", "interval"),
            [
                (
                    number(point["x"]),
                    number(point["y"]),
                    spread(point["share"], point["interval"], PERCENT),
                    point["n"],
                    point["interval_type"],
                )
                for point in found["points"]
            ],
        ),
    )
    ended = "" if found["finished"] else " The budget ended the refinement."
    ran = f"{len(found['points'])} points, {found['runs']} runs"
    yield paragraph(f"{ran}; the whole lattice has {whole}.{ended}")


def _where(column: Sequence[float], values: Sequence[float]) -> str:
    """Ranges of values in which the probability is one half or more."""
    spans: list[list[float]] = []
    before = False
    for probability, value in zip(column, values, strict=True):
        holds = probability >= HALF
        if holds and before:
            spans[-1][1] = value
        elif holds:
            spans.append([value, value])
        before = holds
    return ", ".join(f"{number(low)} to {number(high)}" for low, high in spans) or "nowhere"
