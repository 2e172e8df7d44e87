"""The search of a calibration, and what it found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.evaluations import Evaluations
from sim.analysis.calibration.identification import Precision, Profile, precision, profiles, slopes
from sim.analysis.calibration.space import FitSpace, Values
from sim.analysis.calibration.targets import Moments, Target

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Calibration


TIED = 0.9
"""Two numbers whose errors correlate more than this cannot be told apart."""


@dataclass(frozen=True)
class FittedNumber:
    """A number that was chosen, and what the targets say about it."""

    name: str
    paths: tuple[str, ...]
    scale: bool
    low: float
    high: float
    start: float
    value: float
    standard_error: float
    """Infinite where no target answers to the number alone."""
    p05: float
    p95: float
    """Ends of the 90 % interval, inside the range."""
    at_bound: bool
    tied_to: tuple[str, ...]
    """Numbers whose errors correlate with this one's by more than 0.9."""
    profile: Profile

    @property
    def flat(self) -> bool:
        """Do all values of the range fit about as well, the other numbers free?"""
        return self.profile.flat

    def as_dict(self) -> dict[str, Any]:
        """Plain values; None for an infinite error."""
        return {
            "name": self.name,
            "paths": list(self.paths),
            "scale": self.scale,
            "low": self.low,
            "high": self.high,
            "start": self.start,
            "fitted": self.value,
            "standard_error": _finite(self.standard_error),
            "p05": self.p05,
            "p95": self.p95,
            "flat": self.flat,
            "at_bound": self.at_bound,
            "tied_to": list(self.tied_to),
            "profile": {
                "values": list(self.profile.values),
                "implausibility": [_finite(rise) for rise in self.profile.implausibility],
            },
        }


class Held(NamedTuple):
    """Something at the start and at the fitted numbers, on fitting and on other seeds."""

    start: float
    start_other: float
    fitted: float
    fitted_other: float


@dataclass(frozen=True)
class FittedTarget:
    """A recorded figure and its simulated means; a miss is in standard errors of the record."""

    target: Target
    error: float
    figure: Held
    miss: Held

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return self.target.as_dict() | {
            "relative_error": self.error,
            "simulated": self.figure._asdict(),
            "miss": self.miss._asdict(),
        }


@dataclass(frozen=True)
class Calibrated:
    """The outcome of a calibration, stored in its folder."""

    folder: Path
    scenario_file: Path
    numbers: tuple[FittedNumber, ...]
    targets: tuple[FittedTarget, ...]
    misfit: Held
    """Sum of the squared misses."""
    seed: int
    fitting_replicates: tuple[int, ...]
    other_replicates: tuple[int, ...]
    converged: bool
    birge: float
    """Factor by which standard errors are widened, since misses pass the errors assumed."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, without the place on this machine."""
        return {
            "numbers": [number.as_dict() for number in self.numbers],
            "targets": [target.as_dict() for target in self.targets],
            "misfit": self.misfit._asdict(),
            "seed": self.seed,
            "fitting_replicates": list(self.fitting_replicates),
            "other_replicates": list(self.other_replicates),
            "converged": self.converged,
            "birge": self.birge,
            "scenario_file": self.scenario_file.name,
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


FloatArray = npt.NDArray[np.float64]

TOLERANCE = 1e-3
"""The search ends when a step changes the misfit or the numbers by less than this part."""
Z90 = 1.6448536269514722
"""Standard normal deviate of a 90 % interval."""
AT_BOUND = 1e-3
"""Part of a range within which a number counts as lying at its end."""
PROFILE_POINTS = 12


def most_runs(settings: Calibration, numbers: int) -> int:
    """Runs that a calibration of so many numbers can take."""
    points = settings.iterations * (1 + 2 * numbers) + PROFILE_POINTS * numbers
    return points * settings.seeds + 2 * settings.check_seeds


@dataclass(frozen=True)
class Fitting:
    """Numbers to choose, figures to meet, and the runs that connect them."""

    space: FitSpace
    moments: Moments
    evaluations: Evaluations
    settings: Calibration

    @property
    def seeds(self) -> tuple[int, ...]:
        """Replicates used for fitting."""
        return tuple(range(self.settings.seeds))

    @property
    def other_seeds(self) -> tuple[int, ...]:
        """Replicates on which the fit is judged."""
        first = self.settings.seeds
        return tuple(range(first, first + self.settings.check_seeds))

    def misses(self, values: Values) -> FloatArray:
        """(T,) residuals on the seeds of the fit."""
        return self.moments.misses(self.evaluations.at(values, self.seeds))

    def slopes(self, values: Values) -> FloatArray:
        """(T, P) derivatives of the residuals on the unit scale."""
        step = self.settings.step
        return slopes(values, self.space, self.moments, self.evaluations, self.seeds, step)

    def best(self) -> tuple[Values, bool]:
        """The numbers with the least misfit, and whether the search came to rest there."""
        from scipy.optimize import least_squares

        space = self.space
        end = least_squares(
            lambda unit: self.misses(space.values(unit)),
            space.unit(space.start),
            jac=lambda unit: self.slopes(space.values(unit)),
            bounds=(0.0, 1.0),
            xtol=TOLERANCE,
            ftol=TOLERANCE,
            gtol=TOLERANCE,
            max_nfev=self.settings.iterations,
        )
        values = space.values(end.x)
        # The search moves a start at a bound inwards before its first step.
        if _sum(self.misses(space.start)) <= _sum(self.misses(values)):
            values = space.start
        return values, bool(end.status > 0)

    def calibrated(self, folder: Path, scenario_file: Path) -> Calibrated:
        """Search, ask how well the numbers are told, and judge on the other seeds.

        Raises
        ------
        SimError
            A run fails in the search.
        """
        values, converged = self.best()
        seeds = (*self.seeds, *self.other_seeds)
        start, fitted = (self.evaluations.at(point, seeds) for point in (self.space.start, values))
        jacobian = self.slopes(values)
        noise = self.moments.spread(fitted) * (1.0 + 1.0 / len(self.seeds))
        found = precision(jacobian, self.misses(values), noise)
        drawn = profiles(values, jacobian, self.space, self.moments, self.evaluations, self.seeds)
        first = len(self.seeds)
        means = np.array(
            [
                rows.mean(axis=0)
                for whole in (start, fitted)
                for rows in (whole[:first], whole[first:])
            ]
        )
        misses = self.moments.residuals(means)
        return Calibrated(
            folder=folder,
            scenario_file=scenario_file,
            numbers=tuple(self._numbers(values, found, drawn)),
            targets=tuple(self._targets(means, misses)),
            misfit=Held(*(_sum(row) for row in misses)),
            seed=self.settings.seed,
            fitting_replicates=self.seeds,
            other_replicates=self.other_seeds,
            converged=converged,
            birge=found.birge,
        )

    def _numbers(
        self, values: Values, found: Precision, drawn: list[Profile]
    ) -> list[FittedNumber]:
        space = self.space
        unit = space.unit(values)
        low, high = (space.values(np.clip(unit + z * found.errors, 0.0, 1.0)) for z in (-Z90, Z90))
        errors = space.natural_errors(values, found.errors)
        tied = np.abs(np.nan_to_num(found.correlations)) > TIED
        return [
            FittedNumber(
                name=fit.name,
                paths=fit.paths,
                scale=fit.scale,
                low=fit.low,
                high=fit.high,
                start=space.start[p],
                value=values[p],
                standard_error=errors[p],
                p05=low[p],
                p95=high[p],
                at_bound=bool(min(unit[p], 1.0 - unit[p]) < AT_BOUND),
                tied_to=tuple(name for q, name in enumerate(space.names) if q != p and tied[p, q]),
                profile=drawn[p],
            )
            for p, fit in enumerate(space.fits)
        ]

    def _targets(self, means: FloatArray, misses: FloatArray) -> list[FittedTarget]:
        pairs = zip(self.moments.targets, self.moments.errors, strict=True)
        return [
            FittedTarget(target, error, Held(*means[:, t].tolist()), Held(*misses[:, t].tolist()))
            for t, (target, error) in enumerate(pairs)
        ]


def _sum(misses: FloatArray) -> float:
    return float(misses @ misses)
