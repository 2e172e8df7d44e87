"""Answers of the verbs beside `sim run`, each from its stored findings, in the form of a verdict's.

Attribution, sensitivity, tournament, frontier, comparison: one sentence first, then what it rests
on. Grounds that are lost are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.analysis.rounding import POINTS, percent, spread
from sim.analysis.verdict.containment import Verdict
from sim.analysis.verdict.details import HELD
from sim.analysis.verdict.flips import signed
from sim.analysis.verdict.grounds import refuse_bare
from sim.analysis.verdict.words import Answer, Belts

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario

Found = Mapping[str, Any]
MOST_OF_IT = 0.8  # of the effect, that the named moves make up
NAMED = 3
ROWS = 6
CHANCE = "chance (the seed)"
PARTS = {"unidentified": "Unknowns", "benchmarks": "Benchmark", "rules": "Other rules"}


def foot_of(found: Found) -> str:
    """n, seed and hash of a finding.

    Raises
    ------
    SimError
        One of them is lost.
    """
    refuse_bare(found)
    hash8 = found["scenario_hash"][:8]
    return f"n = {found['n']} runs, seed {found['root_seed']}, scenario {hash8}"


def words_of(name: str) -> str:
    """A name of a file for people."""
    return CHANCE if name == "seed" else name.replace("_", " ")


def parties_of(scenario: Scenario) -> tuple[str, str]:
    """Incumbent and challenger of a contest, by their labels."""
    contest = scenario.contest
    if contest is None:
        return "the incumbent", "the challenger"
    pair = (contest.incumbent, contest.challenger)
    incumbent, challenger = (scenario.vendors[vendor].label or vendor for vendor in pair)
    return incumbent, challenger


def attribution_answer(findings: Sequence[Found], scenario: Scenario) -> Answer:
    """Which moves do it, from the parts of an attribution."""
    incumbent, challenger = parties_of(scenario)
    question = f"Which moves of {incumbent} hold {challenger} back?"
    parts = {found["part"]: found for found in findings}
    shapley = parts.get("shapley")
    if shapley is None:
        text, table = _first_rows(findings[0]), None
    else:
        text, table = _moves(shapley, challenger)
    others = tuple(
        (_short(name), _first_rows(found)) for name, found in parts.items() if name != "shapley"
    )
    chosen = shapley or findings[0]
    return Answer(question, "", text, belts=table, also=others, foot=foot_of(chosen))


def _moves(found: Found, challenger: str) -> tuple[str, Belts]:
    rows = [row for row in found["rows"] if row["facts"].get("kind") == "share"]
    rows.sort(key=lambda row: -abs(row["mean"]))
    whole = next(row for row in found["rows"] if row["label"] == "all together")
    named, part = [], 0.0
    for row in rows[:NAMED]:
        named.append(row)
        part += row["facts"].get("part_of_total") or 0.0
        if part >= MOST_OF_IT:
            break
    size = _points(whole)
    if whole["low"] is not None and whole["low"] <= 0.0 <= whole["high"]:
        text = f"Not known: all moves together are worth {size} points, which may be none."
    else:
        listed = ", ".join(
            f"{words_of(row['label'])} {row['mean']:+.1f}" for row in named if row["mean"]
        )
        held = "take from" if whole["mean"] > 0.0 else "give"
        text = f"Together the moves {held} {challenger} {size} points of tokens: {listed}."
    cells = [
        (
            words_of(row["label"]),
            _points(row),
            f"{POINTS * (row['facts'].get('part_of_total') or 0.0):.0f}",
        )
        for row in rows
    ]
    return text, Belts("Move (Shapley share)", ("", "points", "% of all"), tuple(cells))


def _points(row: Found) -> str:
    return spread(row["mean"], row["low"], row["high"])


def _short(part: str) -> str:
    return PARTS.get(part, words_of(part).capitalize())


def _first_rows(found: Found) -> str:
    listed = "; ".join(f"{row['label']} {_points(row)}" for row in found["rows"][:NAMED])
    return f"{listed} (points)"


def sensitivity_answer(findings: Sequence[Found], scenario: Scenario) -> Answer:
    """Which unknowns matter, and where containment fails."""
    incumbent, challenger = parties_of(scenario)
    question = f"On which unknowns does it turn whether {incumbent} contains {challenger}?"
    methods = {found["method"]: found for found in findings}
    chosen = methods.get("sobol") or methods.get("morris") or findings[0]
    text, table = _matters(chosen)
    box = methods.get("prim")
    if box is not None and chosen is box:
        text, table = _fails(box), None
    also: tuple[tuple[str, str], ...] = ()
    if box is not None and chosen is not box:
        also = (("Fails", _fails(box)),)
    robust = methods.get("robust")
    if robust is not None and chosen is not robust:
        also += (("Strategies", _ranked(robust)),)
    return Answer(question, "", text, belts=table, also=also, foot=foot_of(chosen))


def _matters(found: Found) -> tuple[str, Belts | None]:
    """Which unknowns move the outcomes most, by the tables of Sobol or Morris."""
    tables = {name: rows for name, rows in found["tables"].items() if name != "failure"}
    if not tables:
        return found["title"] + ".", None
    of = "tau" if "tau" in tables else next(iter(tables))
    first = sorted(tables[of], key=lambda row: -row["mean"])
    top = ", ".join(words_of(row["label"]) for row in first[:NAMED])
    names = {"tau": "effect", "containment": "contained", "challenger_share": "tokens"}
    sobol = found["method"] == "sobol"
    factor = POINTS if sobol else 1.0
    what = "% of the variance with it" if sobol else "mean size of its effect"
    by_name = {n: {row["label"]: row for row in rows} for n, rows in tables.items()}
    rows = [
        (
            words_of(row["label"]),
            *(
                _scaled(by_name[name][row["label"]], factor)
                if row["label"] in by_name[name]
                else "-"
                for name in tables
            ),
        )
        for row in first[:ROWS]
    ]
    head = ("", *(names.get(name, words_of(name)) for name in tables))
    return f"The effect of the moves turns most on {top}.", Belts(what, head, tuple(rows))


def _scaled(row: Found, factor: float) -> str:
    low, high = (None if row[end] is None else factor * row[end] for end in ("low", "high"))
    return spread(factor * row["mean"], low, high, 1 if factor == POINTS else 2)


def _fails(found: Found) -> str:
    facts = found["facts"]
    text = f"containment fails in {facts['fails_in']} of {facts['draws']} draws of the unknowns"
    if not facts["box"]:
        return f"{text}; no part of them holds most failures."
    sides = [
        f"{words_of(name)} {word} {side[end]:.3g}"
        for name, side in facts["box"].items()
        for word, end in (("above", "low"), ("below", "high"))
        if side[end] is not None
    ]
    return (
        f"{text}, {POINTS * facts['coverage']:.0f} % of these with {' and '.join(sides)}, where "
        f"{POINTS * facts['density']:.0f} % of draws fail."
    )


def _ranked(found: Found) -> str:
    rows = next(iter(found["tables"].values()))
    return "; ".join(
        f"{row['label']} {spread(row['mean'], row['low'], row['high'], 2)}" for row in rows[:NAMED]
    )


def tournament_answer(found: Found, scenario: Scenario) -> Answer:
    """What both would play, and whether a strategy that contains pays."""
    incumbent, challenger = parties_of(scenario)
    past, unit = found["historical"], found["payoff"]["unit"]
    pure = [one for one in found["equilibria"] if one["pure"]]
    if pure:
        best = max(pure, key=lambda one: one["frequency"])
        names = (next(iter(best["incumbent"])), next(iter(best["challenger"])))
        text = (
            f"Both would settle at {words_of(names[0])} against {words_of(names[1])}, in "
            f"{POINTS * best['frequency']:.0f} % of resampled games."
        )
    elif found["equilibria"]:
        text = "They would mix strategies: no pair of single strategies is an equilibrium."
    else:
        text = "Not known: no equilibrium was found."
    regret = spread(past["regret"], past["low"], past["high"])
    flagged = " (5 % of the payoff or more)" if past["flagged"] else ""
    also = (
        ("Regret", f"what was played leaves {regret} {unit} to one of them{flagged}"),
        (
            "Best reply",
            f"{incumbent}: {words_of(past['best_incumbent'])}, +{past['gain_incumbent']:.1f}; "
            f"{challenger}: {words_of(past['best_challenger'])}, +{past['gain_challenger']:.1f}",
        ),
    )
    rows = [
        (
            words_of(one["strategy"]),
            f"{words_of(one['best_alternative'])} {spread(one['gain'], *one['gain_interval'])}",
            "-" if one["contained"] is None else HELD[Verdict(one["contained"])],
        )
        for one in found["deviations"]
    ]
    question = f"What would {incumbent} and {challenger} play, and does containing pay?"
    table = Belts("If it plays", ("", "leaving it pays", "contains"), tuple(rows))
    return Answer(question, "", text, belts=table, also=also, foot=foot_of(found))


def frontier_answer(found: Found) -> Answer:
    """Where an outcome begins and ends in two parameters."""
    from_to = [
        f"{axis['path']} ({axis['values'][0]:g} to {axis['values'][-1]:g})"
        for axis in (found["x"], found["y"])
    ]
    what = " or ".join(map(words_of, found["outcomes"]))
    low, high = found["area_interval"]
    text = (
        f"{what.capitalize()} is the rule in {percent(found['area'], low, high)} % of the plane; "
        f"the boundary is uncertain in {POINTS * found['band_area']:.0f} %."
    )
    x, y = found["x"], found["y"]
    columns = list(zip(x["values"], found["probability"], strict=True))
    step = max(1, -(-(len(columns) - 1) // (ROWS - 1)))
    shown = columns[::-step][::-1]
    rows = [
        (f"{value:.3g}", ", ".join(_spans(column, y["values"])) or "nowhere")
        for value, column in shown
    ]
    end = "" if found["finished"] else "; the budget ended the search"
    also = (("Searched", f"{len(found['points'])} points, {found['runs']} runs{end}"),)
    return Answer(
        f"Where is {what} the rule, in {from_to[0]} and {from_to[1]}?",
        "",
        text,
        belts=Belts("x", ("", "the rule where y is"), tuple(rows)),
        also=also,
        foot=foot_of(found),
    )


def _spans(column: Sequence[float], values: Sequence[float]) -> Iterator[str]:
    """Stretches of y in which the probability is one half or more."""
    start = None
    for index, p in enumerate([*column, 0.0]):
        if p >= 0.5 and start is None:
            start = index
        elif p < 0.5 and start is not None:
            yield f"{values[start]:.3g} to {values[index - 1]:.3g}"
            start = None


def hysteresis_answer(found: Found) -> Answer:
    """Whether the past of a parameter matters for where shares end."""
    low, high = found["gap_interval"]
    gap = signed(found["gap"], low, high)
    holds = (
        "The past matters" if found["depends_on_the_past"] else "Not known: the past may not matter"
    )
    rows = [
        (
            f"{row['value']:.3g}",
            f"{POINTS * row['up']:.1f}",
            f"{POINTS * row['down']:.1f}",
            signed(row["gap"], *row["gap_interval"]),
        )
        for row in found["rows"]
    ]
    return Answer(
        f"Does it matter from where {found['path']} came?",
        "",
        f"{holds}: the challenger's tokens end {gap} points apart, from above less from below.",
        belts=Belts("value", ("", "from below, %", "from above, %", "gap"), tuple(rows)),
        foot=foot_of(found),
    )


def comparison_answer(document: Found, scenario: Scenario) -> Answer:
    """What the other scenarios change against the first."""
    first, worlds = document["first"], document["worlds"][1:]
    rows = document["differences"]
    sure = [row for row in rows if row["told"].startswith("different")]
    same = [row for row in rows if row["told"] in ("the same", "equivalent")]
    others = ", ".join(worlds)
    if sure:
        top = max(sure, key=lambda row: abs(row["mean"]) / ((row["high"] - row["low"]) or 1.0))
        text = (
            f"{len(sure)} of {len(rows)} measures differ; most surely {_difference(top, scenario)}."
        )
    elif len(same) == len(rows):
        text = f"No measure differs: all {len(rows)} are the same or within their margins."
    else:
        text = f"Not known: none of {len(rows)} differences is told from none."
    shown = sorted(sure or rows, key=lambda row: -abs(row["mean"] / (row["first_mean"] or 1.0)))
    table = tuple(
        (
            _of(row, scenario) + (f", {row['world']}" if len(worlds) > 1 else ""),
            _amount(row["first_mean"], row),
            _change(row),
            row["told"],
        )
        for row in shown[:ROWS]
    )
    return Answer(
        f"What does {others} change against {first}?",
        "",
        text,
        belts=Belts("Measure", ("", first, "change", ""), table),
        foot=foot_of(document),
    )


def _difference(row: Found, scenario: Scenario) -> str:
    return f"{_of(row, scenario)} {_change(row)}"


def _of(row: Found, scenario: Scenario) -> str:
    names = [
        (scenario.vendors[name].label if name in scenario.vendors else "") or name
        for name in (row["vendor"], row["vendor_to"])
        if name
    ]
    who = " to ".join(names)
    return " ".join(word for word in (who, words_of(row["measure"]), row["part"]) if word)


def _amount(value: float, row: Found) -> str:
    return f"{POINTS * value:.1f} %" if row["unit"] == "share" else f"{value:,.4g}"


def _change(row: Found) -> str:
    if row["unit"] == "share":
        return f"{signed(row['mean'], row['low'], row['high'])} points"
    text = spread(row["mean"], row["low"], row["high"], 3)
    return f"{'+' if row['mean'] > 0.0 else ''}{text} {row['unit']}".rstrip(" -")
