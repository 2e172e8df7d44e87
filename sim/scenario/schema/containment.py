"""What counts as containment, what freed money may do, what a calibration may move."""

from __future__ import annotations

from sim.parts import Part, cited, input_par, monthly_par, par, part_par, share_par

_REGISTERED = cited("pre-registered, see docs/reference/containment.md")


class Containment(Part):
    """Thresholds of the definitions D1 to D6 and of the outcome classes."""

    window_months: int = par(12, "W: last months that are judged", "month", 2, 600, **_REGISTERED)
    lead_margin: float = share_par(0.02, "m: lead that counts", **_REGISTERED)
    ceiling_share: float = share_par(0.60, "kappa: share never reached", **_REGISTERED)
    slope_tolerance: float = par(
        0.0025, "eps: slope that counts as flat", "share/month", 0.0, 1.0, **_REGISTERED
    )
    minimum_effect: float = share_par(0.03, "delta_min: smallest effect that counts", **_REGISTERED)
    fragmentation_share: float = share_par(
        0.35, "f: no platform above this is fragmentation", **_REGISTERED
    )
    growth_tolerance: float = monthly_par(
        0.01, "eps_g: growth gap that counts as none", **_REGISTERED
    )
    conversion_limit: float = par(
        0.5,
        "chi below which tokens do not become revenue",
        low=0.0,
        high=10.0,
        **_REGISTERED,
    )
    conversion_minimum_change: float = share_par(
        0.02, "smallest change of token share that D5 judges", **_REGISTERED
    )
    base_months: int = par(
        12,
        "months before the contest whose mean share D5 starts from, fewer where the run has fewer",
        "month",
        1,
        240,
        source="a year, so that no single month decides",
    )
    held_by_incumbent: float = share_par(
        0.5,
        "part of tau that the incumbent must hold for the containment to be its own",
        source="a majority of the diverted share: diversion ratios, Shapiro (1996)",
    )
    stable_share: float = share_par(
        0.8, "runs that keep their class over all windows for a class to be called stable"
    )
    event_months: int = par(
        3, "months in a row in which a state must hold to begin, and fail to end", "month", 1, 120
    )
    horizon_months: int = par(
        24,
        "months by which the longer run goes on, where one is asked for",
        "month",
        1,
        240,
        **_REGISTERED,
    )


class BudgetTable(Part):
    """Rule (b): the money of moves that are off goes into the vendor's token prices."""

    maximum_discount: float = par(
        0.5, "deepest price cut that the freed money may buy", "share", 0.0, 0.99
    )
    freed: dict[str, float] = par(
        {},
        "money of moves that are off, by vendor; set by the off world, not by hand",
        "M yuan/month",
    )


class Fit(Part):
    """A number that a calibration may choose: one path, or several that move together."""

    name: str = input_par(
        ..., "short name: letters, digits, _ and -", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
    )
    paths: tuple[str, ...] = input_par(
        ..., "dotted paths that take the number", strict=False, min_length=1
    )
    low: float = input_par(..., "smallest number tried", low=-1e12, high=1e12)
    high: float = input_par(..., "largest number tried", low=-1e12, high=1e12)
    scale: bool = input_par(
        False, "the number is a factor on what stands at each path, instead of the value"
    )


class Calibration(Part):
    """The recorded figures that are fitted, how exact they are, and the seeds."""

    targets: tuple[str, ...] = input_par(
        (), "ids of the rows of the record; empty = every row that a run answers to", strict=False
    )
    error: float = part_par(0.05, "standard error of a recorded figure, relative to it")
    errors: dict[str, float] = input_par(
        {}, "another relative standard error by metric of the record", "share"
    )
    seeds: int = input_par(4, "seeds used for fitting", "runs", 1, 10_000)
    check_seeds: int = input_par(16, "other seeds, on which the fit is judged", "runs", 2, 10_000)
    seed: int = input_par(
        7, "root seed of both, another than that of the ensemble", low=0, high=2**63 - 1
    )
    iterations: int = input_par(12, "steps of the search at most", "steps", 1, 1_000)
    step: float = par(
        0.02,
        "change of a number by which its effect is measured, relative to its range",
        "share",
        above=0.0,
        high=0.25,
    )
