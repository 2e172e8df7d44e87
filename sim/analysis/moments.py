"""Moments: the recorded figures that a calibration is held against, and how far a run misses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.analysis.record import Record
from sim.analysis.targets import Target, match
from sim.errors import SimError
from sim.months import months_between

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario

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
