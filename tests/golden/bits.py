"""Hashes of the bits of all curves of two markets that threads share."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sim.market.model import MarketModel
from sim.scenario.patches import replace
from sim.scenario.reader import load

HERE = Path(__file__).parent
FILE = HERE / "bits.json"
SCENARIOS = ("agent-war", "volcano-dam")
CLIENTS, MONTHS, SEED, LETTERS = 25_000, 8, 3, 12


def bits(scenario: str) -> dict[str, str]:
    """The first letters of the SHA-256 of each curve, by measure."""
    changes = {
        "population.clients": CLIENTS,
        "calendar.months": MONTHS,
        "containment.window_months": 2,
    }
    path = HERE.parents[1] / "scenarios" / f"{scenario}.toml"
    model = MarketModel(replace(load(path), changes), SEED).run()
    return {
        name: hashlib.sha256(curve.tobytes()).hexdigest()[:LETTERS]
        for name, curve in sorted(model.curves.items())
    }


def all_bits() -> dict[str, dict[str, str]]:
    """Of all scenarios."""
    return {scenario: bits(scenario) for scenario in SCENARIOS}
