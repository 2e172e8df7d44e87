"""What stands behind an answer, in words: definitions, other rules, robustness, dates, costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.analysis.rounding import POINTS, money, more_or_less, number, percent, spread, times
from sim.analysis.verdict.containment import Verdict
from sim.analysis.verdict.flips import Entry, effect_of, label_of, parties, signed
from sim.analysis.verdict.grounds import grounds_line, ranges
from sim.analysis.verdict.judge import OTHER_HOSTING, vendor_label
from sim.analysis.verdict.outcomes import class_name
from sim.analysis.verdict.words import class_in_words

if TYPE_CHECKING:
    from sim.runs.result import Result

HELD = {
    Verdict.SUPPORTED: "yes",
    Verdict.REFUTED: "no",
    Verdict.UNDETERMINED: "not known",
    Verdict.NOT_APPLICABLE: "not asked",
}
STATES = {
    "held_back": "the challenger is held back",
    "incumbent_regains": "the incumbent regains the lead in tokens",
    "above_ceiling": "the challenger passes the ceiling",
    "below_ceiling": "it falls below the ceiling again",
}
RULES = {"money_kept": "money kept", "money_in_price": "money in prices"}
SMALL_P = 0.05


@dataclass(frozen=True)
class Definition:
    """One definition of containment: what it claims, what was found, and whether it holds."""

    code: str
    title: str
    claim: str
    """The claim with its threshold."""
    found: str
    """The number, its interval, and what kept it from being judged."""
    holds: str
    """yes, no, not known or not asked."""


def definitions_of(entry: Entry) -> tuple[Definition, ...]:
    """D1 to D6 of one pair of worlds in words, each with its value and its threshold."""
    claims, found = _claims(entry), _found(entry)
    return tuple(
        Definition(
            code,
            one["title"].capitalize(),
            claims[code],
            found[code] if one["statistic"] is not None else _unjudged(one),
            HELD[Verdict(one["verdict"])],
        )
        for code, one in entry["definitions"].items()
    )


def _claims(entry: Entry) -> dict[str, str]:
    incumbent, challenger = parties(entry)
    limits = {k: v for k, v in entry["thresholds"].items() if isinstance(v, int | float)}
    part = {k: f"{POINTS * v:.4g}" for k, v in limits.items()}
    return {
        "D1": (
            f"{challenger} has levelled off below {part['ceiling_share']} % of the tokens: its "
            f"share moves by less than {part['slope_tolerance']} points a month"
        ),
        "D2": (
            f"without the moves of {incumbent}, {challenger} would hold more of the tokens, by "
            f"at least {part['minimum_effect']} points"
        ),
        "D3": (
            f"{challenger} leads in tokens and {incumbent} in revenue all through the last "
            f"{limits['window_months']:g} months, by {part['lead_margin']} points, in most runs "
            "(never enough alone)"
        ),
        "D4": (
            f"the tokens of {challenger} and {incumbent} grow alike: by less than "
            f"{part['growth_tolerance']} % a month apart"
        ),
        "D5": (
            f"a point of tokens that {challenger} gains brings less than "
            f"{limits['conversion_limit']:g} points of revenue"
        ),
        "D6": f"holding back costs {incumbent} profit (a flag, no part of the answer)",
    }


def _found(entry: Entry) -> dict[str, str]:
    """What was measured, by definition; nothing where nothing was."""
    numbers = {}
    for code, one in entry["definitions"].items():
        low, high = one["interval"] or (None, None)
        numbers[code] = (one["statistic"] or 0.0, low, high)
    slope = percent_a_month(*numbers["D1"])
    below = (entry["definitions"]["D1"].get("details") or {}).get("frequency_below_ceiling")
    stay = "" if below is None else f"; {POINTS * below:.0f} % of runs stay below the ceiling"
    longer = entry["definitions"]["D1"]["note"].partition("longer run: ")[2].partition(";")[0]
    later = f"; in the longer run: {HELD[Verdict(longer)]}" if longer else ""
    return {
        "D1": f"{slope} points a month{stay}{later}",
        "D2": f"{percent(*numbers['D2'])} points",
        "D3": f"in {percent(*numbers['D3'])} % of runs",
        "D4": f"{percent_a_month(*numbers['D4'])} % a month",
        "D5": f"{spread(*numbers['D5'], most=2)} points of revenue",
        "D6": f"profit of {parties(entry)[0]} {money(*numbers['D6'])}",
    }


def percent_a_month(value: float, low: float | None, high: float | None) -> str:
    """A monthly change of a share in points, to hundredths."""
    return spread(POINTS * value, times(POINTS, low), times(POINTS, high), most=2)


def _unjudged(one: Mapping[str, Any]) -> str:
    return str(one["note"] or "nothing was measured")


@dataclass(frozen=True)
class Detail:
    """A titled block of lines or of rows of cells."""

    title: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def details_of(result: Result, verdict: Entry) -> Iterator[Detail]:
    """Seeds, all shares, other rules, robustness, dates and costs of a stored result."""
    yield _all_shares(result, verdict)
    entry = (verdict.get("verdicts") or {}).get(verdict.get("primary"))
    if entry is not None:
        yield endings_of(entry)
        rules = _rules(verdict)
        if rules.rows:
            yield rules
        yield Detail("How firm the answer is", tuple(_firmness(entry)))
        dates = tuple(dated_lines(verdict))
        if dates:
            yield Detail("When", dates)
        costs = tuple(burn_lines(result, verdict))
        if costs:
            yield Detail("What it cost", costs)
    yield Detail("Runs", tuple(_runs(result, verdict, entry)))


def _all_shares(result: Result, verdict: Entry) -> Detail:
    boards = verdict.get("scoreboards") or {}
    names = {
        "platform_token_share": "tokens",
        "family_token_share": "tokens of own models",
        "full_stack_revenue_share": "revenue",
    }
    shown = {name: title for name, title in names.items() if name in boards}
    if not shown:
        return Detail("Shares")
    first = boards[next(iter(shown))]
    rows = [("", *shown.values())]
    for vendor in sorted(first, key=lambda name: -(first[name]["median"] or 0.0)):
        cells = (boards[name].get(vendor) for name in shown)
        rows.append(
            (
                vendor_label(result.scenario, vendor),
                *("-" if c is None else percent(c["median"], c["p05"], c["p95"]) for c in cells),
            )
        )
    months = result.scenario.containment.window_months
    return Detail(f"Shares of the last {months} months, %: median (nine in ten)", (), tuple(rows))


def endings_of(entry: Entry) -> Detail:
    """How the runs end: counts and shares of the outcome classes, and what their names mean."""
    found = [(k, f) for k, f in entry["classes"]["frequencies"].items() if f["count"]]
    found.sort(key=lambda item: -item[1]["count"])
    rows = tuple(
        (class_name(k), f"{f['count']}", percent(f["share"], *f["interval"])) for k, f in found
    )
    lines = tuple(f"{class_name(k)}: {class_in_words(k, entry)}" for k, _ in found)
    kind = entry["classes"]["interval_type"]
    return Detail(f"How {entry['n']} runs end: runs, % ({kind})", lines, rows)


def _rules(verdict: Entry) -> Detail:
    """The effect under each rule for the saved money and each hosting."""
    entries = {n: e for n, e in verdict["verdicts"].items() if e["causal"]["tau"] is not None}
    pairs = verdict.get("hosting", {}).get("pairs", {})
    if len(entries) < 2 or not pairs:
        return Detail("")
    incumbent, challenger = parties(verdict["verdicts"][verdict["primary"]])
    rows = [("", *RULES.values())]
    for hosting in dict.fromkeys(pairs[name] for name in entries):
        own = hosting == verdict["hosting"]["scenario"]
        cells = []
        for rule in RULES:
            found = entries.get(rule if own else f"{rule}{OTHER_HOSTING}")
            cells.append("-" if found is None else signed(*effect_of(found)))
        note = " (scenario)" if own else ""
        rows.append((f"{hosting} them{note}", *cells))
    reverse = verdict.get("reverse_test")
    lines = []
    if reverse:
        change, interval = more_or_less(reverse["tau_mean"], *(reverse["interval"] or (None, None)))
        bounds = f" ({interval})" if interval else ""
        lines.append(f"Without its own moves {challenger} would hold {change}{bounds}.")
    title = (
        f"Points that {challenger} would gain without the moves of {incumbent}, by whether it "
        "hosts the open families of the latter"
    )
    return Detail(title, tuple(lines), tuple(rows))


def _firmness(entry: Entry) -> Iterator[str]:
    curve = entry.get("specification")
    if curve:
        yield (
            f"At {POINTS * curve['same_overall']:.0f} % of {len(curve['points'])} settings of the "
            f"thresholds the answer is the same; for the definitions alone at "
            f"{POINTS * curve['same_contained']:.0f} %."
        )
    stable = entry.get("stability")
    if stable:
        windows = sorted(int(name[4:]) for name in stable["kept"] if name.startswith("W"))
        beyond = " and beyond the horizon" if stable["horizon_checked"] else ""
        least = "" if stable["stable"] else f"; most change at {_place(stable['flips'])}"
        yield (
            f"{POINTS * stable['share']:.0f} % of runs end alike over windows of "
            f"{', '.join(map(str, windows))} months{beyond}{least}."
        )
    further = entry.get("longer_run")
    if further:
        yield (
            f"At month {further['months']} {further['kept']} of {further['n']} runs end as before: "
            f"{percent(further['share'], *further['interval'])} %."
        )
    look = entry.get("sequential")
    if look:
        yield f"Planned looks: {look['note']}."
    for note in entry["notes"]:
        yield f"{note[0].upper()}{note[1:]}."


def _place(label: str) -> str:
    return f"{label[4:]} months" if label.startswith("W = ") else label


def dated_lines(verdict: Entry) -> Iterator[str]:
    """When states of the contest begin, whether they last, and where runs form two groups."""
    states = (verdict.get("events") or {"states": {}})["states"]
    entry = verdict["verdicts"][verdict["primary"]]
    for name, words in STATES.items():
        if name in states and states[name]["first"]["n"]:
            yield f"{_state(words, states[name])}."
    for board, vendors in (verdict.get("final_states") or {"shares": {}})["shares"].items():
        for vendor, test in vendors.items():
            if test is not None and test["p_value"] <= SMALL_P:
                places = " and ".join(f"{POINTS * place:.0f}" for place in test["modes"])
                whose = f"{board.replace('_', ' ')} of {label_of(entry, vendor)}"
                yield (
                    f"The {whose} ends in two groups, near {places} % (Silverman's test, p = "
                    f"{test['p_value']:.3f}, n = {test['n']})."
                )


def _state(words: str, state: Mapping[str, Any]) -> str:
    first, ended, again = state["first"], state["duration"], state["relapse"]
    text = f"{words[0].upper()}{words[1:]} in {first['happened']} of {first['n']} runs"
    if not first["happened"]:
        return text
    text += f", from {state['median_first_date'][:7]} (median)"
    if ended["happened"]:
        text += f"; it ends in {ended['happened']}"
    return text + (f" and begins again in {again['happened']}" if again["happened"] else "")


def burn_lines(result: Result, verdict: Entry) -> Iterator[str]:
    """One line if the scenario has a price cut of the challenger, else none."""
    burn, contest = verdict.get("burn_per_point"), verdict.get("contest")
    if not burn or not contest:
        return
    found = burn["vendors"].get(contest["challenger"])
    if not found or not found["since_price_cut"]:
        return
    who = vendor_label(result.scenario, contest["challenger"])
    spent = money(1e6 * found["burn_million_yuan"], None, None)
    since = f"{who} sold for {spent} below cost since its price cut of {found['since'][:7]}"
    gained = f"{number(found['points_gained'], 1)} points; n = {burn['n']}"
    if found["estimate"] is None:
        yield f"{since} and gained no share ({gained})."
        return
    low, high = found["interval"] or (None, None)
    price = money(1e6 * found["estimate"], times(1e6, low), times(1e6, high))
    kind = f"{burn['interval_type']}; n = {burn['n']}"
    yield f"{since}: {price} a point of token share gained ({kind})."


def split_of(found: Mapping[str, Any]) -> Detail:
    """What the spread of the effect and of the final token share is made of, over a posterior."""
    rows: list[tuple[str, ...]] = [
        ("", "points", "sd", "seed, %", "parameters, %", "strategies, %")
    ]
    for name, title in {"tau": "effect", "token_share": "challenger's tokens"}.items():
        one = found["outcomes"].get(name)
        if one is not None:
            shares = one["shares"]
            seed = shares["seed"]
            rows.append(
                (
                    title,
                    percent(one["median"], *one["interval"]),
                    f"{POINTS * max(one['total'], 0.0) ** 0.5:.1f}",
                    "-" if seed is None else percent(seed, *one["seed_share"]),
                    *(_part(shares.get(part)) for part in ("parameters", "strategies")),
                )
            )
    title = (
        f"What the spread is made of: {found['draws']:,} draws x {found['seeds_of_each']} seeds, "
        "parts of the variance"
    )
    return Detail(title, (f"{grounds_line(found)}.",), tuple(rows))


def _part(share: float | None) -> str:
    return "-" if share is None else f"{POINTS * share:.0f}"


def _runs(result: Result, verdict: Entry, entry: Entry | None) -> Iterator[str]:
    """Seeds, kinds of intervals, effective clients and what failed."""
    seeds = entry["seeds"] if entry else result.sound_replicates("on")
    yield f"Seeds: numbers {ranges(seeds)} of those drawn from root seed {verdict['root_seed']}."
    yield f"Scenario {result.scenario_hash}."
    if entry is not None:
        kinds = {one["interval_type"] for one in entry["definitions"].values() if one["interval"]}
        kinds |= {entry["classes"]["interval_type"], entry["emergence"]["interval_type"]}
        yield f"Intervals: {'; '.join(sorted(kind for kind in kinds if kind))}."
    if "n_eff" in result.runs:
        effective = result.runs["n_eff"].median()
        yield (
            f"Clients of unequal size count as {effective:,.0f} equal ones; 5,000 keep the noise "
            "of sampling small."
        )
    if failures := result.failures():
        yield failures
