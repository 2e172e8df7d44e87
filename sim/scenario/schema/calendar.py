"""When the market runs."""

from __future__ import annotations

from sim.months import Month
from sim.parts import Part, par


class Calendar(Part):
    """First month and number of months."""

    start: Month = par(..., "first month of the run", unit="month", flag="input")
    months: int = par(36, "number of months", unit="month", low=1, high=600, flag="input")
