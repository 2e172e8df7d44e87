"""Predictive samples of the record's metrics, and their bands for months to come."""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.matching import known_figures
from sim.analysis.calibration.record import Record
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
EACH_VENDOR = ("share", "rank")
"""Kinds of figures that are forecast for every vendor of the scope, recorded or not."""
PARTS = ("share", "ratio")
PERCENT = 100.0


def is_logarithmic(target: Target) -> bool:
    """Are errors of the figure relative?"""
    known = getattr(target, "transform", "")
    return target.value > 0.0 and (known == "log" if known else target.kind == "total")


def family_of(target: Target) -> str:
    """Metric family."""
    return getattr(target, "family", "") or target.metric


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
        error = float(getattr(target, "error", 0.0)) / (abs(target.value) if logs else 1.0)
        key = (family_of(target), *(("log", "1") if logs else ("identity", target.unit)))
        alike = [sd**2 for group, sd in self.discrepancies.items() if group[1:] == key[1:]]
        square = self.discrepancies.get(key, math.sqrt(np.mean(alike)) if alike else 0.0) ** 2
        return math.sqrt(error**2 + square)


def predictive(target: Target, values: npt.ArrayLike, errors: Errors) -> FloatArray:
    """Predictive sample of what will be recorded: simulated figures with errors.

    Each of the R finite figures is repeated until there are at least `DRAWS`, each with its own
    error e ~ N(0, deviation), so that the variance is that of the figures plus deviation^2. In
    logarithms where the errors are relative. Parts of a whole stay within 0 and 100 %.

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
    return np.clip(sample, 0.0, PERCENT) if is_percentage(target) else sample


def is_percentage(target: Target) -> bool:
    """Is the figure a part of a whole, in per cent?"""
    return target.kind in PARTS and target.unit == "%"


def lengthened(scenario: Scenario, end: date) -> Scenario:
    """The scenario with months added until a day is inside."""
    months = months_between(scenario.calendar.start, end) + 1
    return scenario.replace({"calendar.months": max(months, scenario.calendar.months)})


def known_until(record: Iterable[Record], cut: date) -> list[Record]:
    """Rows whose period had ended on a day."""
    return [row for row in record if (day := row.period_end or row.period_start) and day <= cut]


def future_targets(
    record: Iterable[Record], scenario: Scenario, start: date, end: date
) -> tuple[Target, ...]:
    """What can be forecast between two days: each metric and entity that was recorded before.

    Periods are those in which a metric was recorded: months, quarters, halves or years that lie
    inside as a whole, the last day of each month for what was recorded on single days. Shares and
    ranks are forecast for every vendor of the scope. A target's value is the last recorded figure.

    Raises
    ------
    SimError
        If nothing was recorded before the start that a run answers to.
    """
    known = known_until(record, start - timedelta(days=1))
    rows = {row.id: row for row in known}
    latest: dict[tuple[str, str], Target] = {}
    lengths: dict[str, set[int]] = {}
    for target in known_figures(known, scenario):
        key = (target.metric, target.vendor or target.entity)
        if key not in latest or target.period_end >= latest[key].period_end:
            latest[key] = target
        lengths.setdefault(target.metric, set()).add(_length(rows[target.id]))
    if not latest:
        raise SimError(f"nothing recorded before {start} that this scenario answers to")
    wanted = [
        _at(rows[target.id], entity, period)
        for target, entity in _with_every_vendor(list(latest.values()), scenario)
        for length in sorted(lengths[target.metric])
        for period in periods(start, end, length)
    ]
    new = {row.id for row in wanted}
    return tuple(t for t in known_figures([*known, *wanted], scenario) if t.id in new)


def _with_every_vendor(
    latest: Sequence[Target], scenario: Scenario
) -> Iterator[tuple[Target, str]]:
    """Recorded targets with their entities; the vendors of a scope that were never recorded."""
    covered = {(target.metric, target.vendor) for target in latest}
    for target in latest:
        yield target, target.entity
        if target.kind not in EACH_VENDOR:
            continue
        for vendor in target.peers:
            if (target.metric, vendor) not in covered:
                covered.add((target.metric, vendor))
                yield target, scenario.vendors[vendor].label or vendor


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


def _at(row: Record, entity: str, period: tuple[date, date]) -> Record:
    """The row of another entity and period."""
    first, last = period
    name = f"{row.metric}|{entity}|{first}|{last}"
    return replace(
        row,
        id=name,
        entity=entity,
        period_start=first,
        period_end=None if row.period_end is None else last,
    )


def forecast_table(curves: xr.Dataset, targets: Iterable[Target], errors: Errors) -> pd.DataFrame:
    """Quantiles of the predictive sample of each target, one row a target.

    Returns
    -------
    Columns metric, entity, family, measure, unit, period_start, period_end, q05 to q95; sorted by
    family, metric, entity and period.
    """
    import pandas as pd

    rows = []
    for target in targets:
        sample = predictive(target, simulated(target, curves), errors)
        facts = {name: getattr(target, name, "") for name in FACTS} | {"family": family_of(target)}
        bands = np.quantile(sample, list(QUANTILES.values()))
        rows.append(facts | dict(zip(QUANTILES, map(float, bands), strict=True)))
    table = pd.DataFrame(rows, columns=[*FACTS, *QUANTILES])
    order = ["family", "metric", "entity", "period_end", "period_start"]
    return table.sort_values(order, kind="stable").reset_index(drop=True)


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


def middle_of(target: Target) -> float:
    """Middle of the period, in months from a fixed day."""
    days = (target.period_start.toordinal() + target.period_end.toordinal() + 1) / 2.0
    return days / DAYS_A_MONTH


def months_of(target: Target) -> float:
    """Months that a sum is over; 1 for what is no sum."""
    if not target.summed:
        return 1.0
    return ((target.period_end - target.period_start).days + 1) / DAYS_A_MONTH


def in_period(target: Target, start: date, end: date) -> float:
    """The recorded figure as it would be in another period: sums keep their monthly rate."""
    after = replace(target, period_start=start, period_end=end)
    return target.value / months_of(target) * months_of(after)


def finding(table: pd.DataFrame, known: Iterable[Target]) -> str:
    """What the forecasts of a family say, in a sentence: who ends elsewhere than last recorded.

    A figure moves if the last recorded one lies outside the 90 % band of the last period; sums
    count as monthly rates. The figure named is the one whose median moves most, relative to the
    last recorded one.
    """
    ends = table.groupby(["metric", "entity"], sort=False).tail(1)
    latest = {
        (target.metric, target.entity): target
        for target in sorted(known, key=lambda target: target.period_end)
    }
    moves: list[tuple[float, bool, str]] = []
    row: Any
    for row in ends.itertuples():
        last = latest.get((row.metric, row.entity))
        if last is not None:
            value = in_period(last, row.period_start, row.period_end)
            change = abs(row.q50 - value) / (abs(value) or 1.0)
            numbers = [_short(number) for number in (value, row.q50, row.q05, row.q95)]
            text = "{}: {} to {} [{}, {}] {}".format(row.entity, *numbers, row.unit)
            moves.append((change, not row.q05 <= value <= row.q95, text))
    if not moves:
        return f"{len(ends)} figures are forecast, none of which was recorded before"
    month = f"{max(ends['period_end']):%Y-%m}"
    moved = sum(move[1] for move in moves)
    _, moves_most, text = max(moves)
    if len(moves) == 1:
        verb = "moves" if moves_most else "may stay where it was recorded"
        return f"By {month} it {verb}, {text}"
    return (
        f"By {month}, {moved} of {len(moves)} figures move beyond their last recorded value; "
        f"the largest change, {text}"
    )


LARGE = 1000.0


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= LARGE else f"{number:.3g}"
