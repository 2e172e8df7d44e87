"""Random shocks to the supply of bought accelerators."""

from __future__ import annotations

from sim.parts import Part, par


class SupplyShocks(Part):
    """z: log price of bought cards over its dated path, AR(1) with jumps; 0 = no shocks.

    ln unit cost of a vendor moves by (1 - own-chip share) z.
    """

    sd: float = par(0.0, "standard deviation of the monthly shock to z", low=0.0, high=2.0)
    persistence: float = par(
        0.8,
        "part of z that is left after a month",
        unit="1/month",
        low=0.0,
        high=0.999,
        source="half-life of three months, as the export stop F0392 to F0393",
    )
    jump_probability: float = par(0.0, "a jump within a month", unit="1/month", low=0.0, high=1.0)
    jump_mean: float = par(
        0.45,
        "mean of a jump of z",
        low=-3.0,
        high=3.0,
        source="ln(1.40/0.88), F0318 to F0320",
    )
    jump_sd: float = par(0.15, "standard deviation of a jump", low=0.0, high=2.0)
    availability_response: float = par(
        0.0,
        "bought cards to be had are fewer by the factor e^(-response z) while z is above 0",
        low=0.0,
        high=20.0,
    )
