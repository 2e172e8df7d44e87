"""Sections of comparisons, claims, attributions, sensitivity, games, frontiers and hysteresis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sim.analysis.effects import unit_words, with_interval
from sim.analysis.verdict.grounds import claims_grounds
from sim.analysis.verdict.outcomes import class_name
from sim.report.html import (
    PERCENT,
    Block,
    estimates,
    folded,
    lines,
    number,
    paragraph,
    spread,
    table,
)
from sim.report.registry import Found, section

SHARE = "share"
HEAD = ("measure", "of", "first", "this", "difference", "p (Holm)", "equivalent", "n", "finding")


@section("comparison.json", ("compare",))
def compare(found: Found) -> Iterator[Block]:
    """Scenarios under the same seeds: paired differences, equivalence tests, switching flows."""
    hashes = {one["name"]: one["scenario_hash"][:8] for one in found["scenarios"]}
    window = found["window_months"]
    for world in found["worlds"][1:]:
        (this,) = (one for one in found["scenarios"] if one["name"] == world)
        yield paragraph(
            f"{world} ({hashes[world]}) less {found['first']} ({hashes[found['first']]}), mean of "
            f"the last {window} months"
        )
        changes = [(path, *map(str, pair)) for path, pair in this["differs_in"].items()]
        if changes:
            yield folded("where they differ", table(("path", "first", "this"), changes))
        yield table(HEAD, [_difference(r) for r in found["differences"] if r["world"] == world])
        flows = [row for row in found["flows"] if row["world"] == world]
        if flows:
            ordered = sorted(flows, key=lambda row: -abs(row["mean"]))
            rows = table(HEAD, [_difference(row) for row in ordered])
            yield folded("switching flows, mean of all months, largest difference first", rows)
    yield paragraph(f"p: {found['p_values']}. Equivalent: {found['equivalence_type']}.")
    yield from _notes(found)


def _notes(found: Found) -> Iterator[Block]:
    return map(paragraph, found["notes"])


def _difference(row: dict[str, Any]) -> tuple[object, ...]:
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
        ("claim", "verdict", "holds in runs, %", "wanted", "runs", "worth independent runs"),
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
    yield from _notes(found)


@section("sensitivity.json", ("tornado", "failure_box"))
def sensitivity(found: Found) -> Iterator[Block]:
    """Which unknown numbers matter."""
    for outcome, rows in found["tables"].items():
        yield estimates(outcome, rows)
    for outcome, facts in found["facts"].get("outcomes", {}).items():
        limit = found["facts"]["named_from"]
        names = ", ".join(facts["named"]) or "none"
        yield paragraph(f"{outcome.replace('_', ' ')}: total index above {limit:g}: {names}")
    yield from _notes(found)


VERDICTS = {"leaves": "would leave it", "stays": "would stay", "undetermined": "may stay or leave"}


@section("tournament.json", ("tournament", "replicator", "fingerprints"))
def tournament(found: Found) -> Iterator[Block]:
    """Strategies against each other: payoffs, equilibria, regret, and whether containing pays."""
    payoff, contest, tables = found["payoff"], found["contest"], found["tables"]
    for side in ("incumbent", "challenger"):
        yield paragraph(
            f"Payoff of {contest[side]} ({side}): {payoff['measure']}, {payoff['unit']}, discount "
            f"{payoff['discount']:g} a month"
        )
        yield _grid(found, _numbers(payoff[side]))
    yield paragraph(f"Token share of {contest['challenger']} in the last months, %")
    yield _grid(found, _numbers(tables["challenger_token_share"], PERCENT))
    yield paragraph("Consumer surplus in the last months, price units")
    yield _grid(found, _numbers(tables["consumer_surplus"]))
    yield paragraph("Extreme equilibria of the game of means; all others are means of these")
    yield table(
        ("incumbent", "challenger", "payoffs", "kind", "in bootstrapped games, %"),
        [_equilibrium(one) for one in found["equilibria"]],
    )
    yield from _regret(found)
    yield from _deviations(found["deviations"], contest["incumbent"])
    yield from _notes(found)


def _numbers(values: Sequence[Sequence[float]], scale: float = 1.0) -> list[list[str]]:
    return [[number(value, scale) for value in row] for row in values]


def _grid(found: Found, cells: Sequence[Sequence[str]]) -> Block:
    rows = [(name, *row) for name, row in zip(found["rows"], cells, strict=True)]
    return table(("incumbent plays", *found["columns"]), rows)


def _equilibrium(one: dict[str, Any]) -> tuple[str, ...]:
    pure = one["pure"]
    return (
        mix(one["incumbent"]),
        mix(one["challenger"]),
        ", ".join(number(value) for value in one["payoffs"]),
        "pure" if pure else "mixed",
        number(one["frequency"], PERCENT) if pure else "-",
    )


def mix(weights: dict[str, float]) -> str:
    """A strategy by its name, a mixed one with the weights of its parts."""
    if len(weights) == 1:
        return next(iter(weights))
    return " + ".join(f"{weight:.2f} {name}" for name, weight in weights.items())


def _regret(found: Found) -> Iterator[Block]:
    past, game = found["historical"], found["game"]
    flag = "; flagged, as that is 5 % of the payoff or more" if past["flagged"] else ""
    yield paragraph(
        f"Regret of the historical profile: "
        f"{spread(past['regret'], (past['low'], past['high']))} ({past['interval_type']}); best "
        f"replies: {past['best_incumbent']} ({past['gain_incumbent']:+.4g}) and "
        f"{past['best_challenger']} ({past['gain_challenger']:+.4g}){flag}."
    )
    yield paragraph(f"Regret of every profile ({game['interval_type']})")
    bounds = (game[name] for name in ("regret", "regret_low", "regret_high"))
    cells = [
        [spread(value, (low, high)) for value, low, high in zip(*row, strict=True)]
        for row in zip(*bounds, strict=True)
    ]
    yield _grid(found, cells)


def _deviations(found: Sequence[dict[str, Any]], incumbent: str) -> Iterator[Block]:
    yield paragraph(
        f"Against the historical challenger: does the strategy contain, and would {incumbent} "
        "leave it for one that pays more?"
    )
    head = ("strategy", "payoff", "best alternative", "it would pay more by", "p (Holm)")
    yield table(
        (*head, "the incumbent", "containment", "tau, points", "pyrrhic"),
        [
            (
                one["strategy"],
                number(one["payoff"]),
                one["best_alternative"],
                spread(one["gain"], one["gain_interval"]),
                number(one["p_holm"]),
                VERDICTS[one["incumbent"]],
                one["contained"] or "-",
                number(one.get("tau"), PERCENT),
                "-" if one["pyrrhic"] is None else ("yes" if one["pyrrhic"] else "no"),
            )
            for one in found
        ],
    )


HALF = 0.5


@section("frontier.json", ("frontier",))
def frontier(found: Found) -> Iterator[Block]:
    """Where the outcome begins and ends in two parameters, and how surely."""
    x, y, what = found["x"], found["y"], " or ".join(found["outcomes"])
    share = spread(found["area"], found["area_interval"], PERCENT)
    whole = found["runs_of_the_whole_lattice"]
    yield paragraph(
        f"P({what}) is 1/2 or more in {share} % of the plane of {x['path']} [{x['unit']}] "
        f"and {y['path']} [{y['unit']}]; the boundary is uncertain in "
        f"{number(found['band_area'], PERCENT)} %."
    )
    where = [
        ", ".join(f"{number(low)} to {number(high)}" for low, high in likely(column, y["values"]))
        for column in found["probability"]
    ]
    rows = zip(map(number, x["values"]), (spans or "nowhere" for spans in where), strict=True)
    yield table((x["path"], f"{what} is the rule where {y['path']} is"), rows)
    yield folded(
        "all points that were run",
        table(
            (x["path"], y["path"], f"P({what}), %", "n", "interval"),
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


def likely(column: Sequence[float], values: Sequence[float]) -> list[list[float]]:
    """First and last of neighbouring values at which the probability is one half or more."""
    spans: list[list[float]] = []
    before = False
    for probability, value in zip(column, values, strict=True):
        holds = probability >= HALF
        if holds and before:
            spans[-1][1] = value
        elif holds:
            spans.append([value, value])
        before = holds
    return spans


@section("hysteresis.json", ("hysteresis",))
def hysteresis(found: Found) -> Iterator[Block]:
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


@section("sweep.json", ("effects", "interactions", "outcome_map", "coordinates"))
def sweep(found: Found) -> Iterator[Block]:
    """Outcomes by factor: effects, interactions, best and worst points."""
    yield lines(found["sentences"])
    for outcome in found["outcomes"]:
        unit = unit_words(outcome["unit"])
        head = ("factor", "from", "to", f"change, {unit}" if unit else "change", "p (Holm)")
        yield table(
            head,
            [
                (
                    row["label"],
                    row["from"],
                    row["to"],
                    with_interval(row, outcome["unit"], True),
                    number(row["p_holm"]),
                )
                for row in outcome["effects"]
            ],
            f"Effects on {outcome['title']}",
        )
        yield from _together(outcome)
        yield from _ends(found, outcome)
    if found["classes"]:
        rows = [
            (class_name(c["name"]), c["count"], spread(c["share"], c["interval"], PERCENT))
            for c in found["classes"]
        ]
        yield table(("ending", "runs", "% of runs"), rows, "How the runs end")


def _together(outcome: Found) -> Iterator[Block]:
    rows = [
        (
            f"{one['label']} {one['from']} to {one['to']}",
            f"{other['label']} {other['to']}, not {other['from']}",
            with_interval(row, outcome["unit"], True),
        )
        for row in outcome["interactions"]
        for one, other in [row["of"]]
    ]
    if rows:
        head = ("change", "where", "does more, by")
        yield table(head, rows, f"Interactions on {outcome['title']}")


def _ends(found: Found, outcome: Found) -> Iterator[Block]:
    rows = [
        (name, row["point"], row["setting"], with_interval(row, outcome["unit"]))
        for name, row in zip(("lowest", "highest"), outcome["extremes"], strict=False)
    ]
    if rows:
        unit = unit_words(outcome["unit"], False)
        head = ("", "point", "setting", f"mean, {unit}" if unit else "mean")
        yield table(head, rows, f"Lowest and highest {outcome['title']}")
