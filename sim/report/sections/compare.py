"""Differences between scenarios under the same seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.report.html import folded, paragraph, table
from sim.report.numbers import PERCENT, number, spread
from sim.report.registry import Found, section

SHARE = "share"
HEAD = ("measure", "of", "first", "this", "difference", "p (Holm)", "equivalent", "n", "finding")


@section("comparison.json", ("compare",))
def compare(found: Found) -> Iterator[str]:
    """Scenarios under the same seeds: paired differences, equivalence tests, switching flows."""
    hashes = {one["name"]: one["scenario_hash"][:8] for one in found["scenarios"]}
    window = found["window_months"]
    for world in found["worlds"][1:]:
        (told,) = (one for one in found["scenarios"] if one["name"] == world)
        yield paragraph(
            f"{world} ({hashes[world]}) less {found['first']} ({hashes[found['first']]}), mean of "
            f"the last {window} months"
        )
        changes = [(path, *map(str, pair)) for path, pair in told["differs_in"].items()]
        if changes:
            yield folded("where they differ", table(("path", "first", "this"), changes))
        yield table(HEAD, [_row(r) for r in found["differences"] if r["world"] == world])
        flows = [row for row in found["flows"] if row["world"] == world]
        if flows:
            ordered = sorted(flows, key=lambda row: -abs(row["mean"]))
            rows = table(HEAD, [_row(row) for row in ordered])
            yield folded("switching flows, mean of all months, largest difference first", rows)
    yield paragraph(f"p: {found['p_values']}. Equivalent: {found['equivalence_type']}.")
    for note in found["notes"]:
        yield paragraph(note)


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    share = row["unit"] == SHARE
    scale = PERCENT if share else 1.0
    flow = " -> ".join(name for name in (row["vendor"], row["vendor_to"]) if name)
    who = ", ".join(word for word in (flow, row["part"]) if word)
    within = "-" if row["margin"] is None else f"within {number(row['margin'], scale)}: "
    if row["margin"] is not None:
        within += "yes" if row["equivalent"] else "not shown"
    return (
        f"{row['measure'].replace('_', ' ')} [{'%' if share else row['unit']}]",
        who or "market",
        number(row["first_mean"], scale),
        number(row["world_mean"], scale),
        spread(row["mean"], (row["low"], row["high"]), scale),
        number(row["holm_adjusted"]),
        within,
        row["n"],
        row["told"],
    )
