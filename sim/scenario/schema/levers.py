"""Levers: the moves of a vendor that a run can take away."""

from __future__ import annotations

from typing import Any

from sim.parts import Part, par


class Lever(Part):
    """A move of one vendor. ON is the scenario as it stands; OFF applies the patch."""

    vendor: str = par(..., "whose move", flag="input")
    title: str = par("", "a sentence", flag="input")
    off: dict[str, Any] = par(..., "dotted path -> value without the move", flag="input")
    intensity: float = par(
        1.0,
        "how much of the move is made: 1 as the scenario says, 0 as if the lever were off",
        unit="share",
        low=0.0,
        high=1.0,
        flag="input",
    )
    cost: float = par(
        0.0,
        "what the whole move costs, charged to cash; in part at a lower intensity",
        unit="M yuan/month",
        low=0.0,
        high=1e6,
    )
    frees: float = par(
        0.0,
        "spending of its own strategies that stops with it: freed under rule (b) beside the cost",
        unit="M yuan/month",
        low=0.0,
        high=1e6,
    )


class Budget(Part):
    """Rule (b): the money of moves that are off goes into the vendor's token prices."""

    maximum_discount: float = par(
        0.5, "deepest price cut that the freed money may buy", unit="share", low=0.0, high=0.99
    )
    freed: dict[str, float] = par(
        {},
        "money of moves that are off, by vendor; set by the off world, not by hand",
        unit="M yuan/month",
    )
