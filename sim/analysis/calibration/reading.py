"""Rows of the record, read: as a target of a scenario, or as an input with what carries it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.analysis.calibration.record import Record
from sim.analysis.calibration.rules import (
    AGAINST,
    TOGETHER,
    Line,
    NoTargetError,
    Rule,
    is_market,
    kind_of,
    line_of,
    names,
    rule_of,
    vendors_of,
)
from sim.analysis.calibration.targets import Input, Target
from sim.months import month_after, months_between

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario

PERCENT = 100.0
WHOLE_MARKET = ("total", "rate", "level", "growth", "scaled")
"""Kinds of figures that the whole market may have."""
BY_AGGREGATE = {"sum": "total", "day": "rate", "mean": "level", "last": "level"}
LOGARITHMIC = ("total", "rate", "level", "scaled", "multiple")
UP_TO_A_FACTOR = ("ratio", "scaled")
PER_DAY = ("/day", " a day", " per day")
SAME_PRICE = 0.01
"""Largest difference of logarithms between a recorded list price and the scenario's."""
SAME_WINDOW = 0.05
MIDDLE = 15
"""A list dated after this day acts from the next month."""
LISTS = ("price_list", "price_cut")
LONGEST_MONTH = 31
TIER_ERROR = 0.8
"""Relative error of a list price as an index of another tier: root mean square in the record."""

ROW_IDS = re.compile(r"([A-Z]+)(\d+)(?:\s*(?:to|-|\u2013)\s*\1(\d+))?")
DATA = ("data", "input")


def row_ids(text: str) -> Iterator[str]:
    """Ids of rows that a source names: ``F0121 to F0124`` stands for four."""
    for letters, first, last in ROW_IDS.findall(text):
        for number in range(int(first), int(last or first) + 1):
            yield f"{letters}{number:0{len(first)}d}"


class StatedPrice(NamedTuple):
    """A price list in force: prices of input, output and a token of their mix, and its carrier."""

    input: float
    output: float
    mixed: float
    carrier: str


class Carriers:
    """What a scenario states itself, and where: events and sourced parameters, by row id."""

    def __init__(self, scenario: Scenario, record: Iterable[Record]) -> None:
        self.scenario = scenario
        rows = {row.id: row for row in record}
        events = [(_event_name(event), event.source) for event in scenario.events]
        self._events = {i: name for name, source in events for i in row_ids(source)}
        flagged = [(source.path, source.flag, source.source) for source in scenario.sources]
        self._data = {i: p for p, flag, text in flagged if flag in DATA for i in row_ids(text)}
        self._other = {i: p for p, flag, text in flagged if flag != "fitted" for i in row_ids(text)}
        cited = [(rows[i], name) for i, name in self._events.items() if i in rows]
        self._siblings = {
            (row.entity, row.period_start): name for row, name in cited if "price" in row.metric
        }

    def of(self, row: Record, *, strictly: bool = False) -> str:
        """The event or parameter that names a row as its source; "" if none does.

        Parameters
        ----------
        strictly
            A parameter counts only if it is flagged data or input.
        """
        named = self._events.get(row.id) or self._data.get(row.id)
        return named or ("" if strictly else self._other.get(row.id, ""))

    def of_list(self, row: Record) -> str:
        """As `of`, for a list price: one price of a list that is named carries its other prices."""
        first = self._data.get(row.id, "")
        named = self._events.get(row.id) or self._siblings.get((row.entity, row.period_start), "")
        return named or (first if first.startswith("families.") else "")

    @cached_property
    def _dated(self) -> list[Any]:
        return sorted(self.scenario.events, key=lambda event: event.order())

    @cached_property
    def _lists(self) -> dict[tuple[str, str], list[Any]]:
        found: dict[tuple[str, str], list[Any]] = {}
        for event in self._dated:
            if event.what in LISTS:
                found.setdefault((vars(event)["vendor"], vars(event)["family"]), []).append(event)
        return found

    def follows_list(self, vendor: str, month: date) -> bool:
        """Does a vendor price by lists in a month?"""
        table = self.scenario.vendors[vendor].pricing
        for event in self._dated:
            changed = vars(event).get("pricing")
            if event.what == "strategy" and vars(event)["vendor"] == vendor and changed:
                table = changed if event.month <= month else table
        return bool(table.get("strategy") == "list")

    def list_price(self, family: str, month: date) -> StatedPrice | None:
        """The last list of a family's owner up to a month, else its first price if it has one."""
        facts = self.scenario.families[family]
        past = [e for e in self._lists.get((facts.owner, family), []) if e.month <= month]
        if not past:
            first = facts.price
            carrier = f"families.{family}.price"
            return None if first is None else StatedPrice(first, first, first, carrier)
        mixed = past[-1].price(self.scenario.demand.output_token_share)
        inside, outside = (
            vars(past[-1])[f"{side}_yuan_per_million_tokens"] for side in ("input", "output")
        )
        if inside is None:
            return StatedPrice(mixed, mixed, mixed, _event_name(past[-1]))
        return StatedPrice(inside, outside, mixed, _event_name(past[-1]))

    def delay(self, family: str, day: date) -> int:
        """Months after that of a day in which a list of that day acts: 0 or 1.

        A list acts in the month of which it covers the larger part.
        """
        following = month_after(day, 1)
        owner = self.scenario.families[family].owner
        changes = any(e.month == following for e in self._lists.get((owner, family), []))
        return int(day.day > MIDDLE and changes)

    def window(self, family: str, month: date) -> tuple[float, str]:
        """Context window of a family in a month, tokens, and what states it."""
        facts = self.scenario.families[family]
        found, carrier = facts.context_tokens, f"families.{family}.context_tokens"
        for event in self._dated:
            tokens = vars(event).get("context_tokens")
            if event.month <= month and vars(event).get("family") == family and tokens:
                found, carrier = tokens, _event_name(event)
        return float(min(found, facts.context_limit_tokens or found)), carrier


def _event_name(event: Any) -> str:
    names = (*event.families_named(), *event.vendors_named())
    return " ".join([f"event {event.what}", *names[:1], f"{event.month:%Y-%m}"])


def same(recorded: float, stated: float, tolerance: float) -> bool:
    """Do two positive numbers agree, by the difference of their logarithms?"""
    if recorded <= 0.0 or stated <= 0.0:
        return recorded == stated
    return abs(math.log(recorded / stated)) <= tolerance


def read(row: Record, scenario: Scenario, carriers: Carriers, given: bool) -> Target | Input:
    """What a row of the record is to a run of the scenario.

    Parameters
    ----------
    given
        Figures that the scenario states are inputs; else they are targets if a measure answers.

    Raises
    ------
    NoTargetError
        It is neither, and why.
    """
    rule = rule_of(row)
    if rule.given and (given or not rule.measure):
        carrier = _stated(row, rule, carriers)
        if carrier:
            return Input(row.id, row.metric, row.entity, carrier)
    if rule.measure:
        return _target(row, rule, scenario, carriers)
    carrier = carriers.of(row) or _parameter(row, rule, scenario)
    if carrier:
        return Input(row.id, row.metric, row.entity, carrier)
    raise NoTargetError(rule.reason)


def _parameter(row: Record, rule: Rule, scenario: Scenario) -> str:
    """The parameter that a rule names for a figure, "" if the scenario has none for it."""
    for path in rule.input:
        if "{vendor}" not in path:
            return path
        with suppress(NoTargetError):
            return path.format(vendor=vendors_of(row.entity, scenario)[0])
    return ""


def _stated(row: Record, rule: Rule, carriers: Carriers) -> str:
    """What states a figure in the scenario for its month; "" if a run must find it.

    Raises
    ------
    NoTargetError
        A context window that the scenario states otherwise.
    """
    if rule.given == "cited":
        return carriers.of(row, strictly=True)
    cited = carriers.of_list(row) if rule.given == "price" else carriers.of(row)
    if cited:
        return cited
    line, family, month = _model(row, carriers)
    if rule.given == "window":
        window, carrier = carriers.window(family, month)
        if same(row.value, window, SAME_WINDOW):
            return carrier
        raise NoTargetError(f"{family} has a window of {window:,.0f} tokens then: another model")
    if line.tier or not carriers.follows_list(_owner(family, carriers), month):
        return ""
    stated = carriers.list_price(family, month)
    held = stated is not None and same(row.value, _side(row, stated), SAME_PRICE)
    return stated.carrier if stated and held else ""


def _side(row: Record, stated: StatedPrice) -> float:
    """The price of a list that a row is about: of input, of output, or of the mix."""
    sides = {"input": stated.input, "output": stated.output}
    return next((price for side, price in sides.items() if side in row.metric), stated.mixed)


def _owner(family: str, carriers: Carriers) -> str:
    return str(carriers.scenario.families[family].owner)


def _model(row: Record, carriers: Carriers) -> tuple[Line, str, date]:
    """Line and family of a model on sale, and the month in which a run shows it."""
    line = line_of(row.entity)
    if line.family not in carriers.scenario.families:
        raise NoTargetError(f"the scenario has no family {line.family}")
    if row.period_start is None:
        raise NoTargetError("the record gives no period")
    delay = carriers.delay(line.family, row.period_start)
    return line, line.family, month_after(row.period_start, delay)


def _target(row: Record, rule: Rule, scenario: Scenario, carriers: Carriers) -> Target:
    aggregate = rule.aggregate or ("day" if row.unit.endswith(PER_DAY) else "sum")
    kind, base = (rule.kind, "") if rule.kind else kind_of(row.metric)
    if kind == "total":
        kind = BY_AGGREGATE[aggregate]
    transform = rule.transform or ("log" if kind in LOGARITHMIC and row.unit != "%" else "identity")
    if transform == "log" and row.value <= 0.0:
        raise NoTargetError("a figure of 0 has no relative error")
    start, end = _days(row, aggregate)
    error = math.hypot(rule.error * row.value, rule.points)
    target = Target(
        id=row.id,
        metric=row.metric,
        entity=row.entity,
        vendors=(),
        measure=rule.measure,
        kind=kind,  # type: ignore[arg-type]
        scope=rule.scope,
        peers=_scope(rule.scope, scenario),
        period_start=start,
        period_end=end,
        value=row.value,
        unit=row.unit,
        scale=PERCENT if kind in ("share", "growth", "gap") else 1.0,
        picture=rule.picture if kind == "share" else "",
        error=error * names().confidence.get(row.confidence, 1.0),
        family=rule.family or rule.measure,
        transform=transform,  # type: ignore[arg-type]
        aggregate=aggregate,  # type: ignore[arg-type]
        base=_base(base, start, end) if kind == "growth" else None,
    )
    if rule.scope == "line":
        target = _offered(target, row, carriers)
    else:
        target = _named(target, rule, scenario)
    if target.base and base == "halves":
        target = replace(target, period_start=month_after(target.base[1], 1))
    _refuse_outside(target, scenario)
    _refuse_unloaded(target, rule, scenario)
    return target


def _days(row: Record, aggregate: str) -> tuple[date, date]:
    """First and last day; a figure of one day may lack either, a sum may not."""
    start, end = row.period_start, row.period_end
    if aggregate != "sum":
        start, end = start or end, end or start
    if start is None or end is None:
        raise NoTargetError("the record gives no period")
    if aggregate == "day" and (end - start).days > LONGEST_MONTH and end != _last_of_month(end):
        raise NoTargetError("a day of a longer period, not said which")
    return start, end


def _base(name: str, start: date, end: date) -> tuple[date, date]:
    """Period that a growth is against."""
    months = months_between(start, end) + 1
    if name == "halves":
        return start, _last_of_month(month_after(start, months // 2 - 1))
    if name.isdigit():
        return date(int(name), 1, 1), date(int(name), 12, 31)
    back = 12 if name == "year" else months
    return month_after(start, -back), _last_of_month(month_after(end, -back))


def _last_of_month(month: date) -> date:
    return month_after(month, 1) - timedelta(days=1)


def _named(target: Target, rule: Rule, scenario: Scenario) -> Target:
    """The target with the vendors that its entity stands for."""
    sides = AGAINST.split(target.entity) if target.kind in ("gap", "multiple") else [target.entity]
    if target.kind in ("gap", "multiple") and len(sides) != 2:
        raise NoTargetError("a gap or multiple names two sides: one vs the other")
    whole = target.kind in WHOLE_MARKET and is_market(target.entity)
    own = () if whole else vendors_of(sides[0], scenario)
    rivals = vendors_of(sides[1], scenario) if len(sides) == 2 else ()
    outside = [vendor for vendor in (*own, *rivals) if vendor not in target.peers]
    if outside and target.scope != "owned_families":
        raise NoTargetError(f"{', '.join(outside)} is outside the scope {target.scope}")
    group = ""
    if target.kind in UP_TO_A_FACTOR:
        group = f"{target.metric} [{target.unit}]" + (" of the market" if whole else "")
        group += f" of {TOGETHER.join(own)}" if own and rule.factor == "vendor" else ""
    target = replace(target, vendors=own, rivals=rivals, group=group)
    return target if target.scope != "owned_families" else _of_families(target, scenario)


def _of_families(target: Target, scenario: Scenario) -> Target:
    families = scenario.families.items()
    items = tuple(n for n, f in families if f.owner in target.vendors and f.weights != "closed")
    if not items:
        raise NoTargetError(f"{target.entity} has no open family in the scenario")
    return replace(target, items=items, peers=items)


def _offered(target: Target, row: Record, carriers: Carriers) -> Target:
    """The target with the offer whose list price it is."""
    line, family, month = _model(row, carriers)
    owner = _owner(family, carriers)
    offer = (f"api/{owner}/{family}",)
    stated = carriers.list_price(family, month)
    delay = months_between(target.period_start, month)
    target = replace(target, vendors=(owner,), items=offer, peers=offer, delay=delay)
    if line.tier:
        group = f"{row.metric} of {line.tier} [{row.unit}]"
        return replace(target, kind="scaled", group=group, error=TIER_ERROR * row.value)
    return replace(target, scale=_side(row, stated) / stated.mixed) if stated else target


def _refuse_outside(target: Target, scenario: Scenario) -> None:
    start, months = scenario.calendar.start, scenario.calendar.months
    first = min(target.period_start, *(target.base or ())[:1], target.period_start)
    last = months_between(start, target.period_end) + target.delay
    if months_between(start, first) < 0 or last >= months:
        raise NoTargetError(f"its period is outside the {months} months from {start:%Y-%m}")


def _refuse_unloaded(target: Target, rule: Rule, scenario: Scenario) -> None:
    if not rule.needs:
        return
    field = rule.needs.split(".")
    loads = [reduce(getattr, field, scenario.vendors[name]) for name in target.own]
    if not any(loads):
        raise NoTargetError(f"{target.entity} has no {rule.needs} in the scenario: own apps count")


def _scope(scope: str, scenario: Scenario) -> tuple[str, ...]:
    return tuple(
        name
        for name, vendor in scenario.vendors.items()
        if not (scope == "cloud_platforms" and vendor.model_company)
    )
