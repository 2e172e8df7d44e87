"""What a calibration found: numbers with their uncertainty, targets with their misses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sim.analysis.identification import Profile
from sim.analysis.targets import Target

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
