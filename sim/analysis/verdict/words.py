"""The answer of a stored result in plain words: one place for screen, report, page and Python.

Everything here reads the stored verdict, so that old results speak as new ones do. Numbers are
rounded to what their interval carries.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.rounding import POINTS, more_or_less, percent
from sim.analysis.statistics import mean_interval, wilson_interval
from sim.analysis.verdict.containment import MAJORITY, Verdict, above
from sim.analysis.verdict.outcomes import OutcomeClass

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario

Entry = Mapping[str, Any]

CONTAINED, NOT_CONTAINED, NOT_KNOWN = "contained", "not contained", "not known"
LEAST_POINTS = 0.005  # share; smaller holders are left out
LEAST_BELT = 0.03  # share; vendors below it in both belts are left out
MOST_RUNS = 100_000
NORMAL = 1.959964  # 97.5 % quantile
WANTED_EFFECTIVE_CLIENTS = 5_000.0
TOKENS, REVENUE = "platform_token_share", "full_stack_revenue_share"


@dataclass(frozen=True)
class Belts:
    """The shares of the vendors in both belts: a title, a head and a row for each vendor."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


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
            ("Beware", self.beware),
        )
        return tuple((name, text) for name, text in named if text)

    @property
    def sentences(self) -> list[str]:
        """The answer and what it rests on, as they stand in a stored verdict."""
        return [text for text in (self.answer, self.effect, self.share) if text]


def answer_of(result: Result, verdict: Entry | None = None) -> Answer:
    """The answer of a stored result, whenever it was made.

    Parameters
    ----------
    verdict
        The stored one unless given.
    """
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
    flips = _flips_text(flips_of(verdict))
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


def holds_of(entry: Entry) -> str:
    """Whether the incumbent contains the challenger, from the verdict of one pair of worlds."""
    awarded = entry.get("awarded", entry["overall"])
    if awarded == Verdict.SUPPORTED:
        return CONTAINED
    return NOT_CONTAINED if awarded == Verdict.REFUTED else NOT_KNOWN


def _unit(verdict: Entry) -> str:
    return "draws" if verdict.get("posterior") else "runs"


def _tau(entry: Entry) -> tuple[float, float | None, float | None]:
    """Mean effect of the moves with its interval, as a share; (0, None, None) without a pair."""
    found = entry["definitions"]["D2"]
    low, high = found["interval"] or (None, None)
    return found["statistic"] or 0.0, low, high


def _hits(entry: Entry, kind: str = OutcomeClass.CONTAINMENT.value) -> int:
    return int(entry["classes"]["frequencies"][kind]["count"])


def _answer(entry: Entry, unit: str) -> str:
    holds, n = holds_of(entry), entry["n"]
    incumbent, challenger = entry["incumbent"], entry["challenger"]
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
    incumbent, challenger = entry["incumbent"], entry["challenger"]
    if entry["causal"]["tau"] is None:
        yield (
            f"too few {unit} end with {challenger} ahead in tokens and level, and {incumbent} "
            f"ahead in revenue; {_commonest(entry)}"
        )
        return
    mean, _, high = _tau(entry)
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
        held = next(one["mean"] for one in entry["diversion"] if one["vendor"] == incumbent)
        yield (
            f"{challenger} is held back, but not by {incumbent} for itself, which holds "
            f"{percent(held)} of the {percent(mean)} points"
        )


def _doubts(entry: Entry, unit: str) -> Iterator[str]:
    """Why a containment is not known."""
    incumbent, challenger = entry["incumbent"], entry["challenger"]
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
    part = "all" if found["count"] == entry["n"] else f"{found['count']} of them"
    return f"in {part} {class_in_words(kind, entry)}"


def class_in_words(kind: str, entry: Entry) -> str:
    """An outcome class as a clause about the two parties."""
    incumbent, challenger = entry["incumbent"], entry["challenger"]
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
    change, interval = more_or_less(*_tau(entry))
    bounds = f"{interval}; " if interval else ""
    if _tau(entry) == (0.0, 0.0, 0.0):
        change, bounds = "just as much", ""
    text = (
        f"without the moves of {entry['incumbent']}, {entry['challenger']} would hold {change} of "
        f"the tokens ({bounds}{POINTS * least:.4g} more count)"
    )
    if unit == "draws" and entry["n"] > 1:
        taus = np.asarray(entry["causal"]["tau"], dtype=np.float64)
        band = more_or_less(float(taus.mean()), *map(float, np.quantile(taus, [0.05, 0.95])))[1]
        enough = float(np.mean(taus >= least))
        text += f"; nine in ten draws: {band}; {POINTS * enough:.0f} % of them count"
    return text


def _signed(share: float, low: float | None = None, high: float | None = None) -> str:
    return f"{'+' if share > 0.0 else ''}{percent(share, low, high)}"


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
    rest = ", ".join(f"{k.replace('_', '-')} {POINTS * share:.0f}" for share, k in others)
    text = f"{ending} in {share} % of {unit} ({bounds}more than 50 counts)"
    return f"{text}; {rest}" if rest else text


def _holders(entry: Entry) -> str:
    """Who holds the points of the effect: the incumbent, and others from half a point on."""
    parts = [
        f"{one['vendor']} {_signed(one['mean'], *(one['interval'] or (None, None)))}"
        for one in entry.get("diversion", ())
        if abs(one["mean"]) >= LEAST_POINTS or one["vendor"] == entry["incumbent"]
    ]
    if not parts:
        return ""
    own = entry.get("self_hosting_effect")
    if own and abs(own["mean"]) >= LEAST_POINTS:
        parts.append(f"clients' own machines {_signed(own['mean'], *(own['interval'] or ()))}")
    return f"by the moves, in points of tokens: {'; '.join(parts)}"


def flips_of(verdict: Entry) -> dict[str, list[str]]:
    """What was tried that gives another answer: conditions by the answer that they give."""
    entry = verdict["verdicts"][verdict["primary"]]
    now, found = holds_of(entry), dict[str, list[str]]()
    for answer, condition in (
        *_by_rule(verdict),
        *_by_horizon(entry),
        *_by_window(entry),
        *_by_threshold(entry),
    ):
        if answer != now:
            found.setdefault(answer, []).append(condition)
    return found


def _word(verdict: str) -> str:
    return holds_of({"overall": verdict})


LOOSER = {
    "lead_margin": "a lead of {:.3g} points counts",
    "ceiling_share": "the ceiling is {:.3g} %",
    "slope_tolerance": "{:.3g} points a month is flat",
    "minimum_effect": "{:.3g} points count",
}


def _by_threshold(entry: Entry) -> Iterator[tuple[str, str]]:
    """The answer where one threshold alone is another."""
    for point in (entry.get("specification") or {"points": ()})["points"]:
        moved = [
            axis
            for axis, value in point["thresholds"].items()
            if not math.isclose(value, entry["thresholds"][axis], abs_tol=1e-12)
        ]
        if len(moved) == 1 and point["overall"] != entry["overall"]:
            value = POINTS * point["thresholds"][moved[0]]
            yield _word(point["overall"]), LOOSER[moved[0]].format(value)


def _counted(counts: Mapping[str, int], causal: str) -> str:
    """The answer of other counts of classes under the same effect."""
    n, hits = sum(counts.values()), counts.get(OutcomeClass.CONTAINMENT.value, 0)
    emergence = above(wilson_interval(hits, n), MAJORITY)
    if Verdict.REFUTED in (emergence, causal):
        return NOT_CONTAINED
    return CONTAINED if emergence == causal == Verdict.SUPPORTED else NOT_KNOWN


def _by_window(entry: Entry) -> Iterator[tuple[str, str]]:
    """The answer over other windows; windows with one answer are named together."""
    own = f"W = {entry['thresholds']['window_months']}"
    if entry["causal"]["tau"] is None or entry["n"] < 2:
        return
    found: dict[str, list[int]] = {}
    for label, counts in entry.get("stability", {}).get("classes", {}).items():
        if label.startswith("W = ") and label != own:
            answer = _counted(counts, entry["causal"]["verdict"])
            found.setdefault(answer, []).append(int(label[4:]))
    for answer, months in found.items():
        yield answer, f"judged over {' or '.join(map(str, sorted(months)))} months"


def _by_horizon(entry: Entry) -> Iterator[tuple[str, str]]:
    further = entry.get("longer_run")
    if not further or entry["causal"]["tau"] is None or not further.get("tau_interval"):
        return
    counts = {kind: further["classes"].count(kind) for kind in set(further["classes"])}
    low, high = further["tau_interval"]
    least = entry["thresholds"]["minimum_effect"]
    causal = Verdict.SUPPORTED if low > least else Verdict.UNDETERMINED
    causal = Verdict.REFUTED if high < least else causal
    yield _counted(counts, causal), f"judged at month {further['months']}"


def _by_rule(verdict: Entry) -> Iterator[tuple[str, str]]:
    """The answer where the saved money goes elsewhere, or other families are hosted.

    Both at once are named only where neither alone gives that answer.
    """
    primary, hosting = verdict["primary"], verdict.get("hosting", {})
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for name, entry in verdict["verdicts"].items():
        if name == primary or entry["causal"]["tau"] is None:
            continue
        conditions = []
        if name.startswith("money_in_price"):
            conditions.append(
                f"without its moves {entry['incumbent']} puts their money into prices"
            )
        other = hosting.get("pairs", {}).get(name)
        if other and other != hosting["scenario"]:
            families = f"open families of {entry['incumbent']}"
            conditions.append(f"{entry['challenger']} {other} the {families}")
        points = _signed(_tau(entry)[0])
        found[tuple(conditions)] = holds_of(entry), f"{' and '.join(conditions)} ({points} points)"
    for named, (answer, text) in found.items():
        alone = [found[(one,)][0] for one in named if (one,) in found]
        if len(named) == 1 or answer not in alone:
            yield answer, text


def _flips_text(found: Mapping[str, Sequence[str]]) -> str:
    if not found:
        return "nothing that was tried: thresholds, windows, money, hosting"
    return "; ".join(f"{answer} if {' or if '.join(parts)}" for answer, parts in found.items())


def runs_needed(entry: Entry) -> float:
    """Runs at which the intervals would leave what counts, if means and spreads stay; 0 = now.

    Wilson's interval leaves one half when ``n > z^2 / (4 (p - 1/2)^2)``, that of the effect
    leaves its threshold when ``n > (z sd / (mean - threshold))^2``.
    """
    if holds_of(entry) != NOT_KNOWN or entry["causal"]["tau"] is None:
        return 0.0
    away = entry["emergence"]["share"] - MAJORITY
    shares = math.inf if away == 0.0 else (NORMAL / (2.0 * away)) ** 2
    effect = mean_interval(entry["causal"]["tau"])
    beyond = effect.mean - entry["thresholds"]["minimum_effect"]
    causes = math.inf if beyond == 0.0 else (NORMAL * effect.sd / beyond) ** 2
    if away > 0.0 and beyond > 0.0:
        needed = max(shares, causes)
    else:
        needed = min(n for n, against in ((shares, away), (causes, beyond)) if against <= 0.0)
    return math.ceil(needed) + 1.0 if math.isfinite(needed) else math.inf


def _more_runs(entry: Entry) -> str:
    n, needed = entry["n"], runs_needed(entry)
    if entry["causal"]["tau"] is None:
        return ""
    if n == 1:
        return "at least 30 to begin with"
    if not needed:
        return f"not needed: at {n} the intervals lie clear of what counts"
    if needed > MOST_RUNS:
        return "no number of them will settle it: the runs lie on the line itself"
    if needed <= n:
        return f"twice as many ({2 * n}) would narrow what each vendor holds"
    step = 10 ** max(0, len(str(int(needed))) - 2)
    about = math.ceil(needed / step) * step
    return f"about {about:,} in all settle it, if shares stay as they are"


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
    unit = _unit(verdict)
    months = scenario.containment.window_months
    title = f"Last {months} months, %: median (nine in ten {unit})"
    return Belts(title, ("", "tokens", "revenue"), rows)


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
    head = ("", "price, yuan per million tokens", "tokens, %")
    return Belts("Last month, median of the runs", head, tuple(rows))


def _beware(result: Result, verdict: Entry) -> Iterator[str]:
    if len(result.failed):
        yield f"{len(result.failed)} of {len(result.runs)} runs failed"
    runs = result.runs
    if "n_eff" in runs and (runs["n_eff"] < WANTED_EFFECTIVE_CLIENTS).any():
        yield "few clients, so shares carry sampling noise (--clients)"
    entry = (verdict.get("verdicts") or {}).get(verdict.get("primary")) or {}
    notes = " ".join(entry.get("notes", ()))
    if "wanted" in notes:
        yield f"{entry['months']} months are short, 36 are wanted"
    if "two humps" in notes:
        yield "the runs may form two groups: see the distribution"


def _foot(verdict: Entry) -> str:
    entry = (verdict.get("verdicts") or {}).get(verdict.get("primary")) or {}
    n = entry.get("n", verdict.get("replicates"))
    text = (
        f"n = {n} {_unit(verdict)} a world, seed {verdict['root_seed']}, scenario "
        f"{verdict['scenario_hash'][:8]}"
    )
    facts = verdict.get("posterior")
    return f"{text}, posterior of {facts['draws']:,} draws" if facts else text
