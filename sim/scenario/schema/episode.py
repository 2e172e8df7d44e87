"""Episode: the one picture and the two sentences that a scenario is about."""

from __future__ import annotations

from typing import Any

from sim.parts import Part, par


class Episode(Part):
    """What a small scenario shows: a measure, whose, and the world it is held against."""

    measure: str = par(
        "", "measure of the picture (see `sim list`); empty = no episode", flag="input"
    )
    vendors: tuple[str, ...] = par(
        (), "whose curves; empty = incumbent and challenger", flag="input", strict=False
    )
    without: tuple[str, ...] = par(
        (), "levers that are off in the world beside it", flag="input", strict=False
    )
    off: dict[str, Any] = par(
        {}, "further dotted path -> value of the world beside it", flag="input"
    )
    without_title: str = par("without it", "name of the world beside it", flag="input")
    log_axis: bool = par(False, "draw on a logarithmic axis", flag="input")
