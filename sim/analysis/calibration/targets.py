"""Targets and moments: recorded figures that runs are held against."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.record import Record
from sim.errors import SimError
from sim.months import months_between

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


TargetKind = Literal["share", "total", "rank", "growth", "ratio"]
TOGETHER = " + "
PERCENT = 100.0
ALONE = "a ratio needs a second vendor that is recorded and in the scenario"
WHOLE_MARKET = ("total", "growth")


@dataclass(frozen=True)
class Target:
    """A recorded figure, what to compute from a run to compare with it, and over which months.

    A ``share`` is the vendors' part of the period's sum over the scope, a ``total`` that sum, a
    ``growth`` the sum against the month before, a ``rank`` the vendor's place by the period's sum,
    a ``ratio`` a share among the scope alone, scaled to the sum that was recorded for the scope.
    """

    id: str
    metric: str
    entity: str
    vendors: tuple[str, ...]
    """Vendors that make up the entity; none for a figure of the whole market."""
    measure: str
    kind: TargetKind
    scope: str
    peers: tuple[str, ...]
    """Vendors inside the scope."""
    period_start: date
    period_end: date
    value: float
    unit: str
    scale: float = 1.0
    """What the computed fraction is multiplied with to have the recorded unit."""
    picture: str = ""
    """Curve on which the figure may be drawn as a point; none if the scopes differ too much."""

    @property
    def vendor(self) -> str:
        """The vendors' names, joined."""
        return TOGETHER.join(self.vendors)

    def as_dict(self) -> dict[str, Any]:
        """The recorded figure as plain values."""
        return {
            "id": self.id,
            "metric": self.metric,
            "entity": self.entity,
            "period_start": self.period_start.isoformat(),
            "period_end": self.period_end.isoformat(),
            "unit": self.unit,
            "recorded": self.value,
        }


class Unmapped(NamedTuple):
    """A recorded figure that no measure of the run answers to, and why."""

    id: str
    metric: str
    entity: str
    reason: str


class Matched(NamedTuple):
    """The record, split into what a run of the scenario can be held against and the rest."""

    targets: tuple[Target, ...]
    unmapped: tuple[Unmapped, ...]


class _NoTargetError(ValueError):
    """Why a recorded figure is no target."""


@cache
def _names() -> dict[str, Any]:
    text = files("sim").joinpath("data/record_names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def targets(record: Iterable[Record], scenario: Scenario) -> list[Target]:
    """Targets of a scenario in the order of the record; see `match` for what is left."""
    return list(match(record, scenario).targets)


def match(record: Iterable[Record], scenario: Scenario) -> Matched:
    """Split the record into targets of this scenario and unmapped figures, each with its reason.

    A figure is a target if its metric is computed by a measure, its entity is a vendor of the
    scenario inside the metric's scope (by key, label or known name) and its period lies inside
    the run.
    """
    found: list[Target] = []
    unmapped: list[Unmapped] = []
    for row in record:
        try:
            found.append(_target(row, scenario))
        except _NoTargetError as reason:
            unmapped.append(Unmapped(row.id, row.metric, row.entity, str(reason)))
    kept: list[Target] = []
    for target in found:
        named = _named_group(target, found)
        if target.kind == "ratio" and len(named) == 1:
            unmapped.append(Unmapped(target.id, target.metric, target.entity, ALONE))
            continue
        if target.kind == "ratio":
            recorded = sum(named.values())
            target = replace(target, peers=tuple(sorted(named)), scale=recorded)
        kept.append(target)
    return Matched(tuple(kept), tuple(unmapped))


def _named_group(target: Target, found: list[Target]) -> dict[str, float]:
    return {
        other.vendor: other.value
        for other in found
        if (other.metric, other.period_start, other.period_end)
        == (target.metric, target.period_start, target.period_end)
    }


def _target(row: Record, scenario: Scenario) -> Target:
    facts = _names()["metrics"].get(row.metric)
    if facts is None:
        reasons = _names()["reasons"]
        raise _NoTargetError(reasons.get(row.metric, "no measure of a run answers to this metric"))
    kind: TargetKind = facts["kind"]
    start, end = _period(row, scenario, months_before=1 if kind == "growth" else 0)
    vendors: tuple[str, ...] = ()
    if kind in WHOLE_MARKET:
        if row.entity not in _names()["market"]:
            raise _NoTargetError(f"{row.entity} is not the whole market")
    else:
        vendors = tuple(_vendor(name, scenario) for name in row.entity.split(TOGETHER))
    peers = _scope(facts["scope"], scenario)
    outside = [vendor for vendor in vendors if vendor not in peers]
    if outside:
        raise _NoTargetError(f"{', '.join(outside)} is outside the scope {facts['scope']}")
    return Target(
        id=row.id,
        metric=row.metric,
        entity=row.entity,
        vendors=vendors,
        measure=facts["measure"],
        kind=kind,
        scope=facts["scope"],
        peers=peers,
        period_start=start,
        period_end=end,
        value=row.value,
        unit=row.unit,
        scale=PERCENT if kind in ("share", "growth") else 1.0,
        picture=facts.get("picture", ""),
    )


def _period(row: Record, scenario: Scenario, months_before: int) -> tuple[date, date]:
    if row.period_start is None or row.period_end is None:
        raise _NoTargetError("the record gives no period")
    start, months = scenario.calendar.start, scenario.calendar.months
    first = months_between(start, row.period_start) - months_before
    last = months_between(start, row.period_end)
    if first < 0 or last >= months:
        raise _NoTargetError(f"its period is outside the {months} months from {start:%Y-%m}")
    return row.period_start, row.period_end


def _vendor(entity: str, scenario: Scenario) -> str:
    by_label = {vendor.label: name for name, vendor in scenario.vendors.items() if vendor.label}
    for name in (_names()["entities"].get(entity, entity), by_label.get(entity, "")):
        if name in scenario.vendors:
            return str(name)
    raise _NoTargetError(f"{entity} is no vendor of the scenario")


def _scope(scope: str, scenario: Scenario) -> tuple[str, ...]:
    return tuple(
        name
        for name, vendor in scenario.vendors.items()
        if not (scope == "cloud_platforms" and vendor.model_company)
    )


FloatArray = npt.NDArray[np.float64]

SMALLEST_RATIO = 1e-12
"""A simulated total below this part of the recorded one counts as this much."""
NO_MOMENT = "a rank does not answer to small changes"


@dataclass(frozen=True)
class Moments:
    """Targets of a calibration, T of them, with the relative standard error of each."""

    targets: tuple[Target, ...]
    errors: tuple[float, ...]

    @cached_property
    def recorded(self) -> FloatArray:
        """(T,) recorded figures."""
        return np.array([target.value for target in self.targets])

    @cached_property
    def _logarithmic(self) -> npt.NDArray[np.bool_]:
        return np.array([target.kind == "total" for target in self.targets])

    def residuals(self, figures: FloatArray) -> FloatArray:
        """Misses in standard errors of the record.

        A total misses by ``ln(m / y) / e``, a share, ratio or growth by ``(m - y) / (e |y|)``,
        with the recorded figure y, its relative standard error e and the simulated figure m.

        Parameters
        ----------
        figures
            (..., T) simulated figures in the units of the record.

        Returns
        -------
        (..., T)
        """
        recorded = self.recorded
        # Only totals are known to be positive.
        base = np.where(self._logarithmic, recorded, 1.0)
        ratio = np.maximum(np.where(self._logarithmic, figures, 1.0) / base, SMALLEST_RATIO)
        relative = (figures - recorded) / np.abs(recorded)
        return np.where(self._logarithmic, np.log(ratio), relative) / np.array(self.errors)

    def misses(self, figures: FloatArray) -> FloatArray:
        """(T,) residuals of the mean over seeds of (R, T) figures."""
        return self.residuals(figures.mean(axis=0))

    def spread(self, figures: FloatArray) -> FloatArray:
        """(T,) variance between seeds of the residuals of (R, T) figures; 0 from one seed."""
        if len(figures) < 2:
            return np.zeros(len(self.targets))
        return np.asarray(self.residuals(figures).var(axis=0, ddof=1))

    def months(self, scenario: Scenario) -> int:
        """Months of the scenario up to the last one of a target."""
        start = scenario.calendar.start
        return 1 + max(months_between(start, target.period_end) for target in self.targets)


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
