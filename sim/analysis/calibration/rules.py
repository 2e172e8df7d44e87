"""The observation model: which measure a recorded figure is compared with, or what carries it.

The rules stand in `sim/data/metrics.toml`; here they meet the names of a scenario.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.analysis.calibration.record import Record
from sim.months import month_after

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario

TOGETHER = " + "
AGAINST = re.compile(r"\s+(?:vs\.?|versus|minus|over|[-\u2013])\s+", re.IGNORECASE)
SAME_PRICE = 0.01
"""Largest difference of logarithms between a recorded list price and the scenario's."""
SAME_WINDOW = 0.05
MIDDLE = 15
"""A list dated after this day acts from the next month."""
LISTS = ("price_list", "price_cut")


class NoTargetError(ValueError):
    """Why a recorded figure is no target."""


@dataclass(frozen=True)
class Rule:
    """How figures of some metrics are read; see the head of `sim/data/metrics.toml`."""

    metric: str
    entity: str = ""
    unit: str = ""
    measure: str = ""
    scope: str = "all_vendors"
    kind: str = ""
    aggregate: str = ""
    factor: str = ""
    error: float = 0.0
    points: float = 0.0
    transform: str = ""
    given: str = ""
    input: tuple[str, ...] = ()
    needs: str = ""
    reason: str = "no measure of a run answers to this metric"
    family: str = ""
    picture: str = ""

    def reads(self, row: Record) -> bool:
        """Does the rule apply to a row?"""
        pairs = ((self.metric, row.metric), (self.entity, row.entity), (self.unit, row.unit))
        return all(_found(pattern, text) for pattern, text in pairs)


def _found(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)


class Line(NamedTuple):
    """What a model on sale is: the main line of a family, another tier beside it, or neither."""

    entity: str
    family: str = ""
    tier: str = ""
    reason: str = ""


class Names(NamedTuple):
    """The tables of `metrics.toml`."""

    rules: tuple[Rule, ...]
    lines: tuple[Line, ...]
    entities: tuple[dict[str, str], ...]
    kinds: tuple[dict[str, str], ...]
    market: tuple[str, ...]
    confidence: dict[str, float]


@cache
def names() -> Names:
    """The shipped tables, read once."""
    text = files("sim").joinpath("data/metrics.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return Names(
        tuple(Rule(**{**rule, "input": tuple(rule.get("input", ()))}) for rule in tables["rule"]),
        tuple(Line(**line) for line in tables["line"]),
        tuple(tables["entity"]),
        tuple(tables["kind"]),
        tuple(tables["market"]),
        tables["confidence"],
    )


def rule_of(row: Record) -> Rule:
    """The first rule that reads a row; an empty one if none does."""
    return _rule(row.metric, row.entity, row.unit)


@cache
def _rule(metric: str, entity: str, unit: str) -> Rule:
    row = Record("", None, None, entity, metric, 0.0, unit)
    return next((rule for rule in names().rules if rule.reads(row)), Rule(metric="^$"))


@cache
def kind_of(metric: str) -> tuple[str, str]:
    """Kind of the figures of a metric by its name, and the base of a growth (or nothing)."""
    for kind in names().kinds:
        found = _found(kind["pattern"], metric)
        if found:
            return kind["kind"], found.groupdict().get("year") or kind.get("base", "")
    raise AssertionError("the last kind matches every name")


def line_of(entity: str) -> Line:
    """The model line that an entity of the record belongs to.

    Raises
    ------
    NoTargetError
        It belongs to none.
    """
    line = next((line for line in names().lines if _found(line.entity, entity)), None)
    if line is None or line.reason:
        raise NoTargetError(line.reason if line else f"{entity} is no model line that is known")
    return line


def is_market(entity: str) -> bool:
    """Does an entity stand for the whole market?"""
    return any(_found(pattern, entity) for pattern in names().market)


def vendors_of(entity: str, scenario: Scenario) -> tuple[str, ...]:
    """Vendors that make up an entity, by key, label or the patterns of known names.

    Raises
    ------
    NoTargetError
        One of them is no vendor of the scenario.
    """
    return tuple(_vendor(name, scenario) for name in entity.split(TOGETHER))


def _vendor(entity: str, scenario: Scenario) -> str:
    by_label = {vendor.label: name for name, vendor in scenario.vendors.items() if vendor.label}
    known = (one["vendor"] for one in names().entities if _found(one["pattern"], entity))
    for name in (entity, by_label.get(entity, ""), next(known, "")):
        if name in scenario.vendors:
            return name
    raise NoTargetError(f"{entity} is no vendor of the scenario")


ROW_IDS = re.compile(r"([A-Z]+)(\d+)(?:\s*(?:to|-|\u2013)\s*\1(\d+))?")
DATA = ("data", "input")


def row_ids(text: str) -> Iterator[str]:
    """Ids of rows that a source names: ``F0121 to F0124`` stands for four."""
    for letters, first, last in ROW_IDS.findall(text):
        for number in range(int(first), int(last or first) + 1):
            yield f"{letters}{number:0{len(first)}d}"


class ListPrice(NamedTuple):
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
    def _lists(self) -> dict[tuple[str, str], list[Any]]:
        found: dict[tuple[str, str], list[Any]] = {}
        for event in sorted(self.scenario.events, key=lambda event: event.order()):
            if event.what in LISTS:
                found.setdefault((vars(event)["vendor"], vars(event)["family"]), []).append(event)
        return found

    def follows_list(self, vendor: str, month: date) -> bool:
        """Does a vendor price by lists in a month?"""
        table = self.scenario.vendors[vendor].pricing
        for event in sorted(self.scenario.events, key=lambda event: event.order()):
            changed = vars(event).get("pricing")
            if event.what == "strategy" and vars(event)["vendor"] == vendor and changed:
                table = changed if event.month <= month else table
        return bool(table.get("strategy") == "list")

    def list_price(self, family: str, month: date) -> ListPrice | None:
        """The last list of a family's owner up to a month, else its first price if it has one."""
        facts = self.scenario.families[family]
        past = [e for e in self._lists.get((facts.owner, family), []) if e.month <= month]
        if not past:
            first = facts.price
            carrier = f"families.{family}.price"
            return None if first is None else ListPrice(first, first, first, carrier)
        mixed = past[-1].price(self.scenario.demand.output_token_share)
        inside, outside = (
            vars(past[-1])[f"{side}_yuan_per_million_tokens"] for side in ("input", "output")
        )
        if inside is None:
            return ListPrice(mixed, mixed, mixed, _event_name(past[-1]))
        return ListPrice(inside, outside, mixed, _event_name(past[-1]))

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
        for event in sorted(self.scenario.events, key=lambda event: event.order()):
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
