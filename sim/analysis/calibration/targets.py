"""Targets and moments: recorded figures that runs are held against."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.rules import TOGETHER
from sim.months import months_between

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


TargetKind = Literal[
    "share", "total", "rate", "level", "rank", "growth", "ratio", "scaled", "gap", "multiple"
]
Aggregate = Literal["sum", "day", "mean", "last"]


@dataclass(frozen=True)
class Target:
    """A recorded figure, what to compute from a run to compare with it, and over which months.

    With A(x, p) the amount of vendors (or offers, families) x over the period p, W the scope, B the
    base and s the scale:

    ======== =================================================================================
    share    100 A(x, p) / A(W, p)
    total    A(x, p), a sum; rate: a mean day; level: mean over the months, or the last one
    rank     1 + number of others in W with more
    growth   100 (A(x, p) / A(x, B) - 1)
    ratio    s share(x, p) / share(W, B): shares of another scope, up to one free factor
    scaled   s A(x, p) / A(W, B): amounts up to one free factor
    gap      100 (A(x, p) - A(rivals, p)) / A(W, p)
    multiple A(x, p) / A(rivals, p)
    ======== =================================================================================

    The free factor of a group is fixed by its earliest figures: s is their sum, B their period.
    """

    id: str
    metric: str
    entity: str
    vendors: tuple[str, ...]
    """Vendors that make up the entity; none for a figure of the whole market."""
    measure: str
    """Measure of a run; several that are added are joined by +."""
    kind: TargetKind
    scope: str
    peers: tuple[str, ...]
    """Vendors (or items) inside the scope."""
    period_start: date
    period_end: date
    value: float
    unit: str
    scale: float = 1.0
    """What the computed number is multiplied with to have the recorded unit."""
    picture: str = ""
    """Curve on which the figure may be drawn as a point; none if the scopes differ too much."""
    error: float = 0.0
    """Standard deviation of the recorded figure, in its unit."""
    family: str = ""
    """Metric family."""
    transform: Literal["identity", "log"] = "identity"
    """In which the error and residuals are normal."""
    aggregate: Aggregate = "sum"
    """How the months of the period are put together."""
    items: tuple[str, ...] = ()
    """Offers or families that the figure is about, where it is not about vendors."""
    rivals: tuple[str, ...] = ()
    """The other side of a gap or multiple."""
    base: tuple[date, date] | None = None
    """Period that a growth, ratio or scaled figure relates to."""
    group: str = ""
    """Figures of one group share one free factor."""
    delay: int = 0
    """Months after its date in which a run shows it."""

    @property
    def vendor(self) -> str:
        """Whom or what it is about: names of vendors, offers or families, or another tier."""
        return (
            self.group if self.items and self.group else TOGETHER.join(self.items or self.vendors)
        )

    @property
    def summed(self) -> bool:
        """Does the figure grow with the length of its period?"""
        return self.kind in ("total", "scaled") and self.aggregate == "sum"

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures that are added."""
        return tuple(self.measure.split("+"))

    @property
    def own(self) -> tuple[str, ...]:
        """Names whose amounts are added: items or vendors, else all in the scope."""
        return self.items or self.vendors or self.peers

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


class Input(NamedTuple):
    """A recorded figure that the run takes as given."""

    id: str
    metric: str
    entity: str
    carrier: str
    """Event or parameter of the scenario that carries it, or the free factor that it fixes."""


class Duplicate(NamedTuple):
    """A recorded figure that is there twice, or follows from others."""

    id: str
    metric: str
    entity: str
    of: str
    """The row that counts."""


def counts_of(compared: Sized, inputs: Sized, duplicates: Sized, unmapped: Sized) -> dict[str, int]:
    """Number of rows that are compared, taken as given, counted elsewhere, not compared."""
    return {
        "mapped": len(compared),
        "inputs": len(inputs),
        "duplicates": len(duplicates),
        "unmapped": len(unmapped),
    }


class Matched(NamedTuple):
    """The record, each row once: compared, not compared, taken as given, counted elsewhere."""

    targets: tuple[Target, ...]
    unmapped: tuple[Unmapped, ...]
    inputs: tuple[Input, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows of each."""
        return counts_of(self.targets, self.inputs, self.duplicates, self.unmapped)


FloatArray = npt.NDArray[np.float64]

SMALLEST_RATIO = 1e-12
"""A simulated total below this part of the recorded one counts as this much."""


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
        return np.array([target.transform == "log" for target in self.targets])

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
