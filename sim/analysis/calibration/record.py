"""The market record: sourced historical figures, one a row, with units."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

from sim.errors import MOST_LINES, SimError, cut
from sim.files import DECIMAL_COMMA, csv_rows, read_text

MULTIPLES = {
    "1000": 1e3,
    "thousand": 1e3,
    "M": 1e6,
    "million": 1e6,
    "bn": 1e9,
    "billion": 1e9,
    "T": 1e12,
    "trillion": 1e12,
}
RATES = ("/month", " a month", " per month", "/day", " a day", " per day")
SIZES = {"%": (0.01, "share"), "billion USD": (7.2e9, "yuan"), "million USD": (7.2e6, "yuan")}
"""Units that are not a multiple and a base; a dollar is 7.2 yuan, as in 2024 and 2025."""


def size_of(unit: str) -> tuple[float, str]:
    """Size of a unit and its base: ``"M tokens/month"`` is ``(1e6, "tokens")``.

    A sum of monthly amounts has the unit of the amount, so that "/month" is left out, as is "/day"
    of a mean day. ``"yuan/million tokens"`` is ``(1e-6, "yuan/tokens")``.

    Raises
    ------
    SimError
        If the unit is empty.
    """
    text = unit.strip()
    for ending in RATES:
        text = text.removesuffix(ending)
    if text in SIZES:
        return SIZES[text]
    above, _, below = text.partition("/")
    if below:
        (size, base), (below_size, below_base) = size_of(above), size_of(below)
        return size / below_size, f"{base}/{below_base}"
    words = text.split()
    if not words:
        raise SimError("a unit is missing")
    if len(words) > 1 and words[0] in MULTIPLES:
        return MULTIPLES[words[0]], " ".join(words[1:])
    return 1.0, " ".join(words)


def factor(source: str, target: str) -> float:
    """What a sum in `source` units is multiplied with to be in `target` units.

    Raises
    ------
    SimError
        If the two units do not measure the same thing.
    """
    (source_size, source_base), (target_size, target_base) = size_of(source), size_of(target)
    if source_base != target_base:
        raise SimError(f"unit {source!r} does not convert to {target!r}")
    return source_size / target_size


REQUIRED = ("id", "period_start", "period_end", "entity", "metric", "value", "unit")
MONTH_LENGTH = 7
LARGEST_RECORD = 64_000_000
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
SHARE = re.compile(r"(^|_)share(_|$)")
CHANGE = re.compile(r"growth|change|gap|lead|difference|profit|margin|EBITA|loss", re.IGNORECASE)
MONEY = ("yuan", "USD")


@dataclass(frozen=True)
class Record:
    """One recorded figure; a missing period end or start is None."""

    id: str
    period_start: date | None
    period_end: date | None
    entity: str
    metric: str
    value: float
    unit: str
    kind: str = ""
    publisher: str = ""
    url: str = ""
    confidence: str = ""
    note: str = ""


def load_record(path: Path | str | None = None) -> tuple[Record, ...]:
    """Rows of a record file (CSV with a header), in file order; None = the record shipped here.

    A row that is repeated as it is counts once.

    Raises
    ------
    SimError
        One line for each row that cannot be read: a missing column or cell, a value that is no
        finite number or outside what its unit allows, a date that is none, an id that appears
        twice with other contents. ScenarioError if the file is no CSV with commas.
    """
    name = "market_record.csv" if path is None else str(path)
    (_, columns), *rows = csv_rows(_text(path), name) or [(1, [])]
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise SimError(f"{name}: no column {', '.join(missing)}")
    problems: list[str] = []
    records: dict[str, Record] = {}
    for line, cells in rows:
        try:
            record = _row(dict(zip(columns, cells, strict=True)))
            if records.get(record.id, record) != record:
                raise ValueError(f"id {cut(record.id)!r} appears twice")
            records[record.id] = record
        except ValueError as error:
            problems.append(f"{name}:{line}: {error}")
    if problems:
        more = len(problems) - MOST_LINES
        rest = [f"... and {more:,} problems more"] if more > 0 else []
        raise SimError("\n".join([*problems[:MOST_LINES], *rest]))
    return tuple(records.values())


def _text(path: Path | str | None) -> str:
    if path is None:
        return files("sim").joinpath("data/market_record.csv").read_text(encoding="utf-8")
    return read_text(path, LARGEST_RECORD)


def _row(cells: Mapping[str, str]) -> Record:
    empty = [column for column in ("id", "entity", "metric", "value") if not cells[column]]
    if empty:
        raise ValueError(f"empty {', '.join(empty)}")
    start, end = (_date(cells[column]) for column in ("period_start", "period_end"))
    if start and end and end < start:
        raise ValueError(f"period ends {end} before it starts {start}")
    optional = ("kind", "publisher", "url", "confidence", "note")
    return Record(
        cells["id"],
        start,
        end,
        cells["entity"],
        cells["metric"],
        _number(cells["value"], cells["metric"], cells["unit"]),
        cells["unit"],
        **{column: cells.get(column, "") for column in optional},
    )


def _number(text: str, metric: str, unit: str) -> float:
    if DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"value {text!r} has a decimal comma: write a point")
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError(f"value {cut(text)!r} is no finite number")
    low, high = _range(metric, unit)
    if not low <= value <= high:
        raise ValueError(
            f"value {text} of {cut(metric)} [{unit}] must lie between {low:g} and {high:g}"
        )
    return value


def _range(metric: str, unit: str) -> tuple[float, float]:
    """Least and greatest value that a figure can have: shares, flags, counts, prices, money."""
    if SHARE.search(metric) and not CHANGE.search(metric):
        return 0.0, {"%": 100.0, "share": 1.0}.get(unit.split(" ")[0], math.inf)
    if unit == "boolean":
        return 0.0, 1.0
    money = "/" not in unit and unit.split(" ")[-1] in MONEY
    return (-math.inf if unit.startswith("%") or money or CHANGE.search(metric) else 0.0), math.inf


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(f"{text}-01" if len(text) == MONTH_LENGTH else text)
    except ValueError:
        raise ValueError(f"{cut(text)!r} is no date (YYYY-MM-DD)") from None
