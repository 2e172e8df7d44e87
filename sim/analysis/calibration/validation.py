"""Validation: every recorded figure beside the band of its simulated counterpart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.matching import match
from sim.analysis.calibration.record import Record, factor, load_record
from sim.analysis.calibration.targets import Duplicate, Input, Target, Unmapped, counts_of
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
    inputs: tuple[Input, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows of each kind, see `counts_of`."""
        return counts_of(self.comparisons, self.inputs, self.duplicates, self.unmapped)

    @property
    def hits(self) -> int:
        """Number of recorded figures inside their 90 % band."""
        return sum(row.hit for row in self.comparisons)

    def as_dict(self) -> dict[str, Any]:
        """Plain values: counts, targets, unmapped, inputs, duplicates."""
        return {
            "counts": self.counts,
            "targets": [row.as_dict() for row in self.comparisons],
            "unmapped": [row._asdict() for row in self.unmapped],
            "inputs": [row._asdict() for row in self.inputs],
            "duplicates": [row._asdict() for row in self.duplicates],
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
        Measures with dims (point, replicate, month, and vendor, family or offer) and the attribute
        ``unit``.

    Returns
    -------
    (R,) one number a replicate; NaN where the run failed or the figure is not defined.

    Raises
    ------
    SimError
        If the curves lack the measure, the world, the months or the vendors, or its unit does not
        convert to the recorded one.
    """
    amounts, axis, months = _amounts(target, curves, point)
    first = _month(target.period_start, target.delay)
    last = _month(target.period_end, target.delay)
    before = tuple(_month(day, 0) for day in target.base or ())
    if min((first, *before)) < months[0] or max((last, *before)) > months[-1]:
        raise SimError(f"the curves run from {months[0]} to {months[-1]}")
    amount = _over(target, amounts, months, first, last)
    base = _over(target, amounts, months, *before) if before else amount
    own, rivals, peers = (
        [axis.index(name) for name in chosen]
        for chosen in (target.own, target.rivals, target.peers)
    )
    mine, whole = amount[:, own].sum(axis=1), amount[:, peers].sum(axis=1)
    if target.kind in ADDED:
        unit = str(curves[target.measures[0]].attrs.get("unit", ""))
        return np.asarray(mine * target.scale * factor(unit, target.unit))
    if target.kind == "rank":
        others = np.delete(amount[:, peers], [target.peers.index(name) for name in target.own], 1)
        return np.where(np.isfinite(whole), 1.0 + (others > mine[:, None]).sum(axis=1), np.nan)
    if target.kind == "growth":
        old = base[:, own].sum(axis=1)
        part, whole = mine - old, old
    elif target.kind == "ratio":
        part = mine * base.sum(axis=1)
        whole = base[:, peers].sum(axis=1) * amount.sum(axis=1)
    elif target.kind == "scaled":
        part, whole = mine, base[:, peers].sum(axis=1)
    else:
        other = amount[:, rivals].sum(axis=1)
        part, whole = {
            "share": (mine, whole),
            "gap": (mine - other, whole),
            "multiple": (mine, other),
        }[target.kind]
    result = np.full(len(amount), np.nan)
    np.divide(part, whole, out=result, where=whole > 0.0)
    return result * target.scale


ADDED = ("total", "rate", "level")
DIMENSIONS = ("vendor", "family", "offer")


def _month(day: date, delay: int) -> np.datetime64:
    return np.datetime64(day, "M") + np.timedelta64(delay, "M")


def _amounts(target: Target, curves: xr.Dataset, point: str) -> tuple[FloatArray, list[str], Any]:
    """(R, M, N) amounts, the N names of vendors, families or offers, and the (M,) months."""
    lacking = [name for name in target.measures if name not in curves]
    if lacking:
        present = ", ".join(sorted(map(str, curves.data_vars)))
        raise SimError(f"no measure {', '.join(lacking)} in the curves (there: {present})")
    if point not in curves["point"].values:
        raise SimError(f"no world {point} (there: {', '.join(map(str, curves['point'].values))})")
    values = sum(curves[name].sel(point=point) for name in target.measures[1:]) + (
        curves[target.measures[0]].sel(point=point)
    )
    dimension = next(name for name in DIMENSIONS if name in values.dims)
    axis = [str(name) for name in values[dimension].values]
    missing = [name for name in (*target.peers, *target.own, *target.rivals) if name not in axis]
    if missing:
        raise SimError(f"no {dimension} {', '.join(dict.fromkeys(missing))} in the curves")
    values = values.transpose("replicate", "month", dimension)
    amounts = np.asarray(values.values, dtype=np.float64)
    if dimension == "offer":  # 0 = not on sale
        amounts = np.where(amounts > 0.0, amounts, np.nan)
    return amounts, axis, values["month"].values.astype("datetime64[M]")


def _over(
    target: Target, amounts: FloatArray, months: Any, first: np.datetime64, last: np.datetime64
) -> FloatArray:
    """(R, N) amounts over the months from one to another: sum, mean day, mean or last month."""
    inside = amounts[:, (months >= first) & (months <= last)]
    if target.aggregate == "last":
        return inside[:, -1]
    if target.aggregate == "mean":
        return np.asarray(inside.mean(axis=1))
    whole = np.asarray(inside.sum(axis=1))
    if target.aggregate == "day":
        ends = [edge.astype("datetime64[D]") for edge in (first, last + np.timedelta64(1, "M"))]
        return whole / float((ends[1] - ends[0]).astype(np.int64))
    return whole


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
    sample: Callable[[Target, FloatArray], FloatArray] | None = None,
) -> Validation:
    """Hold the curves of a scenario against the record; None = the record shipped here.

    A figure that cannot be compared is listed with its reason, never dropped.

    Parameters
    ----------
    sample
        Turns the (R,) simulated figures of a target into a sample of what would be recorded; absent
        = the figures themselves, without error.
    """
    matched = match(load_record() if record is None else record, scenario)
    comparisons: list[Comparison] = []
    unmapped = list(matched.unmapped)
    for target in matched.targets:
        try:
            values = simulated(target, curves, point)
            comparisons.append(compare(target, sample(target, values) if sample else values))
        except SimError as reason:
            unmapped.append(Unmapped(target.id, target.metric, target.entity, str(reason)))
    return Validation(tuple(comparisons), tuple(unmapped), matched.inputs, matched.duplicates)
