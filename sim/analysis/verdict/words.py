"""The answer of a stored result in plain words: one place for screen, report, page and Python.

Everything here reads the stored verdict, so that old results speak as new ones do. Numbers are
rounded to what their interval carries.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.rounding import POINTS, more_or_less, percent
from sim.analysis.verdict.containment import MAJORITY, Verdict
from sim.analysis.verdict.flips import (
    CONTAINED,
    MOST_RUNS,
    NOT_CONTAINED,
    NOT_KNOWN,
    Entry,
    effect_of,
    flips_of,
    holds_of,
    label_of,
    parties,
    runs_needed,
    signed,
)
from sim.analysis.verdict.grounds import refuse_bare
from sim.analysis.verdict.outcomes import OutcomeClass, class_name
from sim.runs.stored import told_if_altered

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario


LEAST_POINTS = 0.005  # share; smaller holders are left out
CLASSES_SHOWN = 3
LEAST_RUNS = 30
LEAST_BELT = 0.03  # share; vendors below it in both belts are left out
WANTED_EFFECTIVE_CLIENTS = 5_000.0
TOKENS, REVENUE = "platform_token_share", "full_stack_revenue_share"


@dataclass(frozen=True)
class Belts:
    """The shares of the vendors in both belts: a title, a head and a row for each vendor."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def _repr_html_(self) -> str:
        lines = (self.title, *self.head[1:]), *self.rows
        cells = ("".join(f"<td>{escape(cell)}</td>" for cell in line) for line in lines)
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


@dataclass(frozen=True)
class Answer:
    """What a result says, one sentence for each thing; empty where it says nothing of it."""

    question: str
    holds: str
    """Contained, not contained or not known; empty where nothing is asked."""
    answer: str
    course: str = ""
    """How the measure of an episode goes."""
    effect: str = ""
    share: str = ""
    holders: str = ""
    flips: str = ""
    more_runs: str = ""
    belts: Belts | None = None
    beware: str = ""
    next: tuple[str, ...] = ()
    foot: str = ""
    also: tuple[tuple[str, str], ...] = ()
    """Further things by name, for answers of other questions."""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """What stands under the answer, by name."""
        named = (
            ("Course", self.course),
            ("Effect", self.effect),
            ("Runs", self.share),
            ("Who gains", self.holders),
            ("Would flip", self.flips),
            ("More runs", self.more_runs),
            *self.also,
            ("Beware", self.beware),
        )
        return tuple((name, text) for name, text in named if text)

    @property
    def sentences(self) -> list[str]:
        """The answer and what it rests on, as they stand in a stored verdict."""
        return [text for text in (self.answer, self.effect, self.share) if text]

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for name, text in self.rows
        )
        table = "" if self.belts is None else self.belts._repr_html_()
        return (
            f"<h3>{escape(self.question)}</h3><p><b>{escape(self.answer)}</b></p>"
            f"<table>{rows}</table>{table}<p>{escape(self.foot)}</p>"
        )


def in_currency(answer: Answer, scenario: Scenario) -> Answer:
    """The answer in the currency of a scenario."""
    words, sign, belts = scenario.currency.words, scenario.currency.sign, answer.belts
    texts = {f.name: getattr(answer, f.name) for f in fields(answer)}
    changed: dict[str, Any] = {n: words(text) for n, text in texts.items() if isinstance(text, str)}
    if belts is not None:
        rows = tuple(tuple(map(words, row)) for row in belts.rows)
        changed["belts"] = Belts(sign(belts.title), tuple(map(sign, belts.head)), rows)
    return replace(answer, **changed)


@told_if_altered
def answer_of(result: Result, verdict: Entry | None = None) -> Answer:
    """The answer of a stored result in its own currency, whenever it was made.

    Parameters
    ----------
    verdict
        The stored one unless given.
    """
    return in_currency(_answer_of(result, verdict), result.scenario)


def _answer_of(result: Result, verdict: Entry | None) -> Answer:
    scenario = result.scenario
    found = result.verdict if verdict is None else verdict
    foot = _foot(found)
    commands = next_commands(result)
    if not result.sound_replicates("on"):
        text = "Not known: no run of the scenario as it stands was finished."
        return Answer(question_of(scenario), NOT_KNOWN, text, next=commands, foot=foot)
    shared: dict[str, Any] = {
        "belts": belts_of(found, scenario),
        "beware": "; ".join(_beware(result, found)),
        "next": commands,
        "foot": foot,
    }
    if scenario.episode.measure:
        from sim.analysis.episode import episode_findings

        course, against = episode_findings(result).sentences
        return Answer(question_of(scenario), "", against, course=course, **shared)
    if scenario.contest is None:
        text = (
            "The scenario names no contest, so there is no verdict; shares and prices stand below."
        )
        shared["belts"] = _last_month(result)
        return Answer(question_of(scenario), "", text, **shared)
    return answer_in_words(found, scenario, **shared)


def answer_in_words(verdict: Entry, scenario: Scenario, **further: Any) -> Answer:
    """The answer of a verdict on a contest; `further` are fields that need the stored runs."""
    question = question_of(scenario)
    entry = verdict["verdicts"].get(verdict["primary"])
    if entry is None:
        text = "Not known: no replicate was finished in both worlds of a pair."
        return Answer(question, NOT_KNOWN, text, **further)
    flips = "" if entry["n"] == 1 else _flips_text(flips_of(verdict))
    return answer_of_pair(entry, question, _unit(verdict), flips=flips, **further)


def answer_of_pair(entry: Entry, question: str = "", unit: str = "runs", **further: Any) -> Answer:
    """The answer of one pair of worlds; `unit` is what a replicate is called."""
    return Answer(
        question,
        holds_of(entry),
        _answer(entry, unit),
        effect=_effect(entry, unit),
        share=_share(entry, unit),
        holders=_holders(entry),
        more_runs=_more_runs(entry),
        **further,
    )


def question_of(scenario: Scenario) -> str:
    """What a scenario asks: its episode, its contest, or its title alone."""
    title = scenario.title or scenario.name
    contest = scenario.contest
    if scenario.episode.measure or contest is None:
        return title
    names = [
        scenario.vendors[vendor].label or vendor
        for vendor in (contest.incumbent, contest.challenger)
    ]
    return f"Does the strategy of {names[0]} contain {names[1]}?"


def next_commands(result: Result) -> tuple[str, ...]:
    """What to type next for a stored result."""
    path = shlex.quote(str(result.path))
    return (f"sim plot {path}", f"sim report {path}")


def more_replicates(verdict: Entry) -> int | None:
    """Replicates that would settle an answer that is not known; None where none would."""
    entry = (verdict.get("verdicts") or {}).get(verdict.get("primary"))
    if entry is None or holds_of(entry) != NOT_KNOWN or entry["causal"]["tau"] is None:
        return None
    needed = runs_needed(entry)
    if needed > MOST_RUNS:
        return None
    return max(LEAST_RUNS, 2 * entry["n"] if needed <= entry["n"] else _rounded_up(needed))


def _rounded_up(needed: float) -> int:
    step = 10 ** max(0, len(str(int(needed))) - 2)
    return math.ceil(needed / step) * step


def _unit(verdict: Entry) -> str:
    return "draws" if verdict.get("posterior") else "runs"


def _hits(entry: Entry, kind: str = OutcomeClass.CONTAINMENT.value) -> int:
    return int(entry["classes"]["frequencies"][kind]["count"])


def _answer(entry: Entry, unit: str) -> str:
    holds, n = holds_of(entry), entry["n"]
    incumbent, challenger = parties(entry)
    if n == 1 and holds != NOT_CONTAINED:
        return "Not known: a single run decides nothing."
    if holds == CONTAINED:
        tail = ""
        if entry["contained"] != Verdict.SUPPORTED:
            tail = (
                f"; that {challenger} has levelled off, or that each leads one belt, is not shown"
            )
        elif entry.get("pyrrhic"):
            tail = f", though it costs {incumbent} profit"
        return (
            f"Contained: {_of(_hits(entry), n, unit)} end so, and the moves of {incumbent} bring "
            f"it about{tail}."
        )
    reasons = list(_refusals(entry, unit) if holds == NOT_CONTAINED else _doubts(entry, unit))
    return f"{holds.capitalize()}: {'; '.join(reasons)}."


def _of(count: int, n: int, unit: str) -> str:
    return f"{count} of {n} {unit}"


def _refusals(entry: Entry, unit: str) -> Iterator[str]:
    """Why a containment is refuted: the effect, the share of runs, who holds the points."""
    incumbent, challenger = parties(entry)
    if entry["causal"]["tau"] is None:
        yield (
            f"too few {unit} end with {challenger} ahead in tokens and level, and {incumbent} "
            f"ahead in revenue; {_commonest(entry)}"
        )
        return
    mean, _, high = effect_of(entry)
    if entry["causal"]["verdict"] == Verdict.REFUTED:
        if mean == 0.0 == high:
            yield f"the moves of {incumbent} change nothing for {challenger}"
        elif mean < 0.0:
            yield f"the moves of {incumbent} help {challenger} more than they hold it back"
        else:
            yield f"the moves of {incumbent} hold {challenger} back by too little to count"
    if entry["emergence"]["verdict"] == Verdict.REFUTED:
        some = f"only {_of(_hits(entry), entry['n'], unit)} end"
        found = some if _hits(entry) else f"none of {entry['n']} {unit} ends"
        yield f"{found} contained; {_commonest(entry)}"
    if entry["overall"] != Verdict.REFUTED:
        own = entry["incumbent"]
        held = next(one["mean"] for one in entry["diversion"] if one["vendor"] == own)
        yield (
            f"{challenger} is held back, but not by {incumbent} for itself, which holds "
            f"{percent(held)} of the {percent(mean)} points"
        )


def _doubts(entry: Entry, unit: str) -> Iterator[str]:
    """Why a containment is not known."""
    incumbent, challenger = parties(entry)
    if entry["causal"]["tau"] is None:
        yield f"no world without the moves of {incumbent} was run beside this one"
        return
    held = f"the moves of {incumbent} hold {challenger} back"
    causal, emergence = entry["causal"]["verdict"], entry["emergence"]["verdict"]
    if causal == Verdict.SUPPORTED:
        yield f"{held}, but {_near(entry, unit)}" if emergence != Verdict.SUPPORTED else held
    else:
        least = POINTS * entry["thresholds"]["minimum_effect"]
        yield f"whether {held} by the {least:.4g} points that count is open"
        if emergence != Verdict.SUPPORTED:
            yield _near(entry, unit)
    if entry["overall"] == Verdict.SUPPORTED:
        yield f"whether {incumbent} holds its part of the points itself is open"


def _near(entry: Entry, unit: str) -> str:
    return f"{_of(_hits(entry), entry['n'], unit)} end contained, too near to half to tell"


def _commonest(entry: Entry) -> str:
    """How most of the runs end that do not end in containment."""
    others = {k: f for k, f in entry["classes"]["frequencies"].items() if k != "containment"}
    kind, found = max(others.items(), key=lambda item: item[1]["count"])
    part = "all" if found["count"] == entry["n"] else str(found["count"])
    return f"in {part} {class_in_words(kind, entry)}"


def class_in_words(kind: str, entry: Entry) -> str:
    """An outcome class as a clause about the two parties."""
    incumbent, challenger = parties(entry)
    limits = {name: POINTS * float(v) for name, v in entry["thresholds"].items()}
    return {
        "fragmentation": f"no platform holds {limits['fragmentation_share']:.4g} % of tokens",
        "third_party_lead": "a third vendor leads in tokens",
        "displacement": f"{challenger} leads in tokens and in revenue",
        "breakout": (
            f"{challenger} leads in tokens and still grows or holds {limits['ceiling_share']:.4g} %"
        ),
        "incumbent_rollback": f"{incumbent} leads in tokens itself",
        "containment": f"{incumbent} contains {challenger}",
        "stand_off": "each leads one belt, with the moves or without",
        "contested": "neither leads clearly",
    }[kind]


def _effect(entry: Entry, unit: str) -> str:
    if entry["causal"]["tau"] is None:
        return ""
    least = entry["thresholds"]["minimum_effect"]
    change, interval = more_or_less(*effect_of(entry))
    bounds = f"{interval}; " if interval else ""
    text = (
        f"{parties(entry)[1]} would hold {change} of the tokens without the moves "
        f"({bounds}{POINTS * least:.4g} or more count)"
    )
    if unit == "draws" and entry["n"] > 1:
        taus = np.asarray(entry["causal"]["tau"], dtype=np.float64)
        band = more_or_less(float(taus.mean()), *map(float, np.quantile(taus, [0.05, 0.95])))[1]
        enough = float(np.mean(taus >= least))
        text += f"; nine in ten draws {band}, {POINTS * enough:.0f} % of them count"
    return text


def _share(entry: Entry, unit: str) -> str:
    found = entry["emergence"]
    low, high = found["interval"] or (None, None)
    share, _, interval = percent(found["share"], low, high).partition(" (")
    ending = "contained" if entry["causal"]["tau"] is not None else "on a plateau"
    bounds = f"{interval[:-1]}; " if interval else ""
    frequencies = entry["classes"]["frequencies"].items()
    others = sorted(
        ((f["share"], k) for k, f in frequencies if f["count"] and k != "containment"), reverse=True
    )
    shown = [f"{class_name(k)} {POINTS * share:.0f}" for share, k in others]
    if len(shown) > CLASSES_SHOWN:
        shown = [*shown[:CLASSES_SHOWN], "others less"]
    text = f"{ending} in {share} % of {unit} ({bounds}more than 50 counts)"
    return "; ".join([text, ", ".join(shown)] if shown else [text])


def _holders(entry: Entry) -> str:
    """Who holds the points of the effect: the incumbent, and others from half a point on."""
    parts = []
    for one in entry.get("diversion", ()):
        if one["vendor"] == entry["incumbent"]:
            change, bracket, rest = signed(one["mean"], *(one["interval"] or ())).partition(" (")
            parts.append(f"{label_of(entry, one['vendor'])} {change} points{bracket}{rest}")
        elif abs(one["mean"]) >= LEAST_POINTS:
            parts.append(f"{label_of(entry, one['vendor'])} {signed(one['mean'])}")
    own = entry.get("self_hosting_effect")
    if own and abs(own["mean"]) >= LEAST_POINTS:
        parts.append(f"clients' own machines {signed(own['mean'])}")
    return f"with the moves {', '.join(parts)}" if parts else ""


def _flips_text(found: Mapping[str, Sequence[str]]) -> str:
    if not found:
        return "nothing that was tried: thresholds, windows, money, hosting"
    return "; ".join(f"to {answer}: {', or '.join(parts)}" for answer, parts in found.items())


def _more_runs(entry: Entry) -> str:
    n, needed = entry["n"], runs_needed(entry)
    if entry["causal"]["tau"] is None:
        return ""
    if n == 1:
        return f"at least {LEAST_RUNS} to begin with"
    if not needed:
        return f"not needed: at {n} {_settled(entry)}"
    if needed > MOST_RUNS:
        return "no number of them will settle it: the runs lie on the line itself"
    if needed <= n:
        return f"twice as many ({2 * n}) would narrow what each vendor holds"
    return f"about {_rounded_up(needed):,} in all settle it, if shares stay as they are"


def _settled(entry: Entry) -> str:
    """Which interval lies clear of what counts, so that the answer stands."""
    if entry["emergence"]["verdict"] == Verdict.REFUTED:
        return f"the part that ends contained stays below {POINTS * MAJORITY:.0f} %"
    if entry["causal"]["verdict"] == Verdict.REFUTED:
        return "the effect stays below what counts"
    return "the intervals lie clear of what counts"


def belts_of(verdict: Entry, scenario: Scenario) -> Belts | None:
    """Median and 90 % band of the runs of each vendor's share of both belts."""
    boards = verdict.get("scoreboards") or {}
    if TOKENS not in boards or REVENUE not in boards:
        return None
    contest = scenario.contest
    parties = () if contest is None else (contest.incumbent, contest.challenger)
    tokens, revenue = boards[TOKENS], boards[REVENUE]

    def median(vendor: str) -> float:
        return float(tokens[vendor]["median"] or 0.0)

    shown = [
        vendor
        for vendor in tokens
        if vendor in parties
        or max(median(vendor), float(revenue.get(vendor, {}).get("median") or 0.0)) >= LEAST_BELT
    ]
    # The two parties stand first, so that what is cut on a small screen is none of them.
    shown.sort(key=lambda vendor: (vendor not in parties, -median(vendor)))
    rows = tuple(
        (
            scenario.vendors[vendor].label or vendor,
            *(_cell(board[vendor]) for board in (tokens, revenue)),
        )
        for vendor in shown
    )
    title = f"Last {scenario.containment.window_months} months, % (9 in 10 {_unit(verdict)})"
    return Belts(title, ("", "tokens, median", "revenue, median"), rows)


def _cell(found: Mapping[str, float | None]) -> str:
    if found["median"] is None:
        return "-"
    return percent(found["median"], found["p05"], found["p95"])


def _last_month(result: Result) -> Belts:
    """Prices and shares of the last month, for a scenario without a question."""
    last = result.curves.sel(point="on").isel(month=-1).median("replicate")
    rows = []
    for vendor, found in result.scenario.vendors.items():
        price = float(last["price_index"].sel(vendor=vendor))
        share = float(last[TOKENS].sel(vendor=vendor))
        rows.append((found.label or vendor, f"{price:.4g}", f"{POINTS * share:.1f}"))
    head = ("", "yuan per M tokens", "tokens, %")
    return Belts("Last month, median", head, tuple(rows))


def _beware(result: Result, verdict: Entry) -> Iterator[str]:
    if failures := result.failures():
        yield failures.rpartition("; first ")[0]
    runs = result.runs
    if "n_eff" in runs and (runs["n_eff"] < WANTED_EFFECTIVE_CLIENTS).any():
        yield "few clients, so chance weighs (--clients)"
    entry = (verdict.get("verdicts") or {}).get(verdict.get("primary")) or {}
    notes = " ".join(entry.get("notes", ()))
    if "wanted" in notes:
        yield f"only {entry['months']} months, 36 wanted"
    if "two humps" in notes:
        yield "two groups of runs: see the distribution"


def _foot(verdict: Entry) -> str:
    """n, seed and hash of what is concluded; refused where they are lost."""
    entry = (verdict.get("verdicts") or {}).get(verdict.get("primary"))
    text = f"seed {verdict['root_seed']}, scenario {verdict['scenario_hash'][:8]}"
    if entry is None:
        return f"{verdict['replicates']} runs a world, {text}"
    kinds = [entry["emergence"]["interval_type"], entry["classes"]["interval_type"]]
    known = {name: entry.get(name) for name in ("n", "seeds", "scenario_hash")}
    refuse_bare({**known, "root_seed": verdict["root_seed"], "interval_types": kinds})
    facts = verdict.get("posterior")
    over = f" over {facts['draws']:,} draws" if facts else ""
    return f"n = {entry['n']} runs a world{over}, {text}"
