"""The space a calibration searches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.errors import SimError
from sim.scenario.checks.sense import numbers
from sim.scenario.patches import replace

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Fit, Scenario


FloatArray = npt.NDArray[np.float64]
Values = tuple[float, ...]

DIGITS = 7
"""Significant digits of a number tried, so that the new file reads well."""
UNMOVED = 1.0


@dataclass(frozen=True)
class FitSpace:
    """P numbers that may be chosen, where they start, and what stands at their paths."""

    fits: tuple[Fit, ...]
    start: Values
    held: dict[str, float]

    @classmethod
    def of(cls, scenario: Scenario) -> FitSpace:
        """The space that the `[[fit]]` tables of a scenario declare.

        Raises
        ------
        SimError
            No table; paths that share a value but differ now; a start outside its range; an end
            of the ranges that the scenario refuses.
        """
        if not scenario.fit:
            raise SimError(f"{scenario.name} declares nothing to fit: add [[fit]] tables")
        held = numbers(scenario.model_dump(mode="python"))
        problems = []
        start = []
        for fit in scenario.fit:
            own = {held[path] for path in fit.paths}
            value = UNMOVED if fit.scale else held[fit.paths[0]]
            start.append(float(value))
            if len(own) > 1 and not fit.scale:
                text = ", ".join(f"{one:g}" for one in sorted(own))
                problems.append(f"fit {fit.name}: its paths differ ({text}); use scale = true")
            elif not fit.low <= value <= fit.high:
                problems.append(
                    f"fit {fit.name}: starts at {value:g}, outside {fit.low:g} to {fit.high:g}"
                )
        if problems:
            raise SimError("\n".join(problems))
        paths = [path for fit in scenario.fit for path in fit.paths]
        space = cls(scenario.fit, tuple(start), {path: held[path] for path in paths})
        for end in (0.0, 1.0):
            replace(scenario, space.changes(space.values(np.full(len(start), end))))
        return space

    @property
    def names(self) -> tuple[str, ...]:
        """(P,) names of the numbers."""
        return tuple(fit.name for fit in self.fits)

    def values(self, unit: FloatArray) -> Values:
        """Numbers at a point of the unit cube: factors on a log scale, values on a linear one."""
        return tuple(
            _rounded(_between(fit, float(u))) for fit, u in zip(self.fits, unit, strict=True)
        )

    def unit(self, values: Values) -> FloatArray:
        """(P,) point of the unit cube of some numbers."""
        pairs = zip(self.fits, values, strict=True)
        return np.array([_part(fit, value) for fit, value in pairs])

    def natural_errors(self, values: Values, unit_errors: FloatArray) -> Values:
        """Standard errors in the units of the numbers, from those on the unit scale."""
        return tuple(
            float(error)
            * (value * math.log(fit.high / fit.low) if fit.scale else fit.high - fit.low)
            for fit, value, error in zip(self.fits, values, unit_errors, strict=True)
        )

    def changes(self, values: Values) -> dict[str, float]:
        """New value of every path."""
        return {
            path: self.held[path] * value if fit.scale else value
            for fit, value in zip(self.fits, values, strict=True)
            for path in fit.paths
        }


def _between(fit: Fit, unit: float) -> float:
    if unit in (0.0, 1.0):
        return fit.high if unit else fit.low
    if fit.scale:
        return math.exp(math.log(fit.low) + unit * math.log(fit.high / fit.low))
    return fit.low + unit * (fit.high - fit.low)


def _part(fit: Fit, value: float) -> float:
    if fit.scale:
        return math.log(value / fit.low) / math.log(fit.high / fit.low)
    return (value - fit.low) / (fit.high - fit.low)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
