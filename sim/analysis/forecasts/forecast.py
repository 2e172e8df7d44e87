"""Predictive samples of the record's metrics, and their bands for months to come."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.matching import known_figures
from sim.analysis.calibration.record import Record
from sim.analysis.calibration.rules import (
    AGAINST,
    NoTargetError,
    is_market,
    line_of,
    rule_of,
    vendors_of,
)
from sim.analysis.calibration.targets import Target
from sim.analysis.calibration.validation import simulated
from sim.errors import SimError
from sim.months import month_after, months_between

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sim.scenario.schema.scenario import Scenario

FloatArray = npt.NDArray[np.float64]

DRAWS = 2000
"""Draws of a predictive sample, at least."""
QUANTILES = {
    "q05": 0.05,
    "q10": 0.10,
    "q25": 0.25,
    "q50": 0.50,
    "q75": 0.75,
    "q90": 0.90,
    "q95": 0.95,
}
FACTS = ("metric", "entity", "family", "measure", "unit", "period_start", "period_end")
INSTANT = 0
NEAREST_PERIOD = {INSTANT: INSTANT, 1: 1, 4: 3, 8: 6}
"""Longest recorded period in months -> period of forecasts; a longer one gives years."""
DAYS_A_MONTH = 365.25 / 12.0
MARKET = "market"
EACH_VENDOR = ("share", "rank")
"""Kinds of figures that are forecast for every vendor of the scope, recorded or not."""
PARTS = ("share", "ratio", "level")
PERCENT = 100.0
YEAR = re.compile(r"(19|20)\d\d")


def is_logarithmic(target: Target) -> bool:
    """Are errors of the figure relative?"""
    return target.transform == "log" and target.value > 0.0


def last_day(month: date) -> date:
    """The last day of a month."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


Group = tuple[str, str, str]
"""Metric family, transform and unit of figures that share a model discrepancy."""


class Errors(NamedTuple):
    """What lies between a simulated figure and the recorded one."""

    seed: int
    """Root seed; the errors of a figure depend on it and on the figure's id alone."""
    discrepancies: Mapping[Group, float] = {}
    """Standard deviation of what the model cannot reach, in logarithms or the figures' unit."""
    moved: Mapping[str, float] = {}
    """Variance that a list price has gained since it was last given, by the figure's id."""

    @classmethod
    def of(cls, seed: int, provenance: Mapping[str, Any] | None) -> Errors:
        """Errors with the discrepancies that a posterior's provenance states."""
        rows = (provenance or {}).get("discrepancy", ())
        found = {(r["family"], r["transform"], r["unit"]): float(r["sd"]) for r in rows}
        return cls(seed, found)

    def deviation(self, target: Target) -> float:
        """Standard deviation of observation error and discrepancy together.

        In logarithms where the errors of the figure are relative. A family without a discrepancy of
        its own takes the root mean square of those of its transform and unit.
        """
        logs = is_logarithmic(target)
        error = target.error / (target.value if logs else 1.0)
        key = (target.family, *(("log", "1") if logs else ("identity", target.unit)))
        alike = [sd**2 for group, sd in self.discrepancies.items() if group[1:] == key[1:]]
        square = self.discrepancies.get(key, math.sqrt(np.mean(alike)) if alike else 0.0) ** 2
        return math.sqrt(error**2 + square + self.moved.get(target.id, 0.0))


def predictive(target: Target, values: npt.ArrayLike, errors: Errors) -> FloatArray:
    """Predictive sample of what will be recorded: simulated figures with errors.

    Each of the R finite figures is repeated until there are at least `DRAWS`, each with its own
    error e ~ N(0, deviation), so that the variance is that of the figures plus deviation^2. In
    logarithms where the errors are relative. Parts of a whole stay within 0 and 100 %,
    ranks are whole numbers from 1 on.

    Parameters
    ----------
    values
        (R,) figures in the unit of the record.

    Raises
    ------
    SimError
        If no figure is finite.
    """
    figures = np.asarray(values, dtype=np.float64)
    figures = figures[np.isfinite(figures)]
    if not figures.size:
        raise SimError(f"{target.id}: no replicate gives a finite number")
    sample = np.tile(figures, math.ceil(DRAWS / figures.size))
    deviation = errors.deviation(target)
    if deviation > 0.0:
        rng = np.random.default_rng([errors.seed, crc32(target.id.encode())])
        noise = deviation * rng.standard_normal(sample.size)
        sample = sample * np.exp(noise) if is_logarithmic(target) else sample + noise
    if target.kind == "rank":
        return np.maximum(np.round(sample), 1.0)
    return np.clip(sample, 0.0, PERCENT) if is_percentage(target) else sample


def is_percentage(target: Target) -> bool:
    """Is the figure a part of a whole, in per cent?"""
    return target.kind in PARTS and target.unit == "%"


def known_until(record: Iterable[Record], cut: date) -> list[Record]:
    """Rows whose period had ended on a day."""
    return [row for row in record if (day := row.period_end or row.period_start) and day <= cut]


def future_targets(
    record: Iterable[Record], scenario: Scenario, start: date, end: date
) -> tuple[Target, ...]:
    """What can be forecast between two days: each metric and entity that was recorded before.

    Periods are those in which a metric was recorded: months, quarters, halves or years that lie
    inside as a whole, the last day of each month for what was recorded on single days. Shares and
    ranks are forecast for every vendor of the scope, a model line by its latest model. A target's
    value is the last recorded figure. A metric whose name holds a year is left out.

    Raises
    ------
    SimError
        If nothing was recorded before the start that a run answers to.
    """
    cut = start - timedelta(days=1)
    known = known_until(record, cut)
    mapped = {
        target.id: target
        for target in known_figures(known, scenario)
        if not YEAR.search(target.metric)
    }
    latest: dict[Thing, Record] = {}
    lengths: dict[str, set[int]] = {}
    for row in sorted((row for row in known if row.id in mapped), key=_order):
        latest[thing_of(row, scenario)] = row
        lengths.setdefault(row.metric, set()).add(_length(row))
    for target in mapped.values():
        for row in _other_vendors(target, latest[thing_of(target, scenario)], scenario):
            latest.setdefault(thing_of(row, scenario), row)
    found: list[Target] = []
    for metric, own in lengths.items():
        for length in sorted(own):
            wanted = {
                row.id: row
                for last in latest.values()
                if last.metric == metric
                for row in (_at(last, period) for period in periods(start, end, length))
            }
            # Metric by metric, so that no forecast follows from another.
            targets = known_figures([*known, *wanted.values()], scenario)
            found += (target for target in targets if target.id in wanted)
    if not found:
        raise SimError(f"nothing recorded before {start} that this scenario answers to")
    return tuple(found)


def _order(row: Record) -> tuple[date, str]:
    return row.period_end or row.period_start or date.min, row.id


def _other_vendors(target: Target, row: Record, scenario: Scenario) -> Iterator[Record]:
    """The row of a share or rank for each vendor of its scope."""
    if target.kind in EACH_VENDOR and len(target.vendors) == 1:
        for vendor in target.peers:
            yield replace(row, entity=scenario.vendors[vendor].label or vendor)


def _length(row: Record) -> int:
    """Months of the periods in which a row is forecast."""
    if row.period_start is None or row.period_end is None:
        return INSTANT
    months = round(((row.period_end - row.period_start).days + 1) / DAYS_A_MONTH)
    return next((own for longest, own in NEAREST_PERIOD.items() if months <= longest), 12)


def periods(start: date, end: date, length: int) -> Iterator[tuple[date, date]]:
    """Whole periods of some months between two days; last days of months for length 0."""
    for months in range(months_between(start, end) + 1):
        first = month_after(start, months)
        last = last_day(month_after(first, max(length, 1) - 1))
        if (first.month - 1) % max(length, 1) == 0 and first >= start and last <= end:
            yield (last, last) if length == INSTANT else (first, last)


def _at(row: Record, period: tuple[date, date]) -> Record:
    """The row of another period."""
    first, last = period
    end = None if row.period_end is None else last
    name = f"{row.metric}|{row.entity}|{row.unit}|{first}|{last}"
    return replace(row, id=name, period_start=first, period_end=end)


def forecast_table(curves: xr.Dataset, targets: Iterable[Target], errors: Errors) -> pd.DataFrame:
    """Quantiles of the predictive sample of each target, one row a target.

    Returns
    -------
    Columns metric, entity, family, measure, unit, period_start, period_end, q05 to q95; sorted by
    family, metric, entity and period.
    """
    import pandas as pd

    rows = []
    wanted = list(targets)
    curves = in_memory(curves, wanted)
    for target in wanted:
        sample = predictive(target, simulated(target, curves), errors)
        facts = {name: getattr(target, name) for name in FACTS}
        bands = np.quantile(sample, list(QUANTILES.values()))
        rows.append(facts | dict(zip(QUANTILES, map(float, bands), strict=True)))
    table = pd.DataFrame(rows, columns=[*FACTS, *QUANTILES])
    order = ["family", "metric", "entity", "period_end", "period_start"]
    return table.sort_values(order, kind="stable").reset_index(drop=True)


def in_memory(curves: xr.Dataset, targets: Iterable[Target]) -> xr.Dataset:
    """The measures that targets ask for, read from the disk once."""
    names = {name for target in targets for name in target.measures if name in curves}
    return curves[sorted(names)].load()


def rising_prices(curves: xr.Dataset, start: date, end: date) -> dict[int, float]:
    """For each year that ends between two days, the share of runs in which the mean price rises.

    From December to December, `mean_price` of all model calls; failed runs are left out.
    """
    if "mean_price" not in curves:
        return {}
    prices = curves["mean_price"].sel(point="on").transpose("replicate", "month")
    months = prices["month"].values.astype("datetime64[M]")
    found = {}
    for year in range(start.year, end.year + 1):
        ends = [np.datetime64(f"{y}-12", "M") for y in (year - 1, year)]
        if not start <= date(year, 12, 31) <= end or not np.isin(ends, months).all():
            continue
        before, after = (prices.values[:, months == one][:, 0] for one in ends)
        sound = np.isfinite(before) & np.isfinite(after)
        if sound.any():
            found[year] = float((after[sound] > before[sound]).mean())
    return found


Thing = tuple[str, object, str]
"""What a figure is about: metric, vendors or model line, unit."""


def thing_of(one: Record | Target, scenario: Scenario) -> Thing:
    """What a figure is about, whatever its entity is called."""
    about: object = one.entity
    row = Record("", None, None, one.entity, one.metric, 0.0, one.unit)
    with suppress(NoTargetError):
        if rule_of(row).scope == "line":
            line = line_of(one.entity)
            about = (line.family, line.tier)
        elif not AGAINST.search(one.entity):
            about = MARKET if is_market(one.entity) else vendors_of(one.entity, scenario)
    return one.metric, about, one.unit


class RestatedFigure(NamedTuple):
    """A recorded figure on the scale of another period."""

    start: date
    end: date
    value: float

    @property
    def time(self) -> float:
        """Middle of its period, in months from a fixed day."""
        return (self.start.toordinal() + self.end.toordinal() + 1) / 2.0 / DAYS_A_MONTH


class Known:
    """The record until a day, by what its figures are about."""

    def __init__(self, record: Iterable[Record], scenario: Scenario, cut: date) -> None:
        self.scenario = scenario
        self.rows = known_until(record, cut)
        self._by_thing: dict[Thing, list[Record]] = {}
        for row in sorted(self.rows, key=_order):
            self._by_thing.setdefault(thing_of(row, scenario), []).append(row)

    def of(self, target: Target) -> list[RestatedFigure]:
        """What was recorded of a target's thing, in order; sums at the rate of its period."""
        found = []
        for row in self._by_thing.get(thing_of(target, self.scenario), ()):
            start, end = row.period_start or row.period_end, row.period_end or row.period_start
            if start is not None and end is not None:
                ratio = 1.0
                if target.summed:
                    ratio = _days(target.period_start, target.period_end) / _days(start, end)
                found.append(RestatedFigure(start, end, row.value * ratio))
        return found


def _days(start: date, end: date) -> int:
    return (end - start).days + 1
