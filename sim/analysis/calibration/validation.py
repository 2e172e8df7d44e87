"""Validation: every recorded figure beside the band of its simulated counterpart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.record import Record, factor, load_record
from sim.analysis.calibration.targets import Target, Unmapped, match
from sim.errors import SimError

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario.schema.scenario import Scenario


FloatArray = npt.NDArray[np.float64]

LEVELS = (0.5, 0.05, 0.25, 0.75, 0.95)
"""Median, ends of the 90 % band and of the 50 % band."""
OUTSIDE = 0.10
"""Probability left outside the 90 % band."""


@dataclass(frozen=True)
class Comparison:
    """A recorded figure and the replicates' distribution of its counterpart, in its unit."""

    target: Target
    median: float
    p05: float
    p25: float
    p75: float
    p95: float
    score: float
    """Interval score of the 90 % band, in the recorded unit; smaller is better."""
    replicates: int

    @property
    def hit(self) -> bool:
        """Is the recorded figure inside the 90 % band?"""
        return self.p05 <= self.target.value <= self.p95

    @property
    def miss(self) -> float:
        """How far the 90 % band ends above (+) or below (-) the recorded figure; 0 if a hit."""
        if self.hit:
            return 0.0
        return (self.p05 if self.target.value < self.p05 else self.p95) - self.target.value

    def as_dict(self) -> dict[str, Any]:
        """Plain values under the names of the machine-readable output."""
        return self.target.as_dict() | {
            "median": self.median,
            "p05": self.p05,
            "p25": self.p25,
            "p75": self.p75,
            "p95": self.p95,
            "hit": self.hit,
            "score": self.score,
        }


@dataclass(frozen=True)
class Validation:
    """All comparisons of a run with the record, and what the record holds beyond them."""

    comparisons: tuple[Comparison, ...]
    unmapped: tuple[Unmapped, ...]

    @property
    def hits(self) -> int:
        """Number of recorded figures inside their 90 % band."""
        return sum(row.hit for row in self.comparisons)

    def as_dict(self) -> dict[str, Any]:
        """``{"targets": [...], "unmapped": [...]}`` of plain values."""
        return {
            "targets": [row.as_dict() for row in self.comparisons],
            "unmapped": [row._asdict() for row in self.unmapped],
        }


def interval_score(recorded: float, lower: float, upper: float, outside: float = OUTSIDE) -> float:
    """Interval score ``(u - l) + 2/a (l - y)+ + 2/a (y - u)+`` of a central 1 - a interval.

    Smaller is better: a wide band pays its width, a miss its distance times 2/a.

    Raises
    ------
    ValueError
        If the ends are in the wrong order or a is not between 0 and 1.

    Notes
    -----
    Gneiting & Raftery (2007, JASA 102:359-378), equation 43.
    """
    if not lower <= upper:
        raise ValueError(f"an interval from {lower} to {upper} has its ends in the wrong order")
    if not 0.0 < outside < 1.0:
        raise ValueError(f"the part outside, {outside}, must be between 0 and 1")
    below, above = max(lower - recorded, 0.0), max(recorded - upper, 0.0)
    return (upper - lower) + 2.0 / outside * (below + above)


def simulated(target: Target, curves: xr.Dataset, point: str = "on") -> FloatArray:
    """Counterpart of a target in each replicate, in the target's unit.

    Parameters
    ----------
    curves
        Measures with dims (point, replicate, month, vendor) and the attribute ``unit``.

    Returns
    -------
    (R,) one number a replicate; NaN where the run failed or the figure is not defined.

    Raises
    ------
    SimError
        If the curves lack the measure, the world, the months or the vendors, or its unit does not
        convert to the recorded one.
    """
    if target.measure not in curves:
        present = ", ".join(sorted(map(str, curves.data_vars)))
        raise SimError(f"no measure {target.measure} in the curves (there: {present})")
    if point not in curves["point"].values:
        raise SimError(f"no world {point} (there: {', '.join(map(str, curves['point'].values))})")
    values = curves[target.measure].sel(point=point)
    missing = [vendor for vendor in target.peers if vendor not in values["vendor"].values]
    if missing:
        raise SimError(f"no vendor {', '.join(missing)} in the curves")
    values = values.sel(vendor=list(target.peers)).transpose("replicate", "month", "vendor")
    amounts = np.asarray(values.values, dtype=np.float64)
    months = values["month"].values.astype("datetime64[M]")
    first, last = (np.datetime64(day, "M") for day in (target.period_start, target.period_end))
    earlier = np.timedelta64(1 if target.kind == "growth" else 0, "M")
    if first - earlier < months[0] or last > months[-1]:
        raise SimError(f"the curves run from {months[0]} to {months[-1]}")
    inside = (months >= first) & (months <= last)
    if target.kind == "total":
        size = factor(str(values.attrs.get("unit", "")), target.unit)
        return np.asarray(amounts[:, inside].sum(axis=(1, 2)) * size)
    before = (months >= first - np.timedelta64(1, "M")) & (months < first)
    return _relative(target, amounts[:, inside].sum(axis=1), amounts[:, before].sum(axis=(1, 2)))


def _relative(target: Target, sums: FloatArray, before: FloatArray) -> FloatArray:
    """Share, ratio, rank or growth from (R, V) sums over the period and (R,) sums before it."""
    market = sums.sum(axis=1)
    own = [target.peers.index(vendor) for vendor in target.vendors]
    if target.kind == "rank":
        best = sums[:, own].sum(axis=1)
        rank = 1.0 + (np.delete(sums, own, axis=1) > best[:, None]).sum(axis=1)
        return np.where(np.isfinite(market), rank, np.nan)
    part, whole = (
        (market - before, before) if target.kind == "growth" else (sums[:, own].sum(axis=1), market)
    )
    result = np.full(len(sums), np.nan)
    np.divide(part, whole, out=result, where=whole > 0.0)
    return result * target.scale


def compare(target: Target, values: npt.ArrayLike) -> Comparison:
    """Compare a recorded figure with its simulated counterparts, leaving out failed replicates.

    Raises
    ------
    SimError
        If no replicate gives a finite number.
    """
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        raise SimError("no replicate gives a finite number")
    median, p05, p25, p75, p95 = (float(q) for q in np.quantile(numbers, LEVELS))
    score = interval_score(target.value, p05, p95)
    return Comparison(target, median, p05, p25, p75, p95, score, int(numbers.size))


def validate(
    curves: xr.Dataset,
    scenario: Scenario,
    record: Iterable[Record] | None = None,
    point: str = "on",
) -> Validation:
    """Hold the curves of a scenario against the record; None = the record shipped here.

    A figure that cannot be compared is listed with its reason, never dropped.
    """
    matched = match(load_record() if record is None else record, scenario)
    comparisons: list[Comparison] = []
    unmapped = list(matched.unmapped)
    for target in matched.targets:
        try:
            comparisons.append(compare(target, simulated(target, curves, point)))
        except SimError as reason:
            unmapped.append(Unmapped(target.id, target.metric, target.entity, str(reason)))
    return Validation(tuple(comparisons), tuple(unmapped))
