"""Sections of comparisons, claims, attributions and sensitivity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.analysis.verdict.grounds import claims_grounds
from sim.report.html import PERCENT, Block, estimates, folded, number, paragraph, spread, table
from sim.report.registry import Found, section

SHARE = "share"
HEAD = ("measure", "of", "first", "this", "difference", "p (Holm)", "equivalent", "n", "finding")


@section("comparison.json", ("compare",))
def compare(found: Found) -> Iterator[Block]:
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


@section("claims.json", ("claims",), claims_grounds)
def claims(found: Found) -> Iterator[Block]:
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


@section("attribution.json", ("attribution",))
def attribution(found: Found) -> Iterator[Block]:
    """Which move does it, and under which rules."""
    yield estimates("", found["rows"])
    for note in found["notes"]:
        yield paragraph(note)


@section("sensitivity.json", ("tornado", "failure_box"))
def sensitivity(found: Found) -> Iterator[Block]:
    """Which unknown numbers matter."""
    for outcome, rows in found["tables"].items():
        yield estimates(outcome, rows)
    for outcome, facts in found["facts"].get("outcomes", {}).items():
        limit = found["facts"]["named_from"]
        names = ", ".join(facts["named"]) or "none"
        yield paragraph(f"{outcome.replace('_', ' ')}: total index above {limit:g}: {names}")
    for note in found["notes"]:
        yield paragraph(note)
