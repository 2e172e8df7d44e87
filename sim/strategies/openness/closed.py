"""Weights stay at home."""

from __future__ import annotations

from sim.strategies.openness.base import OpennessStrategy


class Closed(OpennessStrategy):
    """No own weights are published, no rival's family is served beyond the dated entries."""

    name = "closed"
    source = "the closed firm of Casadesus-Masanell & Ghemawat (2006)"
