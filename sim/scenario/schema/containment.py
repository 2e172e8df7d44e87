"""What counts as containment: thresholds fixed before a run."""

from __future__ import annotations

from sim.parts import Part, par

_S = "pre-registered, see docs/reference/containment.md"


class Containment(Part):
    """Thresholds of the definitions D1 to D6 and of the outcome classes."""

    window_months: int = par(
        12,
        "W: last months that are judged",
        unit="month",
        low=2,
        high=600,
        source=_S,
        flag="literature",
    )
    lead_margin: float = par(
        0.02, "m: lead that counts", unit="share", low=0.0, high=1.0, source=_S, flag="literature"
    )
    ceiling_share: float = par(
        0.60,
        "kappa: share never reached",
        unit="share",
        low=0.0,
        high=1.0,
        source=_S,
        flag="literature",
    )
    slope_tolerance: float = par(
        0.0025,
        "eps: slope that counts as flat",
        unit="share/month",
        low=0.0,
        high=1.0,
        source=_S,
        flag="literature",
    )
    minimum_effect: float = par(
        0.03,
        "delta_min: smallest effect that counts",
        unit="share",
        low=0.0,
        high=1.0,
        source=_S,
        flag="literature",
    )
    fragmentation_share: float = par(
        0.35,
        "f: no platform above this is fragmentation",
        unit="share",
        low=0.0,
        high=1.0,
        source=_S,
        flag="literature",
    )
    growth_tolerance: float = par(
        0.01,
        "eps_g: growth gap that counts as none",
        unit="1/month",
        low=0.0,
        high=1.0,
        source=_S,
        flag="literature",
    )
    conversion_limit: float = par(
        0.5,
        "chi below which tokens do not become revenue",
        low=0.0,
        high=10.0,
        source=_S,
        flag="literature",
    )
    conversion_minimum_change: float = par(
        0.02,
        "smallest change of token share that D5 judges",
        unit="share",
        low=0.0,
        high=1.0,
        source="pre-registered, see docs/reference/containment.md",
        flag="literature",
    )
    event_months: int = par(
        3,
        "months in a row in which a state must hold to begin, and fail to end",
        unit="month",
        low=1,
        high=120,
        flag="assumed",
    )
    horizon_months: int = par(
        24,
        "months by which the longer run goes on, where one is asked for",
        unit="month",
        low=1,
        high=240,
        source=_S,
        flag="literature",
    )
