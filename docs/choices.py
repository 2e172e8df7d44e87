"""Makes docs/explanation/choices.md: which choices of the main scenario move its verdict.

`python docs/choices.py` runs some 2,600 small markets, ten minutes on two cores. The first table
holds the verdict against each choice, the second each lever alone: what off means, what it moves,
and how often it hurts its owner when the numbers that no record fixes are drawn from their priors.
`--levers scale,price_war` makes only these lines of the second table anew.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.priors import drawn, priors_of
from sim.analysis.statistics import mean_interval
from sim.analysis.verdict.curves import WorldCurves, WorldPair
from sim.analysis.verdict.judge import MEASURES
from sim.analysis.verdict.verdict import Assessment, assess
from sim.errors import SimError
from sim.market.simulation import Simulation
from sim.months import months_between
from sim.runs.run import seed_of
from sim.runs.worlds import levers_of
from sim.scenario.patches import replace, scenario_hash, with_freed_budget, without_levers
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "explanation" / "choices.md"
SCENARIO = DOCS.parent / "scenarios" / "volcano-dam.toml"
CLIENTS, SEEDS, DRAWS, DRAW_SEED = 4_000, 20, 40, 15
POINTS, BILLION, THOUSAND = 100.0, 1e9, 1e3
ENOUGH = 0.95
Changes = dict[str, Any]
Floats = npt.NDArray[np.float64]
ALLOCATED = ("pro_rata", "by_margin", "calls_first", "contracts_first")


class Choice(NamedTuple):
    """One choice: what it is about, its name, and its changes of the scenario."""

    about: str
    name: str
    changes: Changes


def choices(scenario: Scenario) -> Iterator[Choice]:
    """The scenario as it stands, then each choice that could have been made otherwise."""
    yield Choice("-", "as the scenario stands", {})
    for months in (6, 9, 15, 18):
        yield Choice("window", f"W = {months} months", {"containment.window_months": months})
    yield Choice("hosting", "the challenger sells the incumbent's open models", _hosted(scenario))
    for weight in (0.0, 1.4):
        changes = {"demand.cross_channel.weight": weight}
        yield Choice("demand across channels", f"weight {weight:g}", changes)
    for shift in (0.3, 0.03):
        changes = {"demand.price_shift_rule": "fixed", "demand.price_shift": shift}
        yield Choice("p0", f"fixed at {shift:g} yuan", changes)
    for factor in (0.5, 2.0):
        costs = {f"levers.{n}.cost": factor * lever.cost for n, lever in scenario.levers.items()}
        yield Choice("lever costs", f"times {factor:g}", costs)
    for name, lever in scenario.levers.items():
        for variant in lever.variants:
            yield Choice(f"off of {name}", variant, {f"levers.{name}.off_variant": variant})
    events = [_without_allocation(event.model_dump()) for event in scenario.events]
    for rule in ALLOCATED:
        strategies = {f"vendors.{v}.allocation": {"strategy": rule} for v in scenario.vendors}
        yield Choice(
            "short cards",
            f"{rule} throughout",
            strategies | {"events": [event for event in events if event]},
        )
    quiet = {"mechanisms.scarcity_pricing": False, "supply.premium_response": 0.0}
    yield Choice("scarcity", "prices do not answer it", quiet)
    yield Choice("homes", "follow tokens", {"demand.migration.rule": "tokens"})
    yield Choice("base of D5", "from May 2024", {"contest.start": "2024-05"})


def _hosted(scenario: Scenario) -> Changes:
    """The challenger hosts the incumbent's open families from the first month."""
    contest, hosts = scenario.contest, [host.model_dump() for host in scenario.hosts]
    assert contest is not None
    for name, family in scenario.families.items():
        if family.owner == contest.incumbent and family.weights != "closed":
            start = scenario.calendar.start
            hosts.append({"vendor": contest.challenger, "family": name, "start": start})
    return {"hosts": hosts}


def _without_allocation(event: Changes) -> Changes | None:
    """An event as it is without a new allocation; None if nothing else is in it."""
    if event.pop("allocation", None) is None:
        return event
    fields = ("pricing", "agents", "marketing", "accounts", "research", "investment")
    return event if any(event.get(field) for field in fields) else None


def curves(scenario: Scenario, seed: int) -> dict[str, Floats]:
    """(M, V) of the measures that a verdict reads, in one run."""
    model = Simulation(scenario, seed_of(scenario.ensemble.seed, seed)).run()
    return {name: model.curves[measure] for name, measure in MEASURES.items()}


def world(scenario: Scenario, runs: Sequence[dict[str, Floats]]) -> WorldCurves:
    """Some runs of one world."""
    contest, vendors = scenario.contest, list(scenario.vendors)
    assert contest is not None
    start = contest.start
    return WorldCurves(
        **{name: np.stack([run[name] for run in runs]) for name in MEASURES},
        incumbent=vendors.index(contest.incumbent),
        challenger=vendors.index(contest.challenger),
        seeds=np.arange(len(runs)),
        scenario_hash=scenario_hash(scenario),
        contest_month=None if start is None else months_between(scenario.calendar.start, start),
    )


def judged(changes: Changes) -> Assessment:
    """The verdict under a choice."""
    scenario = replace(load(SCENARIO), {"population.clients": CLIENTS} | changes)
    assert scenario.contest is not None
    bare = without_levers(scenario, levers_of(scenario, scenario.contest.incumbent))
    worlds = [world(one, [curves(one, k) for k in range(SEEDS)]) for one in (scenario, bare)]
    return assess(WorldPair(*worlds), scenario.containment)


class Effect(NamedTuple):
    """A lever alone: its owner's gain in points of tokens and of revenue, and in profit."""

    tokens: Floats
    revenue: Floats
    profit: Floats


def alone(given: tuple[str, str, Changes, int]) -> Effect:
    """What a lever gives its owner, ON less without it, in some runs."""
    name, variant, changes, seeds = given
    scenario = replace(load(SCENARIO), {"population.clients": CLIENTS // 2} | changes)
    if variant:
        scenario = replace(scenario, {f"levers.{name}.off_variant": variant})
    v = list(scenario.vendors).index(scenario.levers[name].vendor)
    off, window = without_levers(scenario, [name]), -scenario.containment.window_months
    found = []
    for seed in range(seeds):
        on, bare = curves(scenario, seed), curves(off, seed)
        gaps = {key: on[key][:, v] - bare[key][:, v] for key in on}
        shares = (POINTS * gaps[key][window:].mean() for key in ("token_share", "revenue_share"))
        found.append((*shares, gaps["profit"].sum() / BILLION))
    return Effect(*np.array(found).T)


def draws(scenario: Scenario) -> list[Changes]:
    """Numbers that no record fixes, drawn from their priors."""
    priors = priors_of(scenario)
    levels = np.random.default_rng(DRAW_SEED).random((DRAWS, len(priors)))
    return [drawn(scenario, priors, row) for row in levels]


def span(values: npt.ArrayLike) -> str:
    """Mean and 95 % interval."""
    found = mean_interval(np.asarray(values, dtype=np.float64))
    return f"{found.mean:.1f} [{found.interval.lower:.1f}, {found.interval.upper:.1f}]"


def choice_row(choice: Choice, found: Assessment) -> str:
    """A line of the first table."""
    tau = POINTS * np.array(found.tau or [])
    own = next(one for one in found.diversion if one.vendor == found.worlds.on.incumbent)
    chi, cost = found.definitions["D5"], found.definitions["D6"]
    value = "-" if chi.statistic is None else f"{chi.statistic:.2f}"
    kind, count = Counter(found.classes).most_common(1)[0]
    steady = "" if found.stability["stable"] else ", not stable"
    cells = (
        choice.about,
        choice.name,
        span(tau),
        f"{POINTS * own.mean:.1f}, {found.by_incumbent}",
        f"{found.definitions['D2'].verdict}",
        f"{chi.verdict} ({value})",
        f"{(cost.statistic or 0.0) / BILLION:+.1f}",
        f"{kind.replace('_', ' ')} {count} of {found.n}{steady}",
    )
    return f"| {' | '.join(cells)} |"


def first_sentence(rows: Sequence[tuple[Choice, Assessment]]) -> str:
    """Where the answers disagree, in a sentence."""
    own = rows[0][1]
    other = [
        f"{choice.about}, {choice.name}"
        for choice, found in rows
        if found.definitions["D2"].verdict is not own.definitions["D2"].verdict
        or found.by_incumbent is not own.by_incumbent
    ]
    tau = sorted(POINTS * float(np.mean(found.tau or [])) for _, found in rows)
    text = (
        f"What the incumbent's moves take from the challenger lies between {tau[0]:.1f} and "
        f"{tau[-1]:.1f} points of platform tokens over the choices below; as the scenario stands "
        f"the counterfactual D2 is {own.definitions['D2'].verdict}, and that the incumbent "
        f"itself holds the points is {own.by_incumbent}"
    )
    paid = [_profit(found) > 0.0 for _, found in rows]
    turned = [
        f"{c.about}, {c.name}" for (c, _), sign in zip(rows, paid, strict=True) if sign != paid[0]
    ]
    text += f"; another answer comes from {_listed(other)}"
    return (
        f"{text}, and the sign of what the moves earn the incumbent turns with {_listed(turned)}."
    )


def _profit(found: Assessment) -> float:
    return found.definitions["D6"].statistic or 0.0


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names) or "no choice"


def lever_rows(
    scenario: Scenario, names: Sequence[str], pool: ProcessPoolExecutor
) -> dict[str, list[str]]:
    """Levers and their lines of the second table."""
    changed, effects, parts = draws(scenario), {}, {}
    for name in names:
        variants = ("", *scenario.levers[name].variants)
        tasks = [(name, variant, {}, SEEDS) for variant in variants]
        effects[name] = dict(zip(variants, pool.map(alone, tasks), strict=True))
        drawn_effects = list(pool.map(_alone_or_none, [(name, "", d, 1) for d in changed]))
        sound = [one for one in drawn_effects if one is not None]
        parts[name] = (
            float(np.mean([one.tokens[0] < 0.0 for one in sound])),
            float(np.mean([one.profit[0] < 0.0 for one in sound])),
        )
    never = never_hurts([name for name in names if parts[name][0] == 0.0], changed, pool)
    return {
        name: [
            lever_line(scenario, name, variant, found, parts[name], never.get(name, ""))
            for variant, found in effects[name].items()
        ]
        for name in names
    }


def lever_line(
    scenario: Scenario,
    name: str,
    variant: str,
    found: Effect,
    parts: tuple[float, float],
    never: str,
) -> str:
    """A line of the second table; what the draws say stands in the lever's first line."""
    lever = scenario.levers[name]
    said = [f"{POINTS * part:.0f} %" for part in parts]
    cells = (
        name,
        scenario.vendors[lever.vendor].label,
        f"variant {variant}" if variant else lever.meaning,
        span(found.tokens),
        span(found.revenue),
        f"{float(found.profit.mean()):+.1f}",
        *(("", "", "", "") if variant else (*said, lever.fails_by, never)),
    )
    return f"| {' | '.join(cells)} |"


class Channels(NamedTuple):
    """How near the channels by which a lever can fail come to acting in a draw."""

    in_prices: float  # points of tokens that it gives over its money in prices, budget rule (b)
    room: float  # billion yuan between the owner's least cash and its funding limit
    turned_away: float  # months in which less than 95 % of the owner's calls are served


def channels(given: tuple[Sequence[str], Changes]) -> list[Channels] | None:
    """The channels of some levers in a draw; None where the draw cannot be run."""
    names, changes = given
    try:
        scenario = replace(load(SCENARIO), {"population.clients": CLIENTS // 2} | changes)
        seed = seed_of(scenario.ensemble.seed, 0)
        on = Simulation(scenario, seed).run().curves
        other = [Simulation(with_freed_budget(scenario, [n]), seed).run().curves for n in names]
    except SimError:
        return None
    window = slice(-scenario.containment.window_months, None)
    found = []
    for name, bare in zip(names, other, strict=True):
        owner = scenario.levers[name].vendor
        v = list(scenario.vendors).index(owner)
        gap = (on["platform_token_share"] - bare["platform_token_share"])[window, v].mean()
        room = on["cash"][:, v].min() / BILLION
        room += scenario.vendors[owner].finance.funding_limit / THOUSAND
        unreliable = (on["reliability"][:, v] < ENOUGH).sum()
        found.append(Channels(POINTS * float(gap), float(room), float(unreliable)))
    return found


def never_hurts(
    names: Sequence[str], changed: Sequence[Changes], pool: ProcessPoolExecutor
) -> dict[str, str]:
    """Why levers lower their owner's share of tokens in no draw: how near their channels come."""
    tasks = [(names, changes) for changes in changed] if names else []
    found = [one for one in pool.map(channels, tasks) if one is not None]
    return {name: _never(np.array([one[k] for one in found])) for k, name in enumerate(names)}


def _never(found: Floats) -> str:
    """In words, from the (draws, 3) fields of `Channels`."""
    prices, room, away = found.T
    return (
        f"its money in prices would win more in {POINTS * (prices < 0.0).mean():.0f} % of the "
        f"draws; the funding limit is reached in {POINTS * (room < 0.0).mean():.0f} % (nearest: "
        f"{room.min():.0f} billion yuan off); the owner's calls are ever unreliable in "
        f"{POINTS * (away > 0).mean():.0f} %; rivals keep their strategies. "
        "[Where such channels act it falls](joints.md#worlds-in-which-a-lever-hurts-its-owner)"
    )


def _alone_or_none(given: tuple[str, str, Changes, int]) -> Effect | None:
    try:
        return alone(given)
    except SimError:  # a world of the priors that cannot be run
        return None


HEADING = "## Each lever alone"
HEAD = (
    "lever|owner|off means|tokens, points|revenue, points|profit, billion yuan|share falls"
    "|profit falls|how it can fail|why the share never falls"
)


def lever_section(lines: Sequence[str]) -> list[str]:
    """The second table with its words."""
    names = HEAD.split("|")
    return [
        HEADING,
        "",
        f"What a lever gives its owner, {SEEDS} pairs of {CLIENTS // 2:,} clients, and how often "
        f"it hurts its owner in {DRAWS} draws of the priors, one pair each. `variant` is another "
        "meaning of off. Where the share falls in no draw, the last column says how near the "
        "channels come to acting by which it could.",
        "",
        f"| {' | '.join(names)} |",
        f"|{'---|' * len(names)}",
        *lines,
        "",
    ]


def renewed(page: str, scenario: Scenario, names: Sequence[str], pool: ProcessPoolExecutor) -> str:
    """The page with some lines of the second table made anew."""
    before, after = page.split(HEADING)
    kept: dict[str, list[str]] = {}
    for line in after.splitlines():
        if (name := line.removeprefix("| ").split(" |")[0]) in scenario.levers:
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            cells += [""] * (len(HEAD.split("|")) - len(cells))
            kept.setdefault(name, []).append(f"| {' | '.join(cells)} |")
    kept |= lever_rows(scenario, names, pool)
    lines = [line for name in scenario.levers for line in kept[name]]
    return before + "\n".join(lever_section(lines))


def verdict_section(rows: Sequence[tuple[Choice, Assessment]]) -> list[str]:
    """The first table with its words."""
    return [
        "# What the answer turns on",
        "",
        first_sentence(rows),
        "",
        f"Made by `python docs/choices.py`: {SEEDS} pairs of runs of {CLIENTS:,} clients for each "
        "line, root seed of the scenario; intervals are paired t, 95 %. They hold for this point "
        "of the parameters: what is not known of them is not in these intervals.",
        "",
        "| choice | | tau, points | of these the incumbent holds | D2 | D5 (chi) "
        "| D6, billion yuan | class |",
        "|---|---|---|---|---|---|---|---|",
        *(choice_row(choice, one) for choice, one in rows),
        "",
        "tau is the challenger's share of platform tokens without the incumbent's moves less that "
        "with them, D6 the incumbent's profit with its moves less without them.",
        "",
    ]


def main() -> None:
    """Write the page, or some lines of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--levers", default="", help="names, with commas between them")
    names = [name for name in parser.parse_args().levers.split(",") if name]
    scenario = load(SCENARIO)
    with ProcessPoolExecutor(2) as pool:
        if names:
            page = renewed(PAGE.read_text(encoding="utf-8"), scenario, names, pool)
        else:
            wanted = list(choices(scenario))
            found = list(pool.map(judged, [choice.changes for choice in wanted]))
            rows = list(zip(wanted, found, strict=True))
            lines = lever_rows(scenario, list(scenario.levers), pool).values()
            levers = [line for own in lines for line in own]
            page = "\n".join([*verdict_section(rows), *lever_section(levers)])
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
