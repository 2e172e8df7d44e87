"""Weights are published with the release."""

from __future__ import annotations

from sim.strategies.openness.base import OpennessStrategy


class OpenWeights(OpennessStrategy):
    """Every family marked `as_owner` is open from its release."""

    name = "open_weights"
    source = "Casadesus-Masanell & Ghemawat (2006, Management Science 52:1072-1084)"
    observes = ("age of the family",)

    def opens(self, months_since_release: int) -> bool:
        """Always."""
        return True
