"""The observation model: which measure a recorded figure is compared with, or what carries it.

The rules stand in `sim/data/metrics.toml`; here they meet the names of a scenario.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from sim.analysis.calibration.record import Record

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario

TOGETHER = " + "
AGAINST = re.compile(r"\s+(?:vs\.?|versus|minus|over|[-\u2013])\s+", re.IGNORECASE)


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


class RecordNames(NamedTuple):
    """The tables of `metrics.toml`."""

    rules: tuple[Rule, ...]
    lines: tuple[Line, ...]
    entities: tuple[dict[str, str], ...]
    kinds: tuple[dict[str, str], ...]
    market: tuple[str, ...]
    confidence: dict[str, float]


@cache
def names() -> RecordNames:
    """The shipped tables, read once."""
    text = files("sim").joinpath("data/metrics.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return RecordNames(
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
