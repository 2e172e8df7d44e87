"""Open weights as a lever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.levers.base import LeverKind
from sim.parts import par


class OpenWeightsLever(LeverKind):
    """The vendor's open families; off = their weights are closed and nobody else serves them."""

    name = "open_weights"

    families: tuple[str, ...] = par(
        (),
        "families that are closed when off; empty = all of the vendor that may be open",
        strict=False,
    )

    def patch(self, tables: Mapping[str, Any]) -> dict[str, Any]:
        """Closed weights for the families, and the further values of `off`."""
        held = tables["families"]
        own = [name for name in held if held[name]["owner"] == self.vendor]
        named = self.families or [name for name in own if held[name]["weights"] != "closed"]
        return {**{f"families.{name}.weights": "closed" for name in named}, **self.chosen}
