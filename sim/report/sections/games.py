"""Sections of tournaments, frontiers and hysteresis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sim.report.html import PERCENT, Block, folded, number, paragraph, spread, table
from sim.report.registry import Found, section

WORDS = {"leaves": "would leave it", "stays": "would stay", "undetermined": "may stay or leave"}


@section("tournament.json", ("tournament", "replicator", "fingerprints"))
def tournament(found: Found) -> Iterator[Block]:
    """Strategies against each other: payoffs, equilibria, regret, and whether containing pays."""
    payoff, contest, tables = found["payoff"], found["contest"], found["tables"]
    for side in ("incumbent", "challenger"):
        yield paragraph(
            f"Payoff of {contest[side]} ({side}): {payoff['measure']}, {payoff['unit']}, discount "
            f"{payoff['discount']:g} a month"
        )
        yield _grid(found, payoff[side])
    yield paragraph(f"Token share of {contest['challenger']} in the last months, per cent")
    yield _grid(found, tables["challenger_token_share"], PERCENT)
    yield paragraph("Consumer surplus in the last months, price units")
    yield _grid(found, tables["consumer_surplus"])
    yield paragraph("Equilibria of the game of means")
    yield table(
        ("incumbent", "challenger", "payoffs", "kind", "in bootstrapped games, per cent"),
        [_equilibrium(one) for one in found["equilibria"]],
    )
    yield from _regret(found)
    yield from _deviations(found["deviations"], contest["incumbent"])
    for note in found["notes"]:
        yield paragraph(note)


def _grid(found: Found, values: Sequence[Sequence[float]], scale: float = 1.0) -> Block:
    rows = zip(found["rows"], values, strict=True)
    return table(
        ("incumbent plays", *found["columns"]),
        [(name, *(number(value, scale) for value in row)) for name, row in rows],
    )


def _equilibrium(one: dict[str, Any]) -> tuple[str, ...]:
    pure = one["pure"]
    return (
        _mix(one["incumbent"]),
        _mix(one["challenger"]),
        ", ".join(number(value) for value in one["payoffs"]),
        "pure" if pure else "mixed",
        number(one["frequency"], PERCENT) if pure else "-",
    )


def _mix(weights: dict[str, float]) -> str:
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
    cells = [
        [spread(value, (low, high)) for value, low, high in zip(*row, strict=True)]
        for row in zip(game["regret"], game["regret_low"], game["regret_high"], strict=True)
    ]
    rows = [(name, *row) for name, row in zip(found["rows"], cells, strict=True)]
    yield table(("incumbent plays", *found["columns"]), rows)


def _deviations(told: Sequence[dict[str, Any]], incumbent: str) -> Iterator[Block]:
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
                WORDS[one["incumbent"]],
                one["contained"] or "-",
                number(one.get("tau"), PERCENT),
                "-" if one["pyrrhic"] is None else ("yes" if one["pyrrhic"] else "no"),
            )
            for one in told
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
