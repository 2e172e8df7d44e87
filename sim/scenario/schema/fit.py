"""What a calibration may move, and what it moves it towards."""

from __future__ import annotations

from pydantic import Field

from sim.parts import Part, par


class Fit(Part):
    """A number that a calibration may choose: one path, or several that move together."""

    name: str = par(
        ...,
        "short name: letters, digits, _ and -",
        flag="input",
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$",
    )
    paths: tuple[str, ...] = par(
        ..., "dotted paths that take the number", flag="input", strict=False, min_length=1
    )
    low: float = par(..., "smallest number tried", low=-1e12, high=1e12, flag="input")
    high: float = par(..., "largest number tried", low=-1e12, high=1e12, flag="input")
    scale: bool = par(
        False,
        "the number is a factor on what stands at each path, instead of the value",
        flag="input",
    )


class Calibration(Part):
    """The recorded figures that are fitted, how exact they are, and the seeds."""

    targets: tuple[str, ...] = par(
        (),
        "ids of the rows of the record; empty = every row that a run answers to",
        flag="input",
        strict=False,
    )
    error: float = par(
        0.05,
        "standard error of a recorded figure, relative to it",
        unit="share",
        above=0.0,
        high=1.0,
    )
    errors: dict[str, float] = Field(
        {},
        description="another relative standard error by metric of the record",
        json_schema_extra={"unit": "share", "source": "", "flag": "input"},
    )
    seeds: int = par(4, "seeds used for fitting", unit="runs", low=1, high=10_000, flag="input")
    check_seeds: int = par(
        16, "other seeds, on which the fit is judged", unit="runs", low=2, high=10_000, flag="input"
    )
    seed: int = par(
        7,
        "root seed of both, another than that of the ensemble",
        low=0,
        high=2**63 - 1,
        flag="input",
    )
    iterations: int = par(
        12, "steps of the search at most", unit="steps", low=1, high=1_000, flag="input"
    )
    step: float = par(
        0.02,
        "change of a number by which its effect is measured, relative to its range",
        unit="share",
        above=0.0,
        high=0.25,
    )
