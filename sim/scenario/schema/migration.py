"""Home clouds that move."""

from __future__ import annotations

from sim.parts import Part, par


class Migration(Part):
    """A client moves its home to the platform on which it spends most; rate 0 = homes stay.

    Chance of a month: rate x (1 - hold x stack depth of the present home).
    """

    rate: float = par(
        0.0,
        "chance that a client looks at where it spends; 0.004 where homes move",
        unit="1/month",
        low=0.0,
        high=1.0,
        source="pilot study",
    )
    hold: float = par(
        0.6,
        "how far a full stack at the present home keeps clients from it",
        low=0.0,
        high=1.0,
        source="pilot study",
    )
