"""The search of a calibration: least squares, then what the targets tell, then other seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.analysis.evaluations import Evaluations
from sim.analysis.fit_space import FitSpace, Values
from sim.analysis.fitted import TIED, Calibrated, FittedNumber, FittedTarget, Held
from sim.analysis.identification import Precision, Profile, precision, profiles, slopes
from sim.analysis.moments import Moments

if TYPE_CHECKING:
    from sim.scenario.schema.fit import Calibration

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
