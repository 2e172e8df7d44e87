"""Paired differences between stored worlds: intervals, Holm, equivalence, switching flows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import equivalence_test, holm, paired_comparison
from sim.analysis.verdict.grounds import plain
from sim.errors import SimError
from sim.runs.result import SCOREBOARDS

if TYPE_CHECKING:
    import xarray as xr

    from sim.runs.result import Result


Floats = npt.NDArray[np.float64]

FLOW = "switching_flow"
SHARE = "share"
MARKET = ""
ALPHA = 0.05


@dataclass(frozen=True)
class Difference:
    """One paired difference: a world less the first one, the same seeds."""

    world: str
    measure: str
    unit: str
    vendor: str
    """Whose measure; empty for the whole market."""
    vendor_to: str
    """For flows: to whom."""
    part: str
    """Which part of the market, such as `segment finance`; empty for all of it."""
    first_mean: float
    world_mean: float
    mean: float
    low: float | None
    high: float | None
    n: int
    p_value: float
    correlation: float | None
    variance_reduction: float | None
    margin: float | None = None
    equivalent: bool | None = None
    equivalence_low: float | None = None
    equivalence_high: float | None = None
    holm_adjusted: float = 1.0

    @property
    def told(self) -> str:
        """What the difference says: the same, different, equivalent, both or neither."""
        if self.mean == self.low == self.high == 0.0:
            return "the same"
        words = ["different"] if self.holm_adjusted <= ALPHA else []
        words += ["equivalent"] if self.equivalent else []
        return ", yet ".join(words) or "undetermined"


@dataclass(frozen=True)
class ScenarioComparison:
    """Differences of all worlds from the first, by measure and by flow."""

    first: str
    worlds: tuple[str, ...]
    window_months: int
    differences: tuple[Difference, ...]
    flows: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    interval_type = "paired t, 95 %"
    equivalence_type = "two one-sided t tests, 5 % (the 90 % interval inside the margin)"

    def document(self) -> dict[str, Any]:
        """Everything as plain numbers for JSON."""
        document: dict[str, Any] = plain(
            {
                "first": self.first,
                "worlds": self.worlds,
                "window_months": self.window_months,
                "interval_type": self.interval_type,
                "equivalence_type": self.equivalence_type,
                "p_values": "two-sided, adjusted by Holm over all differences, and over all flows",
                "differences": [asdict(row) | {"told": row.told} for row in self.differences],
                "flows": [asdict(row) | {"told": row.told} for row in self.flows],
                "notes": self.notes,
            }
        )
        return document


def comparison(
    result: Result,
    worlds: Sequence[str],
    measures: Sequence[str],
    margins: Mapping[str, float],
    notes: Sequence[str] = (),
) -> ScenarioComparison:
    """Compare stored worlds with the first of them, replicate by replicate.

    Compared are means over the last `containment.window_months` of the first scenario; flows are
    means over all months, as a move may have come early. Replicates in which a world of the pair
    failed are left out.

    Parameters
    ----------
    margins
        Margin of the equivalence test by measure; that of the empty name holds for every share.

    Raises
    ------
    SimError
        A measure is not stored or no replicate is done in both worlds of a pair.
    """
    window = result.scenario.containment.window_months
    rows: list[Difference] = []
    flows: list[Difference] = []
    for name in worlds[1:]:
        pair = (worlds[0], name)
        sound = result.sound_replicates(*pair)
        if not sound:
            raise SimError(f"{result.path}: no replicate is done in {pair[0]} and in {name}")
        for measure in _stored(result, measures):
            values = result.curves[measure].sel(replicate=sound)
            means = values.isel(month=slice(-window, None)).mean("month", skipna=False)
            unit = str(values.attrs.get("unit", ""))
            rows += _rows(means, pair, (measure, unit), _margin(measure, unit, margins))
        if FLOW in result.curves:
            values = result.curves[FLOW].sel(replicate=sound)
            means = values.mean("month", skipna=False)
            flows += _rows(means, pair, (FLOW, str(values.attrs.get("unit", ""))), None)
    notes = (*notes, *_notes(result, rows))
    return ScenarioComparison(
        worlds[0], tuple(worlds), window, _adjusted(rows), _adjusted(flows), notes
    )


def _stored(result: Result, measures: Sequence[str]) -> list[str]:
    there = [name for name in measures if name in result.curves]
    missing = sorted({*measures} - {*there, *SCOREBOARDS})
    if missing:
        raise SimError(f"{result.path}: not stored: {', '.join(missing)}")
    return there


def _margin(measure: str, unit: str, margins: Mapping[str, float]) -> float | None:
    return margins.get(measure, margins.get("") if unit == SHARE else None)


def _rows(
    means: xr.DataArray, pair: tuple[str, str], of: tuple[str, str], margin: float | None
) -> Iterator[Difference]:
    """A difference for each entry of a measure (name, unit): market, vendor, part of it, flow."""
    dims = [str(dim) for dim in means.dims if dim not in ("point", "replicate")]
    ordered = means.transpose("point", "replicate", *dims)
    table = [ordered.sel(point=point).to_numpy() for point in pair]
    labels = [[str(label) for label in ordered[dim].to_numpy()] for dim in dims]
    for place in np.ndindex(*(len(names) for names in labels)):
        who = {dim: names[i] for dim, names, i in zip(dims, labels, place, strict=True)}
        vendor, vendor_to = (who.pop(dim, MARKET) for dim in ("vendor", "vendor_to"))
        if vendor == vendor_to != MARKET:
            continue  # who stays is no flow
        values = [np.asarray(column[(slice(None), *place)], dtype=np.float64) for column in table]
        row = _difference(values[0], values[1], margin)
        if row is not None:
            yield replace(
                row,
                world=pair[1],
                measure=of[0],
                unit=of[1],
                vendor=vendor,
                vendor_to=vendor_to,
                part=", ".join(f"{dim} {label}" for dim, label in who.items()),
            )


def _difference(first: Floats, other: Floats, margin: float | None) -> Difference | None:
    known = np.isfinite(first) & np.isfinite(other)
    if not known.any():
        return None
    a, b = first[known], other[known]
    found = paired_comparison(a, b, 1.0 - ALPHA)
    test = None if margin is None or found.n < 2 else equivalence_test(b - a, margin, ALPHA)
    bounded = found.n > 1
    return Difference(
        world="",
        measure="",
        unit="",
        vendor=MARKET,
        vendor_to=MARKET,
        part="",
        first_mean=float(a.mean()),
        world_mean=float(b.mean()),
        mean=found.mean,
        low=found.interval.lower if bounded else None,
        high=found.interval.upper if bounded else None,
        n=found.n,
        p_value=found.p_two_sided,
        correlation=_finite(found.correlation),
        variance_reduction=_finite(found.variance_reduction),
        margin=margin,
        equivalent=None if test is None else test.equivalent,
        equivalence_low=None if test is None else test.interval.lower,
        equivalence_high=None if test is None else test.interval.upper,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _adjusted(rows: Sequence[Difference]) -> tuple[Difference, ...]:
    if not rows:
        return ()
    adjusted = holm([row.p_value for row in rows])
    return tuple(
        replace(row, holm_adjusted=float(p)) for row, p in zip(rows, adjusted, strict=True)
    )


def _notes(result: Result, rows: Sequence[Difference]) -> tuple[str, ...]:
    notes = []
    if result.replicates < 2:
        notes.append("a single replicate decides nothing")
    if len(result.failed):
        notes.append(f"{len(result.failed)} runs failed; their pairs are left out")
    asked = {row.n for row in rows}
    if rows and min(asked) < result.replicates and not len(result.failed):
        notes.append("replicates with a month without a value are left out of that measure")
    return tuple(notes)
