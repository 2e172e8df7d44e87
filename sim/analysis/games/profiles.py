"""Named strategies of both sides, the worlds in which they play, and deviations that pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sim.analysis.statistics import holm, mean_interval, p_greater
from sim.analysis.verdict.containment import Verdict
from sim.analysis.verdict.curves import WorldPair
from sim.analysis.verdict.judge import curves_of
from sim.analysis.verdict.outcomes import OutcomeClass
from sim.analysis.verdict.verdict import Assessment, assess
from sim.economics.arrays import Floats
from sim.errors import SimError, nearest_hint
from sim.runs.result import Result
from sim.runs.worlds import World, contest_of, levers_of
from sim.scenario.checks.sense import validated
from sim.scenario.patches import scenario_hash, without_levers
from sim.scenario.paths import off_patches, plain_tables
from sim.scenario.reader import parse_override
from sim.scenario.schema.scenario import Contest, Scenario
from sim.scenario.schema.vendors import strategy_tables
from sim.strategies.registry import make, strategies

HISTORICAL = "historical"
WITHOUT_LEVERS = "without_levers"
USUAL = (
    "cost_plus",
    "match",
    "undercut",
    "penetration",
    "best_response",
    "list",
    "target_share",
    "nash",
)
"""Pricing strategies in the order in which they fill a side."""
FULL_SIDE = 6
"""Pricing strategies of a side that nobody chose, the historical one among them."""
AGAINST = "|"
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Named:
    """A strategy of a side: a name, and what it is made of."""

    name: str
    kind: str = "pricing"
    strategy: str = ""
    parameters: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Field:
    """Who meets whom: strategies of both sides and one world a profile."""

    contest: Contest
    rows: tuple[Named, ...]
    columns: tuple[Named, ...]
    worlds: tuple[World, ...]
    notes: tuple[str, ...] = ()


def point_of(row: str, column: str) -> str:
    """Name of the world of a profile."""
    return f"{row}{AGAINST}{column}"


def parse_named(text: str) -> Named:
    """A strategy from `NAME`, `KIND.NAME` or `[KIND.]NAME:parameter=value,...`; else SimError.

    `historical` is the scenario as it stands, `without_levers` the incumbent without its levers.
    """
    name, _, given = text.strip().partition(":")
    if name in (HISTORICAL, WITHOUT_LEVERS):
        if given:
            raise SimError(f"{text!r}: {name} takes no parameter")
        return Named(name)
    kind, _, strategy = name.rpartition(".")
    kind = kind or "pricing"
    fields = {kind for kind, _ in strategy_tables().values()} | {"openness"}
    if kind not in fields:
        raise SimError(f"{text!r}: no kind {kind!r} ({nearest_hint(kind, sorted(fields))})")
    known = [*strategies(kind), HISTORICAL, WITHOUT_LEVERS]
    if strategy not in known:
        hint = nearest_hint(strategy, known)
        raise SimError(f"no {kind} strategy is called {strategy!r} ({hint})")
    pairs = tuple(parse_override(part) for part in given.split(",")) if given else ()
    return Named(text.strip(), kind, strategy, pairs)


def field_of(
    scenario: Scenario, incumbent: Sequence[str] = (), challenger: Sequence[str] = ()
) -> Field:
    """The worlds of all profiles; a side that names nobody gets the usual strategies.

    `historical` is always there on both sides, `without_levers` where the incumbent has levers. A
    strategy that makes the same scenario as an earlier one of its side is left out with a note.
    SimError without a contest, with an unknown name, or if a side is left with one strategy.
    """
    contest = contest_of(scenario, "a tournament")
    notes: list[str] = []
    rows = _side(scenario, contest.incumbent, incumbent, notes)
    columns = _side(scenario, contest.challenger, challenger, notes)
    if levers_of(scenario, contest.incumbent) and all(r.name != WITHOUT_LEVERS for r in rows):
        rows = (*rows, Named(WITHOUT_LEVERS))
    worlds = profile_worlds(contest, rows, columns, scenario)
    return Field(contest, rows, columns, worlds, tuple(notes))


def profile_worlds(
    contest: Contest, rows: Sequence[Named], columns: Sequence[Named], scenario: Scenario
) -> tuple[World, ...]:
    """The world of each pair of strategies of incumbent and challenger."""
    worlds = []
    for row in rows:
        played = play(scenario, contest.incumbent, row)
        for column in columns:
            title = f"{contest.incumbent} plays {row.name}, {contest.challenger} {column.name}"
            both = play(played, contest.challenger, column)
            worlds.append(World(point_of(row.name, column.name), title, both))
    return tuple(worlds)


def _side(
    scenario: Scenario, vendor: str, chosen: Sequence[str], notes: list[str]
) -> tuple[Named, ...]:
    usual = [name for name in USUAL if name in strategies("pricing")]
    found: dict[str, Named] = {}
    for text in dict.fromkeys([HISTORICAL, *(chosen or usual)]):
        if not chosen and len(found) >= FULL_SIDE:
            break
        one = parse_named(text)
        made = scenario_hash(play(scenario, vendor, one))
        if made in found:
            notes.append(f"{vendor}: {one.name} is the same as {found[made].name}")
            continue
        found[made] = one
    if len(found) < 2:
        raise SimError(f"{scenario.name}: {vendor} needs two strategies that differ")
    return tuple(found.values())


def play(scenario: Scenario, vendor: str, named: Named) -> Scenario:
    """The scenario in which a vendor plays a named strategy.

    A strategy takes the place of the vendor's own one of that kind, of its levers on it and of
    its dated changes of it; everything else stays. Where the vendor plays that very strategy
    without dated changes, the scenario stays as it is. ScenarioError if a parameter is refused.
    """
    if named.name == HISTORICAL:
        return scenario
    if named.name == WITHOUT_LEVERS:
        own = levers_of(scenario, vendor)
        return without_levers(scenario, own) if own else scenario
    fields = {kind: field for field, (kind, _) in strategy_tables().items()}
    field = fields.get(named.kind, named.kind)
    path = f"vendors.{vendor}.{field}"
    about = [
        name
        for name, patch in off_patches(scenario).items()
        if any(key == path or key.startswith(f"{path}.") for key in patch)
    ]
    if _plays(scenario, vendor, field, named):
        return scenario
    data = plain_tables(without_levers(scenario, about) if about else scenario)
    facts = dict(named.parameters)
    facts = {"parameters": facts} if field == "openness" else facts
    data["vendors"][vendor][field] = {"strategy": named.strategy, **facts}
    data["events"] = [e for e in (_without(e, vendor, field) for e in data["events"]) if e]
    data["fit"], data["sources"], data["episode"] = [], [], {}
    return validated(data)


def _plays(scenario: Scenario, vendor: str, field: str, named: Named) -> bool:
    table = getattr(scenario.vendors[vendor], field)
    table = dict(table) if isinstance(table, dict) else table.model_dump()
    strategy = table.pop("strategy", "")
    facts = table.pop("parameters", table)
    changes = any(
        event.kind == "strategy"
        and vendor in event.vendors_named()
        and getattr(event, field, None) is not None
        for event in scenario.events
    )
    if strategy != named.strategy or changes:
        return False
    given, own = (make(named.kind, strategy, f).parameters for f in (dict(named.parameters), facts))
    return bool(given == own)


def _without(event: dict[str, Any], vendor: str, field: str) -> dict[str, Any] | None:
    """The event without its change of a strategy; None if nothing is left of it."""
    if event.get("what") != "strategy" or event.get("vendor") != vendor:
        return event
    left = {key: value for key, value in event.items() if key != field}
    tables = [key for key in strategy_tables() if left.get(key) is not None]
    return left if tables else None


def deviations(
    result: Result, field: Field, seeds: list[int], payoff: Floats
) -> list[dict[str, Any]]:
    """For each strategy of the incumbent against the historical challenger: does it contain, what
    does it cost, and which other strategy would pay more.

    The payoff is the incumbent's, (R, m, n). Containment is judged by the definitions of the
    verdict, with the world without the incumbent's levers as the pair. A deviation is profitable if
    its paired gain is above zero at 5 % after Holm's adjustment over all alternatives.
    """
    names = [row.name for row in field.rows]
    column = [c.name for c in field.columns].index(HISTORICAL)
    own = payoff[:, :, column]
    found = []
    for place, name in enumerate(names):
        contained: dict[str, Any] = dict.fromkeys(
            ("contained", "containment_frequency", "tau", "pyrrhic")
        )
        if WITHOUT_LEVERS in names:
            on, off = (
                curves_of(result, point_of(row, HISTORICAL), seeds, field.contest)
                for row in (name, WITHOUT_LEVERS)
            )
            judged = assess(WorldPair(on, off), result.scenario.containment)
            cost = mean_interval(own[:, place] - own[:, names.index(WITHOUT_LEVERS)])
            contained = _containment(judged, loses=cost.interval.upper < 0.0)
        found.append(
            {"strategy": name, "payoff": float(own[:, place].mean())}
            | contained
            | _best_alternative(own, names, place)
        )
    return found


def _containment(judged: Assessment, loses: bool) -> dict[str, Any]:
    """Pyrrhic: it contains, and costs the incumbent payoff against doing nothing."""
    frequency = judged.frequencies[OutcomeClass.CONTAINMENT]
    tau = mean_interval(judged.tau or (0.0,))
    contains = judged.contained is Verdict.SUPPORTED
    return {
        "pyrrhic": bool(contains and (judged.pyrrhic or loses)),
        "contained": judged.contained.value,
        "containment_frequency": frequency.share,
        "containment_interval": list(frequency.interval),
        "tau": tau.mean,
        "tau_interval": list(tau.interval),
    }


def _best_alternative(own: Floats, names: list[str], place: int) -> dict[str, Any]:
    others = [i for i in range(len(names)) if i != place]
    gaps = own[:, others] - own[:, [place]]
    adjusted = holm([p_greater(gap) for gap in gaps.T])
    best = int(gaps.mean(axis=0).argmax())
    gain = mean_interval(gaps[:, best])
    pays = gain.mean > 0.0 and adjusted[best] <= SIGNIFICANT
    stays = all(mean_interval(gap).interval.upper <= 0.0 for gap in gaps.T)
    return {
        "best_alternative": names[others[best]],
        "gain": gain.mean,
        "gain_interval": list(gain.interval),
        "p_holm": float(adjusted[best]),
        "incumbent": "leaves" if pays else "stays" if stays else "undetermined",
        "profitable_deviations": [
            names[i]
            for i, gap, p in zip(others, gaps.T, adjusted, strict=True)
            if p <= SIGNIFICANT and gap.mean() > 0.0
        ],
    }
