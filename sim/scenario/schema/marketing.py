"""Goodwill: what campaigns leave in the minds of clients."""

from __future__ import annotations

from sim.parts import Part, par


class Goodwill(Part):
    """A' = (1 - decay) A + u by segment and region; awareness gains weight x ln(1 + A / scale)."""

    decay: float = par(
        0.2,
        "lambda: goodwill forgotten in a month",
        unit="1/month",
        low=0.0,
        high=1.0,
        source="Nerlove & Arrow (1962, Economica 29:129-142); practice 0.1-0.4",
        flag="literature",
    )
    elasticity: float = par(
        0.24,
        "theta of u = R A0 (E / (R A0))^theta: inflow answers to exposure; 1 is linear",
        above=0.0,
        high=1.0,
        source="long-run advertising elasticity of Sethuraman, Tellis & Briesch (2011, JMR "
        "48:457-471): consumer goods, an upper range here",
        flag="literature",
    )
    overlap: float = par(
        0.3,
        "part of the narrower of two audiences of a vendor's stages of one month that the wider "
        "holds too: 0 disjoint, 1 nested",
        unit="share",
        low=0.0,
        high=1.0,
    )
    scale: float = par(
        100.0,
        "A0: exposure that adds as much goodwill; goodwill that lifts awareness by weight x ln 2",
        unit="M yuan",
        above=0.0,
        high=1e6,
        source="F0427: what a gala deal cost",
        flag="data",
    )
    awareness_weight: float = par(
        0.5, "a1 on ln(1 + A / A0) in awareness; no moment identifies it", low=0.0, high=20.0
    )
