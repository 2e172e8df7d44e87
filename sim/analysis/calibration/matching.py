"""The record split into targets of a scenario, inputs, duplicates and what is not compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING

from sim.analysis.calibration.reading import Carriers, read
from sim.analysis.calibration.record import Record, size_of
from sim.analysis.calibration.rules import (
    TOGETHER,
    NoTargetError,
    kind_of,
    names,
    rule_of,
    vendors_of,
)
from sim.analysis.calibration.targets import Duplicate, Input, Matched, Moments, Target, Unmapped
from sim.errors import SimError
from sim.months import month_after

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario

REPEATED = "the row appears twice"
NO_MOMENT = "a rank does not answer to small changes"


def targets(record: Iterable[Record], scenario: Scenario) -> list[Target]:
    """Targets of a scenario in the order of their ids; see `match` for what is left."""
    return list(match(record, scenario).targets)


def match(record: Iterable[Record], scenario: Scenario, to: date | None = None) -> Matched:
    """Split the record into targets of this scenario, inputs, duplicates and unmapped figures.

    The order of the rows does not matter, nor do rows that are there twice: of equal figures the
    one that the scenario is fitted to counts, else the most trusted, else the first by id.

    Parameters
    ----------
    to
        Last day that is known: rows whose period ends later are unmapped and play no part.
    """
    return _matched(record, scenario, to, given=True)


def known_figures(record: Iterable[Record], scenario: Scenario) -> tuple[Target, ...]:
    """Every figure that a measure answers to, also those that a run is given: series of the past.

    List prices are here whether or not the scenario states them, and so is the figure that fixes a
    free factor; see `match` for what a run must find.
    """
    return _matched(record, scenario, None, given=False).targets


def _matched(
    record: Iterable[Record], scenario: Scenario, to: date | None, *, given: bool
) -> Matched:
    rows = sorted(record, key=lambda row: row.id)
    repeated = [row for before, row in pairwise(rows) if row.id == before.id]
    distinct = list({row.id: row for row in rows}.values())
    known = {row.id: row for row in distinct if to is None or (_last_day(row) or date.min) <= to}
    late = (row for row in distinct if row.id not in known)
    unmapped = [Unmapped(row.id, row.metric, row.entity, f"recorded after {to}") for row in late]
    carriers = Carriers(scenario, known.values())
    found: list[Target | Input] = []
    for row in known.values():
        try:
            found.append(read(row, scenario, carriers, given))
        except NoTargetError as reason:
            unmapped.append(Unmapped(row.id, row.metric, row.entity, str(reason)))
    kept, duplicates = _without_duplicates(found, known, scenario)
    duplicates += [Duplicate(row.id, row.metric, row.entity, REPEATED) for row in repeated]
    scaled, inputs = _scaled([one for one in kept if isinstance(one, Target)], given)
    inputs += [one for one in kept if isinstance(one, Input)]
    return Matched(
        tuple(scaled),
        tuple(sorted(unmapped)),
        tuple(sorted(inputs)),
        tuple(sorted(duplicates)),
    )


def _last_day(row: Record) -> date | None:
    return row.period_end or row.period_start


def _without_duplicates(
    found: list[Target | Input], rows: Mapping[str, Record], scenario: Scenario
) -> tuple[list[Target | Input], list[Duplicate]]:
    """Figures that count, and those that equal one of them or follow from two totals."""
    trust = list(names().confidence)
    listed = set(scenario.calibration.targets)

    def rank(one: Target | Input) -> tuple[bool, bool, int, bool, str]:
        row = rows[one.id]
        place = trust.index(row.confidence) if row.confidence in trust else len(trust)
        found = isinstance(one, Target)  # what equals a given figure is given too
        return (one.id not in listed, found, place, row.kind == "article", one.id)

    kept: dict[str, Target | Input] = {}
    by_thing: dict[object, list[Record]] = {}
    duplicates: list[Duplicate] = []
    for one in sorted(found, key=rank):
        row = rows[one.id]
        alike = by_thing.setdefault(_thing(one, row, scenario), [])
        first = next((other for other in alike if _same_period(row, other)), None)
        if first is None:
            alike.append(row)
            kept[one.id] = one
        else:
            duplicates.append(Duplicate(one.id, one.metric, one.entity, first.id))
    for one, total in _following([one for one in kept.values() if isinstance(one, Target)]):
        duplicates.append(Duplicate(one.id, one.metric, one.entity, total))
        del kept[one.id]
    return sorted(kept.values(), key=lambda one: one.id), duplicates


def _thing(one: Target | Input, row: Record, scenario: Scenario) -> object:
    """What a figure is about and what it says, without its period."""
    size, base = 1.0, row.unit
    with suppress(SimError):
        size, base = size_of(row.unit)
    value = float(f"{row.value * size:.10g}")
    rule = rule_of(row)
    about: object = row.entity
    if rule.scope != "line":
        with suppress(NoTargetError):
            about = vendors_of(row.entity, scenario)
    kind = kind_of(row.metric) if rule.family != "list_price" else row.metric
    return (rule if rule.family else row.metric, kind, about, value, base)


def _same_period(one: Record, other: Record) -> bool:
    """Equal periods, or a day inside the other's period."""
    (start, end), (first, last) = (
        (row.period_start or row.period_end, row.period_end or row.period_start)
        for row in (one, other)
    )
    if start is None or end is None or first is None or last is None:
        return (start, end) == (first, last)
    inside = (start == end and first <= start <= last) or (first == last and start <= first <= end)
    return (start, end) == (first, last) or inside


def _following(kept: list[Target]) -> Iterator[tuple[Target, str]]:
    """Growth figures whose two totals are recorded, with the ids of these."""
    totals = {(t.measure, t.own, t.period_start, t.period_end): t.id for t in kept if _adds(t)}
    for one in kept:
        if one.kind == "growth" and one.base:
            periods = (one.base, (one.period_start, one.period_end))
            ids = [totals.get((one.measure, one.own, *period)) for period in periods]
            if None not in ids:
                yield one, TOGETHER.join(map(str, ids))


def _adds(target: Target) -> bool:
    return target.kind in ("total", "rate")


def _scaled(found: list[Target], given: bool) -> tuple[list[Target], list[Input]]:
    """Targets with the scale and base of their group.

    If inputs are `given`, a figure that alone fixes a factor is one.
    """
    groups: dict[str, list[Target]] = {}
    for target in found:
        if target.group:
            groups.setdefault(target.group, []).append(target)
    kept: list[Target] = []
    inputs: list[Input] = []
    for target in found:
        if not target.group:
            kept.append(target)
            continue
        first = min((t.period_end, t.period_start, t.delay) for t in groups[target.group])
        named = [
            t for t in groups[target.group] if (t.period_end, t.period_start, t.delay) == first
        ]
        if given and named == [target]:
            carrier = f"fixes the free factor of {target.group}"
            inputs.append(Input(target.id, target.metric, target.entity, carrier))
            continue
        base = (month_after(first[1], first[2]), month_after(first[0], first[2]))
        peers = tuple(sorted({name for t in named for name in t.own}))
        scale = math.fsum(t.value for t in named)
        kept.append(replace(target, base=base, peers=peers, scale=scale))
    return kept, inputs


def moments(record: Iterable[Record], scenario: Scenario) -> Moments:
    """The rows of the record that `[calibration]` lists, or all that a run answers to.

    Raises
    ------
    SimError
        One line for each listed row that is not in the record or cannot be fitted; no row at all.
    """
    rows = {row.id: row for row in record}
    matched = match(rows.values(), scenario)
    found = {target.id: target for target in matched.targets}
    wrong = {row.id: row.reason for row in matched.unmapped}
    wrong |= {row.id: f"it is an input: {row.carrier}" for row in matched.inputs}
    wrong |= {row.id: f"the same figure as {row.of}" for row in matched.duplicates}
    wrong |= {name: reason for name, target in found.items() if (reason := _unfit(target))}
    listed = dict.fromkeys(scenario.calibration.targets)
    problems = []
    for name in listed:
        if name not in rows:
            near = get_close_matches(name, rows, n=1, cutoff=0.5)
            hint = f" (nearest: {near[0]})" if near else ""
            problems.append(f"calibration.targets: no row {name} in the record{hint}")
        elif name in wrong:
            problems.append(f"calibration.targets: {name} cannot be fitted: {wrong[name]}")
    if problems:
        raise SimError("\n".join(problems))
    names = listed or [name for name in found if name not in wrong]
    if not names:
        raise SimError("no row of the record can be fitted by this scenario")
    own = scenario.calibration.errors
    targets = tuple(found[name] for name in names)
    errors = tuple(own.get(target.metric, scenario.calibration.error) for target in targets)
    return Moments(targets, errors)


def _unfit(target: Target) -> str:
    if target.kind == "rank":
        return NO_MOMENT
    if target.value == 0.0 or (target.kind == "total" and target.value < 0.0):
        return "its value gives no relative error"
    return ""
